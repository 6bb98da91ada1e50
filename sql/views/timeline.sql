-- Outcomes of a run in each ten seconds in which there were any.
CREATE VIEW timeline AS
SELECT
    run.name AS run,
    strftime('%Y-%m-%dT%H:%M:%SZ', throughput.started_s, 'unixepoch') AS started_at,
    throughput.started_s AS started_s,
    throughput.done AS done,
    throughput.failed AS failed
FROM throughput
JOIN run ON run.id = throughput.run_id;
