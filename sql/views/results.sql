-- One row per done job. backend is the one that really answered, requested_backend the one asked
-- for. A picture is a placeholder when its hash is a configured one, or when many URLs of the run
-- answered with it; the latter is decided here, so it holds for rows recorded earlier too. Of a result
-- recorded elsewhere the picture is not known (image.kind 'answer': its hash is that of the answer).
CREATE VIEW results AS
SELECT
    run.name AS run,
    item.url AS url,
    target.model AS model,
    target.model_version AS model_version,
    target.framework AS framework,
    target.framework_version AS framework_version,
    producer.backend AS backend,
    target.backend AS requested_backend,
    one.name AS label1,
    one.wnid AS wnid1,
    result.probability1 AS probability1,
    two.name AS label2,
    two.wnid AS wnid2,
    result.probability2 AS probability2,
    three.name AS label3,
    three.wnid AS wnid3,
    result.probability3 AS probability3,
    CASE WHEN image.kind IS NOT 'answer' THEN image.sha256 END AS image_sha256,
    nullif(result.sent_as, '') AS sent_as,
    result.http_status AS http_status,
    nullif(image.width, 0) AS width,
    nullif(image.height, 0) AS height,
    (image.listed
     OR image.urls >= (SELECT value FROM setting WHERE name = 'placeholder_urls')) AS placeholder,
    CASE WHEN image.kind IS NOT 'answer' THEN result.fetch_ms END AS fetch_ms,
    CASE WHEN image.kind IS NOT 'answer' THEN result.predict_ms END AS predict_ms,
    job.tries AS attempts,
    strftime('%Y-%m-%dT%H:%M:%fZ', result.completed_ms / 1000.0, 'unixepoch') AS completed_at
FROM result
CROSS JOIN item ON item.id = result.item_id
CROSS JOIN run ON run.id = item.run_id
CROSS JOIN target ON target.id = result.target_id
CROSS JOIN job ON job.item_id = result.item_id AND job.target_id = result.target_id
CROSS JOIN producer ON producer.id = result.producer_id
CROSS JOIN image ON image.id = result.image_id
CROSS JOIN label AS one ON one.id = result.label1
LEFT JOIN label AS two ON two.id = result.label2
LEFT JOIN label AS three ON three.id = result.label3;
