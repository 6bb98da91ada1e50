INSERT INTO tally (run_id, target_id) VALUES (?1, ?2) ON CONFLICT DO NOTHING;
