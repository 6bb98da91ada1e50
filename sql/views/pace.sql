-- Outcomes of each run in the last minute (to ten seconds). per_second: those behind the first, by the
-- time since it, for work may have begun within the minute.
CREATE VIEW pace AS
SELECT
    run.name AS run,
    coalesce(sum(throughput.done + throughput.failed), 0) AS last_minute,
    coalesce(
        (sum(throughput.done + throughput.failed) - 1)
        / max(1.0, (julianday('now') - 2440587.5) * 86400.0 - min(throughput.started_s)), 0.0)
        AS per_second
FROM run
LEFT JOIN throughput ON throughput.run_id = run.id AND throughput.started_s > unixepoch() - 60
GROUP BY run.id;
