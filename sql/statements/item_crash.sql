UPDATE item SET crashes = crashes + 1 WHERE id = ?1 RETURNING run_id, crashes;
