-- Nearest-rank percentiles of the stages of done jobs, by the backend that answered; times to 0.01
-- ms. Equal times are counted first, so that few rows are ranked however many jobs there are.
-- Results recorded elsewhere have no times.
CREATE VIEW latency AS
WITH
sample AS (
    SELECT producer_id, target_id, item_id, 1 AS position, fetch_ms AS ms FROM result
    UNION ALL
    SELECT producer_id, target_id, item_id, 2, validate_ms FROM result
    UNION ALL
    SELECT producer_id, target_id, item_id, 3, predict_ms FROM result
),
counted AS (
    SELECT
        item.run_id, sample.producer_id, sample.target_id, sample.position,
        CAST(round(sample.ms * 100) AS INTEGER) AS ticks, count(*) AS samples
    FROM sample
    CROSS JOIN item ON item.id = sample.item_id
    GROUP BY item.run_id, sample.producer_id, sample.target_id, sample.position, ticks
),
joined AS (
    SELECT
        counted.run_id, producer.backend, target.model, counted.position, counted.ticks,
        sum(counted.samples) AS samples
    FROM counted
    CROSS JOIN producer ON producer.id = counted.producer_id
    CROSS JOIN target ON target.id = counted.target_id
    WHERE producer.backend <> 'import'
    GROUP BY counted.run_id, producer.backend, target.model, counted.position, counted.ticks
),
ranked AS (
    SELECT
        *,
        sum(samples) OVER (
            PARTITION BY run_id, backend, model, position ORDER BY ticks) AS up_to,
        sum(samples) OVER (PARTITION BY run_id, backend, model, position) AS total
    FROM joined
)
SELECT
    run.name AS run,
    ranked.backend AS backend,
    ranked.model AS model,
    CASE ranked.position WHEN 1 THEN 'fetch' WHEN 2 THEN 'validate' ELSE 'predict' END AS stage,
    ranked.total AS count,
    min(CASE WHEN up_to >= (total * 50 + 99) / 100 THEN ticks END) / 100.0 AS p50_ms,
    min(CASE WHEN up_to >= (total * 90 + 99) / 100 THEN ticks END) / 100.0 AS p90_ms,
    min(CASE WHEN up_to >= (total * 99 + 99) / 100 THEN ticks END) / 100.0 AS p99_ms,
    max(ticks) / 100.0 AS max_ms
FROM ranked
JOIN run ON run.id = ranked.run_id
GROUP BY ranked.run_id, ranked.backend, ranked.model, ranked.position;
