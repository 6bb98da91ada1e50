SELECT 'job ' || job.item_id || '/' || job.target_id || ': done without a result'
FROM job
LEFT JOIN result ON result.item_id = job.item_id AND result.target_id = job.target_id
WHERE job.state = 2 AND result.item_id IS NULL;
