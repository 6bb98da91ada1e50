-- How many jobs have which reason: failed ones, and those that are to be tried again.
CREATE VIEW reasons AS
SELECT
    run.name AS run,
    CASE job.state WHEN 0 THEN 'pending' WHEN 1 THEN 'leased' WHEN 2 THEN 'done' ELSE 'failed' END
        AS state,
    failure.stage AS stage,
    failure.reason AS reason,
    count(*) AS count
FROM failure
CROSS JOIN job ON job.item_id = failure.item_id AND job.target_id = failure.target_id
CROSS JOIN item ON item.id = failure.item_id
CROSS JOIN run ON run.id = item.run_id
GROUP BY run.id, job.state, failure.stage, failure.reason;
