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
    image.sha256 AS image_sha256,
    image.kind AS image_kind,
    image.bytes AS image_bytes,
    coalesce(result.final_url, item.url) AS final_url,
    result.validate_ms AS validate_ms,
    result.attempt AS token
FROM result
CROSS JOIN item ON item.id = result.item_id
CROSS JOIN run ON run.id = item.run_id
CROSS JOIN target ON target.id = result.target_id
CROSS JOIN producer ON producer.id = result.producer_id
CROSS JOIN image ON image.id = result.image_id;
