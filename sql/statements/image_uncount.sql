-- Before item_unpin: the picture has a URL less.
UPDATE image SET urls = urls - 1
WHERE id = (SELECT image_id FROM item WHERE id = ?1)
    AND NOT EXISTS (SELECT 1 FROM result WHERE item_id = ?1 AND image_id = image.id);
