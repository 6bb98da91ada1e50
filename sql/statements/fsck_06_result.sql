SELECT 'result ' || result.item_id || '/' || result.target_id || ': its job is '
    || coalesce(
        CASE job.state WHEN 0 THEN 'pending' WHEN 1 THEN 'leased' WHEN 3 THEN 'failed' END,
        'missing')
FROM result
LEFT JOIN job ON job.item_id = result.item_id AND job.target_id = result.target_id
WHERE job.state IS NULL OR job.state <> 2;
