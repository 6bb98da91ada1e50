-- The sums that comparison is made of: one pass over the pairs. By producer, because numbers sort
-- faster than words.
CREATE VIEW pair_cell AS
SELECT
    run_id, target_a, target_b, producer_a, producer_b, scoring, left_out,
    count(*) AS images,
    sum(right_a AND right_b) AS both,
    sum(right_a AND NOT right_b) AS only_a,
    sum(right_b AND NOT right_a) AS only_b,
    sum(NOT right_a AND NOT right_b) AS neither,
    sum(same_first) AS same_first,
    sum(same_three) AS same_three,
    sum(apart) AS apart,
    max(apart) AS apart_at_most
FROM pair_score
GROUP BY run_id, target_a, target_b, producer_a, producer_b, scoring, left_out;
