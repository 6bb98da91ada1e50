SELECT stage, reason FROM failure WHERE item_id = ?1 AND target_id = ?2;
