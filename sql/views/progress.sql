-- The accounting. Reads only as many rows as there are runs and targets.
CREATE VIEW progress AS
SELECT
    run.name AS run,
    target.model AS model,
    target.framework AS framework,
    target.backend AS backend,
    sum(tally.enqueued) AS enqueued,
    sum(tally.pending) AS pending,
    sum(tally.leased) AS leased,
    sum(tally.done) AS done,
    sum(tally.failed) AS failed
FROM tally
JOIN run ON run.id = tally.run_id
JOIN target ON target.id = tally.target_id
GROUP BY run.id, target.model, target.framework, target.backend;
