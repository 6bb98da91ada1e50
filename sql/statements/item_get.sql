SELECT item.run_id, item.url, image.sha256
FROM item LEFT JOIN image ON image.id = item.image_id
WHERE item.id = ?1;
