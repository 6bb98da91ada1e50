-- Accuracy of the first prediction, one row for each target, backend that answered and scoring.
-- accuracy_low and accuracy_high: the 95 % score interval of E. B. Wilson, "Probable inference, the
-- law of succession, and statistical inference", JASA 22 (1927), with z = 1.959963984540054.
CREATE VIEW accuracy AS
WITH
total AS (
    SELECT
        cell.run_id, cell.target_id, producer.backend, cell.scoring,
        coalesce(sum(cell.images) FILTER (WHERE left_out = 0), 0) AS images,
        coalesce(sum(cell.correct) FILTER (WHERE left_out = 0), 0) AS correct,
        sum(cell.probability) FILTER (WHERE left_out = 0) AS probability,
        coalesce(sum(cell.images) FILTER (WHERE left_out IN (1, 3)), 0) AS placeholders,
        coalesce(sum(cell.images) FILTER (WHERE left_out = 2), 0) AS duplicates,
        coalesce(sum(cell.unnamed) FILTER (WHERE left_out = 0), 0) AS unnamed,
        coalesce(sum(cell.unknown) FILTER (WHERE left_out = 0), 0) AS unknown
    FROM cell
    CROSS JOIN producer ON producer.id = cell.producer_id
    GROUP BY cell.run_id, cell.target_id, producer.backend, cell.scoring
),
share AS (
    SELECT
        *, 1.0 * correct / images AS accuracy,
        1.959963984540054 * 1.959963984540054 / images AS z2n
    FROM total
)
SELECT
    run.name AS run,
    target.model AS model,
    target.framework AS framework,
    share.backend AS backend,
    share.scoring AS scoring,
    share.images AS images,
    share.correct AS correct,
    share.accuracy AS accuracy,
    max(0.0, (accuracy + z2n / 2
              - sqrt(z2n * (accuracy * (1 - accuracy) + z2n / 4))) / (1 + z2n)) AS accuracy_low,
    min(1.0, (accuracy + z2n / 2
              + sqrt(z2n * (accuracy * (1 - accuracy) + z2n / 4))) / (1 + z2n)) AS accuracy_high,
    share.probability / share.images AS mean_probability,
    share.placeholders AS placeholders,
    share.duplicates AS duplicates,
    target.model_version AS model_version,
    target.framework_version AS framework_version,
    target.backend AS requested_backend,
    share.unnamed AS unnamed,
    share.unknown AS unknown
FROM share
JOIN run ON run.id = share.run_id
JOIN target ON target.id = share.target_id;
