-- Outcomes of each run in the last minute (to ten seconds).
CREATE VIEW pace AS
SELECT
    run.name AS run,
    coalesce(sum(throughput.done + throughput.failed), 0) AS last_minute
FROM run
LEFT JOIN throughput ON throughput.run_id = run.id AND throughput.started_s > unixepoch() - 60
GROUP BY run.id;
