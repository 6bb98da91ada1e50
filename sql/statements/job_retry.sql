UPDATE job SET state = 0, tries = 0, due_ms = 0
WHERE item_id = ?1 AND target_id = ?2 AND state = 3;
