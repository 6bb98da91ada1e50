WITH counted AS (
    SELECT
        item.run_id AS run_id, failure.target_id AS target_id, failure.stage AS stage,
        failure.reason AS reason, sum(job.state = 3) AS jobs, sum(job.state <> 3) AS waiting
    FROM failure
    CROSS JOIN job ON job.item_id = failure.item_id AND job.target_id = failure.target_id
    CROSS JOIN item ON item.id = failure.item_id
    WHERE job.state <> 2
    GROUP BY item.run_id, failure.target_id, failure.stage, failure.reason
)
SELECT 'run ' || blame.run_id || ' target ' || blame.target_id || ' reason ' || blame.reason || ': '
    || blame.jobs || ' failed and ' || blame.waiting || ' waiting, but a recount finds '
    || coalesce(counted.jobs, 0) || ' and ' || coalesce(counted.waiting, 0)
FROM blame
LEFT JOIN counted ON counted.run_id = blame.run_id AND counted.target_id = blame.target_id
    AND counted.stage = blame.stage AND counted.reason = blame.reason
WHERE blame.jobs <> coalesce(counted.jobs, 0) OR blame.waiting <> coalesce(counted.waiting, 0)
UNION ALL
SELECT 'run ' || run_id || ' target ' || target_id || ' reason ' || reason
    || ': failures without accounting'
FROM counted
WHERE NOT EXISTS (
    SELECT 1 FROM blame
    WHERE blame.run_id = counted.run_id AND blame.target_id = counted.target_id
        AND blame.stage = counted.stage AND blame.reason = counted.reason);
