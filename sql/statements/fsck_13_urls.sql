WITH counted AS (
    SELECT image_id, count(*) AS urls FROM item WHERE image_id IS NOT NULL GROUP BY image_id
)
SELECT 'picture ' || image.sha256 || ': ' || image.urls || ' URLs noted, '
    || coalesce(counted.urls, 0) || ' counted'
FROM image
LEFT JOIN counted ON counted.image_id = image.id
WHERE image.urls <> coalesce(counted.urls, 0);
