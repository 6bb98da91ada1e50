SELECT run, stage, reason, count
FROM reasons
WHERE state = 'failed' AND run IN (:runs)
ORDER BY run, count DESC
