-- How many jobs have which reason: failed ones, and those that are to be tried again. Reads the
-- accounting, and of the jobs only the leased ones: which of those that wait are under way is told
-- by the lease alone.
CREATE VIEW reasons AS
WITH counted (run_id, state, stage, reason, jobs) AS (
    SELECT run_id, 3, stage, reason, jobs FROM blame
    UNION ALL
    SELECT run_id, 0, stage, reason, waiting FROM blame
    UNION ALL
    SELECT item.run_id, side.state, failure.stage, failure.reason, side.jobs
    FROM job INDEXED BY job_leased
    CROSS JOIN failure ON failure.item_id = job.item_id AND failure.target_id = job.target_id
    CROSS JOIN item ON item.id = job.item_id
    CROSS JOIN (SELECT 0 AS state, -1 AS jobs UNION ALL SELECT 1, 1) AS side
    WHERE job.state = 1
)
SELECT
    run.name AS run,
    CASE counted.state WHEN 0 THEN 'pending' WHEN 1 THEN 'leased' ELSE 'failed' END AS state,
    counted.stage AS stage,
    counted.reason AS reason,
    sum(counted.jobs) AS count
FROM counted
CROSS JOIN run ON run.id = counted.run_id
GROUP BY run.id, counted.state, counted.stage, counted.reason
HAVING sum(counted.jobs) > 0;
