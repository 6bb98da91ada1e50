-- How often the first prediction is right, by the probability it was given: a reliability diagram's
-- ten bins of equal width (C. Guo, G. Pleiss, Y. Sun, K. Q. Weinberger, "On calibration of modern
-- neural networks", ICML 2017), bins without an image left out. ece: the expected calibration error
-- over all bins of the target, the same in each of its rows. unusable: images whose first
-- probability is not within 0 and 1, which no bin has.
CREATE VIEW calibration AS
WITH
total AS (
    SELECT
        cell.run_id, cell.target_id, producer.backend, cell.scoring, cell.bin,
        sum(cell.images) AS images, sum(cell.correct) AS correct, sum(cell.confidence) AS confidence
    FROM cell
    CROSS JOIN producer ON producer.id = cell.producer_id
    WHERE cell.left_out = 0 AND cell.scoring <> 'seed'
    GROUP BY cell.run_id, cell.target_id, producer.backend, cell.scoring, cell.bin
),
whole AS (
    SELECT
        run_id, target_id, backend, scoring,
        sum(abs(correct - confidence)) FILTER (WHERE bin IS NOT NULL)
        / sum(images) FILTER (WHERE bin IS NOT NULL) AS ece,
        coalesce(sum(images) FILTER (WHERE bin IS NULL), 0) AS unusable
    FROM total
    GROUP BY run_id, target_id, backend, scoring
)
SELECT
    run.name AS run,
    target.model AS model,
    target.framework AS framework,
    total.backend AS backend,
    total.scoring AS scoring,
    total.bin / 10.0 AS bin_low,
    (total.bin + 1) / 10.0 AS bin_high,
    total.images AS images,
    total.correct AS correct,
    total.confidence / total.images AS mean_confidence,
    1.0 * total.correct / total.images AS accuracy,
    whole.ece AS ece,
    whole.unusable AS unusable,
    target.model_version AS model_version,
    target.framework_version AS framework_version,
    target.backend AS requested_backend
FROM total
JOIN whole
    ON whole.run_id = total.run_id AND whole.target_id = total.target_id
    AND whole.backend = total.backend AND whole.scoring = total.scoring
JOIN run ON run.id = total.run_id
JOIN target ON target.id = total.target_id
WHERE total.bin IS NOT NULL;
