-- ?5: a JSON array of targets to pass over, or NULL.
UPDATE job SET state = 1, attempt = attempt + 1, owner = ?2
WHERE item_id = ?1 AND state = 0 AND (due_ms <= ?3 OR due_ms > ?4)
    AND target_id NOT IN (SELECT value FROM json_each(?5))
RETURNING target_id, attempt, tries;
