UPDATE job SET state = 3, owner = NULL
WHERE item_id = ?1 AND target_id = ?2 AND state IN (0, 1);
