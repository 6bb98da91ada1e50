SELECT 'failure ' || failure.item_id || '/' || failure.target_id || ': its job is '
    || CASE job.state WHEN 2 THEN 'done' ELSE 'missing' END
FROM failure
LEFT JOIN job ON job.item_id = failure.item_id AND job.target_id = failure.target_id
WHERE job.state IS NULL OR job.state = 2;
