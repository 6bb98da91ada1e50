SELECT
    (SELECT count(*) FROM run), (SELECT count(*) FROM item), sum(enqueued), sum(pending),
    sum(leased), sum(done), sum(failed)
FROM tally;
