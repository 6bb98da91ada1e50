WITH counted AS (
    SELECT
        item.run_id AS run_id, job.target_id AS target_id, count(*) AS enqueued,
        sum(state = 0) AS pending, sum(state = 1) AS leased, sum(state = 2) AS done,
        sum(state = 3) AS failed
    FROM job CROSS JOIN item ON item.id = job.item_id
    GROUP BY item.run_id, job.target_id
)
SELECT 'run ' || tally.run_id || ' target ' || tally.target_id
    || ': the accounting differs from a recount of the jobs'
FROM tally
LEFT JOIN counted ON counted.run_id = tally.run_id AND counted.target_id = tally.target_id
WHERE tally.enqueued <> coalesce(counted.enqueued, 0)
    OR tally.pending <> coalesce(counted.pending, 0)
    OR tally.leased <> coalesce(counted.leased, 0)
    OR tally.done <> coalesce(counted.done, 0)
    OR tally.failed <> coalesce(counted.failed, 0)
UNION ALL
SELECT 'run ' || run_id || ' target ' || target_id || ': jobs without accounting'
FROM counted
WHERE NOT EXISTS (
    SELECT 1 FROM tally
    WHERE tally.run_id = counted.run_id AND tally.target_id = counted.target_id);
