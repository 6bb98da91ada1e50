-- The sums that accuracy and calibration are made of: one pass over the results. bin: tenth of the
-- first entry's probability, 0 to 9; NULL where that is no probability.
CREATE VIEW cell AS
SELECT
    run_id, target_id, producer_id, scoring, left_out,
    CASE WHEN confidence BETWEEN 0.0 AND 1.0 THEN min(9, CAST(confidence * 10 AS INTEGER)) END
        AS bin,
    count(*) AS images,
    sum(correct) AS correct,
    sum(probability) AS probability,
    sum(confidence) AS confidence
FROM score
GROUP BY run_id, target_id, producer_id, scoring, left_out, bin;
