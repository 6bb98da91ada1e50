-- ?3: the run or NULL; ?4: a JSON array of reasons or NULL. One chunk of the failed jobs behind
-- (?1, ?2).
SELECT failure.item_id, failure.target_id, item.run_id
FROM failure
CROSS JOIN job ON job.item_id = failure.item_id AND job.target_id = failure.target_id
CROSS JOIN item ON item.id = failure.item_id
WHERE (failure.item_id, failure.target_id) > (?1, ?2)
    AND job.state = 3
    AND (?3 IS NULL OR item.run_id = ?3)
    AND (?4 IS NULL OR failure.reason IN (SELECT value FROM json_each(?4)))
ORDER BY failure.item_id, failure.target_id
LIMIT 10000;
