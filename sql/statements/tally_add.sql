UPDATE tally
SET enqueued = enqueued + ?3, pending = pending + ?4, leased = leased + ?5, done = done + ?6,
    failed = failed + ?7
WHERE run_id = ?1 AND target_id = ?2;
