-- Without a result nothing binds the URL to the picture that was asked about.
UPDATE item SET image_id = NULL
WHERE id = ?1 AND image_id IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM result WHERE item_id = ?1 AND image_id = item.image_id);
