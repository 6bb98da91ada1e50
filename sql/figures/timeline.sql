SELECT run, started_at, done, failed
FROM timeline
WHERE run IN (:runs)
ORDER BY run, started_at
