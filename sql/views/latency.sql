-- Nearest-rank percentiles of the stages of done jobs, by the backend that answered; times to three
-- digits, at best 0.01 ms.
CREATE VIEW latency AS
WITH
joined AS (
    SELECT
        counted.run_id, producer.backend, target.model, counted.position, counted.ticks,
        sum(counted.samples) AS samples, max(counted.max_ms) AS max_ms
    FROM latency_cell AS counted
    CROSS JOIN producer ON producer.id = counted.producer_id
    CROSS JOIN target ON target.id = counted.target_id
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
    max(max_ms) AS max_ms
FROM ranked
JOIN run ON run.id = ranked.run_id
GROUP BY ranked.run_id, ranked.backend, ranked.model, ranked.position;
