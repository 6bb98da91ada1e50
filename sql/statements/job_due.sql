SELECT item_id FROM job INDEXED BY job_pending
WHERE state = 0 AND due_ms >= ?1 AND due_ms <= ?2
ORDER BY due_ms, item_id, target_id;
