-- Each picture that a run met once, with how many of its URLs answered with it.
CREATE VIEW pictures AS
SELECT
    run.name AS run,
    image.sha256 AS image_sha256,
    image.kind AS kind,
    image.bytes AS bytes,
    image.width AS width,
    image.height AS height,
    image.urls AS urls,
    (image.listed
     OR image.urls >= (SELECT value FROM setting WHERE name = 'placeholder_urls')) AS placeholder,
    (SELECT item.url FROM item WHERE item.image_id = image.id ORDER BY item.id LIMIT 1)
        AS first_url
FROM image
JOIN run ON run.id = image.run_id
WHERE image.kind IS NOT 'answer';
