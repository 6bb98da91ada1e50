SELECT 'job ' || job.item_id || '/' || job.target_id || ': its URL or target is missing'
FROM job
WHERE NOT EXISTS (SELECT 1 FROM item WHERE item.id = job.item_id)
    OR NOT EXISTS (SELECT 1 FROM target WHERE target.id = job.target_id);
