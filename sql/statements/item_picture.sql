-- The last column: whether ?2 is the hash of another picture.
SELECT item.run_id, item.image_id, coalesce(image.sha256 <> ?2, 0)
FROM item LEFT JOIN image ON image.id = item.image_id
WHERE item.id = ?1;
