SELECT run, backend, model, stage, count, p50_ms, p90_ms, p99_ms, max_ms
FROM latency
WHERE run IN (:runs)
