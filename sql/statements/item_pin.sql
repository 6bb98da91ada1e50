UPDATE item SET image_id = ?2 WHERE id = ?1 AND image_id IS NULL;
