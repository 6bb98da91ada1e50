-- ?1 run, ?2 done, ?3 failed: outcomes of this moment.
INSERT INTO throughput (run_id, started_s, done, failed)
VALUES (?1, unixepoch() / 10 * 10, ?2, ?3)
ON CONFLICT (run_id, started_s) DO UPDATE SET
    done = done + excluded.done,
    failed = failed + excluded.failed;
