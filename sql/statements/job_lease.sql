UPDATE job SET state = 1, attempt = attempt + 1, owner = ?2
WHERE item_id = ?1 AND state = 0 AND (due_ms <= ?3 OR due_ms > ?4)
RETURNING target_id, attempt, tries;
