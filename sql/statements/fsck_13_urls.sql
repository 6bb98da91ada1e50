WITH counted AS (
    SELECT image_id, count(*) AS urls FROM item WHERE image_id IS NOT NULL GROUP BY image_id
    UNION ALL
    SELECT image.id, count(*)
    FROM result CROSS JOIN image ON image.id = result.image_id
    WHERE image.kind = 'answer'
    GROUP BY image.id
)
SELECT 'picture ' || image.sha256 || ': ' || image.urls || ' URLs noted, '
    || coalesce(sum(counted.urls), 0) || ' counted'
FROM image
LEFT JOIN counted ON counted.image_id = image.id
GROUP BY image.id
HAVING image.urls <> coalesce(sum(counted.urls), 0);
