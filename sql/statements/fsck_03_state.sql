SELECT 'job ' || item_id || '/' || target_id || ': state ' || state || ' is none of the four'
FROM job
WHERE state NOT IN (0, 1, 2, 3) OR typeof(state) <> 'integer';
