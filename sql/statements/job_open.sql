SELECT target_id, state FROM job WHERE item_id = ?1 AND state IN (0, 1);
