UPDATE tally SET pending = pending + leased, leased = 0 WHERE leased > 0;
