-- The rows that view pair_cell sums up; behind them the item, and how telling a disagreement it is.
SELECT
    run_id, target_a, target_b, producer_a, producer_b, scoring, left_out,
    right_a AND right_b, right_a AND NOT right_b, right_b AND NOT right_a,
    NOT right_a AND NOT right_b, same_first, same_three, apart, apart, item_id,
    CASE WHEN left_out = 0 AND (NOT same_first OR apart > 0) THEN apart END
FROM pair_score;
