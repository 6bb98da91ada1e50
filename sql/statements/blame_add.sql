UPDATE blame SET jobs = jobs + ?5, waiting = waiting + ?6
WHERE run_id = ?1 AND target_id = ?2 AND stage = ?3 AND reason = ?4;
