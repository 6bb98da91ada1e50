-- Nobody knows the picture of what was recorded elsewhere: its answer stands in its place, and the
-- URL is not bound to it.
SELECT 'result ' || result.item_id || '/' || result.target_id || ': '
    || CASE
        WHEN image.id IS NULL OR length(image.sha256) <> 64 THEN 'does not name its picture'
        WHEN image.run_id <> item.run_id THEN 'names a picture of another run'
        WHEN producer.backend IS 'import' THEN 'was recorded elsewhere, but names a picture'
        WHEN image.kind IS 'answer' THEN 'an answer stands in the place of its picture'
        ELSE 'is about other bytes than the URL''s first result'
    END
FROM result
CROSS JOIN item ON item.id = result.item_id
LEFT JOIN producer ON producer.id = result.producer_id
LEFT JOIN image ON image.id = result.image_id
WHERE image.id IS NULL OR length(image.sha256) <> 64 OR image.run_id <> item.run_id
    OR CASE WHEN producer.backend IS 'import' THEN image.kind IS NOT 'answer'
        ELSE image.kind IS 'answer' OR item.image_id IS NULL OR item.image_id <> result.image_id END;
