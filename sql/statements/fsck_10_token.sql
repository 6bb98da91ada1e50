SELECT 'job ' || job.item_id || '/' || job.target_id || ': token ' || job.attempt
    || ' is too small for its state and ' || job.tries || ' attempts'
FROM job
WHERE job.attempt < job.tries OR (job.state IN (1, 2) AND job.attempt < 1)
UNION ALL
SELECT 'result ' || result.item_id || '/' || result.target_id || ': token ' || result.attempt
    || ' is not the job''s newest, ' || job.attempt
FROM result
JOIN job ON job.item_id = result.item_id AND job.target_id = result.target_id
WHERE result.attempt <> job.attempt;
