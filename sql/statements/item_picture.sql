SELECT run_id, image_id FROM item WHERE id = ?1;
