-- ?3: a JSON array of targets to pass over, or NULL.
SELECT item_id FROM job INDEXED BY job_pending
WHERE state = 0 AND due_ms >= ?1 AND due_ms <= ?2
    AND target_id NOT IN (SELECT value FROM json_each(?3))
ORDER BY due_ms, item_id, target_id;
