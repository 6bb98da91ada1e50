SELECT coalesce(sum(pending), 0), coalesce(sum(leased), 0) FROM tally;
