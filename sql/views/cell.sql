-- The sums that accuracy and calibration are made of: one pass over the results.
CREATE VIEW cell AS
SELECT
    run_id, target_id, producer_id, scoring, left_out, bin,
    count(*) AS images,
    sum(correct) AS correct,
    sum(probability) AS probability,
    sum(confidence) AS confidence,
    sum(unjudged = 1) AS unnamed,
    sum(unjudged = 2) AS unknown
FROM score
GROUP BY run_id, target_id, producer_id, scoring, left_out, bin;
