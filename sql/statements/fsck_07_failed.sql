SELECT 'job ' || job.item_id || '/' || job.target_id || ': failed without a reason'
FROM job
LEFT JOIN failure ON failure.item_id = job.item_id AND failure.target_id = job.target_id
WHERE job.state = 3 AND coalesce(failure.reason, '') = '';
