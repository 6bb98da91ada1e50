SELECT 'job ' || item_id || '/' || target_id || ': '
    || CASE WHEN state = 1 THEN 'leased by nobody' ELSE 'not leased, but has an owner' END
FROM job
WHERE (state = 1) <> (owner IS NOT NULL);
