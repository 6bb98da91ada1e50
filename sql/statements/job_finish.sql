-- The fence: a token that is not the newest finds no row.
UPDATE job SET state = ?4, tries = tries + ?5, due_ms = ?6, owner = NULL
WHERE item_id = ?1 AND target_id = ?2 AND attempt = ?3 AND state = 1;
