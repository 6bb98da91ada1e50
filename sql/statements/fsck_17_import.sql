-- What was recorded elsewhere says so everywhere, and nothing else does.
SELECT 'result ' || result.item_id || '/' || result.target_id || ': answered by '
    || producer.backend || ' for a target of ' || target.backend
FROM result
CROSS JOIN producer ON producer.id = result.producer_id
CROSS JOIN target ON target.id = result.target_id
WHERE (producer.backend = 'import') <> (target.backend = 'import')
UNION ALL
SELECT 'result ' || result.item_id || '/' || result.target_id || ': class index ' || class1
    || coalesce(', ' || class2, '') || coalesce(', ' || class3, '') || ' of an answer by ' || producer.backend
FROM result
CROSS JOIN producer ON producer.id = result.producer_id
WHERE producer.backend <> 'import'
    AND (class1 < 0 OR ifnull(class2, 0) < 0 OR ifnull(class3, 0) < 0)
UNION ALL
SELECT 'job ' || job.item_id || '/' || job.target_id || ': waits for what was recorded elsewhere'
FROM job
CROSS JOIN target ON target.id = job.target_id
WHERE target.backend = 'import' AND job.state <> 2;
