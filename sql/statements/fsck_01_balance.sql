SELECT 'run ' || run_id || ' target ' || target_id || ': ' || enqueued || ' enqueued is not '
    || pending || ' pending + ' || leased || ' leased + ' || done || ' done + ' || failed
    || ' failed'
FROM tally
WHERE enqueued <> pending + leased + done + failed;
