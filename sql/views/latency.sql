-- Nearest-rank percentiles of the stages of done jobs, by the backend that answered.
CREATE VIEW latency AS
WITH
stages (stage, position) AS (VALUES ('fetch', 1), ('validate', 2), ('predict', 3)),
sample AS (
    SELECT
        item.run_id, producer.backend, target.model, stages.stage, stages.position,
        CASE stages.stage
            WHEN 'fetch' THEN result.fetch_ms
            WHEN 'validate' THEN result.validate_ms
            ELSE result.predict_ms
        END AS ms
    FROM result
    JOIN item ON item.id = result.item_id
    JOIN producer ON producer.id = result.producer_id
    JOIN target ON target.id = result.target_id
    CROSS JOIN stages
),
ranked AS (
    SELECT
        run_id, backend, model, stage, position, ms,
        row_number() OVER (PARTITION BY run_id, backend, model, position ORDER BY ms) AS place,
        count(*) OVER (PARTITION BY run_id, backend, model, position) AS samples
    FROM sample
)
SELECT
    run.name AS run,
    ranked.backend AS backend,
    ranked.model AS model,
    ranked.stage AS stage,
    max(ranked.samples) AS count,
    max(CASE WHEN place <= (samples * 50 + 99) / 100 THEN ms END) AS p50_ms,
    max(CASE WHEN place <= (samples * 90 + 99) / 100 THEN ms END) AS p90_ms,
    max(CASE WHEN place <= (samples * 99 + 99) / 100 THEN ms END) AS p99_ms,
    max(ms) AS max_ms
FROM ranked
JOIN run ON run.id = ranked.run_id
GROUP BY ranked.run_id, ranked.backend, ranked.model, ranked.position;
