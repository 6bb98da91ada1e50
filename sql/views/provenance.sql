-- Who and what produced each result, beyond what fits into results.
CREATE VIEW provenance AS
SELECT
    run.name AS run,
    item.url AS url,
    target.model AS model,
    target.framework AS framework,
    producer.backend AS backend,
    producer.detail AS detail,
    producer.manifest_sha256 AS manifest_sha256,
    producer.model_sha256 AS model_sha256,
    producer.preprocessing AS preprocessing,
    CASE WHEN image.kind IS NOT 'answer' THEN image.sha256 END AS image_sha256,
    image.kind AS image_kind,
    nullif(image.bytes, 0) AS image_bytes,
    coalesce(result.final_url, item.url) AS final_url,
    CASE WHEN image.kind IS NOT 'answer' THEN result.validate_ms END AS validate_ms,
    result.attempt AS token
FROM result
CROSS JOIN item ON item.id = result.item_id
CROSS JOIN run ON run.id = item.run_id
CROSS JOIN target ON target.id = result.target_id
CROSS JOIN producer ON producer.id = result.producer_id
CROSS JOIN image ON image.id = result.image_id;
