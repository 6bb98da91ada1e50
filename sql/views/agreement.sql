-- How far two targets (view pair) agree about the same bytes, whatever is expected of them: one row per
-- pair of targets and of the backends that answered.
CREATE VIEW agreement AS
WITH total AS (
    SELECT
        run_id, target_a, target_b, by_a.backend AS backend_a, by_b.backend AS backend_b,
        coalesce(sum(images) FILTER (WHERE left_out = 0), 0) AS images,
        coalesce(sum(same_first) FILTER (WHERE left_out = 0), 0) AS same_first,
        coalesce(sum(same_three) FILTER (WHERE left_out = 0), 0) AS same_three,
        sum(apart) FILTER (WHERE left_out = 0) AS apart,
        max(apart_at_most) FILTER (WHERE left_out = 0) AS apart_at_most,
        coalesce(sum(images) FILTER (WHERE left_out = 1), 0) AS placeholders,
        coalesce(sum(images) FILTER (WHERE left_out = 2), 0) AS duplicates
    FROM agreement_cell
    CROSS JOIN producer AS by_a ON by_a.id = producer_a
    CROSS JOIN producer AS by_b ON by_b.id = producer_b
    GROUP BY run_id, target_a, target_b, by_a.backend, by_b.backend
)
SELECT
    run.name AS run,
    asked_a.model AS model_a,
    asked_a.model_version AS model_version_a,
    asked_a.framework AS framework_a,
    asked_a.framework_version AS framework_version_a,
    total.backend_a AS backend_a,
    asked_b.model AS model_b,
    asked_b.model_version AS model_version_b,
    asked_b.framework AS framework_b,
    asked_b.framework_version AS framework_version_b,
    total.backend_b AS backend_b,
    total.images AS images,
    total.same_first AS same_first,
    total.same_three AS same_three,
    total.apart / total.images AS mean_abs_probability_difference,
    total.apart_at_most AS max_abs_probability_difference,
    total.placeholders AS placeholders,
    total.duplicates AS duplicates,
    asked_a.backend AS requested_backend_a,
    asked_b.backend AS requested_backend_b
FROM total
JOIN run ON run.id = total.run_id
JOIN target AS asked_a ON asked_a.id = total.target_a
JOIN target AS asked_b ON asked_b.id = total.target_b;
