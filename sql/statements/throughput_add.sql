-- ?1 run, ?2 done, ?3 failed: outcomes of this moment. Ten seconds begin with the first outcome behind
-- the last ten, so that it is known to the second when work began.
INSERT INTO throughput (run_id, started_s, done, failed)
VALUES (
    ?1,
    ifnull((SELECT max(started_s) FROM throughput
            WHERE run_id = ?1 AND started_s BETWEEN unixepoch() - 9 AND unixepoch()), unixepoch()),
    ?2, ?3)
ON CONFLICT (run_id, started_s) DO UPDATE SET
    done = done + excluded.done,
    failed = failed + excluded.failed;
