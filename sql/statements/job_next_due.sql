SELECT due_ms FROM job INDEXED BY job_pending WHERE state = 0 ORDER BY due_ms LIMIT 1;
