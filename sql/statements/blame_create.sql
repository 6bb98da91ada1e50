INSERT INTO blame (run_id, target_id, stage, reason, jobs, waiting) VALUES (?1, ?2, ?3, ?4, ?5, ?6);
