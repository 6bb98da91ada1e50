SELECT id FROM item WHERE run_id = ?1 AND url = ?2;
