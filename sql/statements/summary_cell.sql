-- The rows that view cell sums up.
SELECT
    run_id, target_id, producer_id, scoring, left_out, bin,
    correct, probability, confidence, unjudged = 1, unjudged = 2
FROM score;
