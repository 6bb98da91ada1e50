-- The sums that agreement is made of: every pair once.
CREATE VIEW agreement_cell AS
SELECT
    run_id, target_a, target_b, producer_a, producer_b, left_out,
    count(*) AS images,
    sum(same_first) AS same_first,
    sum(same_three) AS same_three,
    sum(apart) AS apart,
    max(apart) AS apart_at_most
FROM pair
GROUP BY run_id, target_a, target_b, producer_a, producer_b, left_out;
