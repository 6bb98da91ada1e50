-- Two targets about the same bytes (view pair): one row per pair of targets, the backends that
-- answered and scoring (as in accuracy, without seed; 'none' for pairs without an expectation,
-- whose four cells are 0).
-- difference: accuracy of a minus that of b, with the 95 % interval of R. G. Newcombe, "Improved
-- confidence intervals for the difference between binomial proportions based on paired data",
-- Statistics in Medicine 17 (1998), method 10. p_value: the exact test of Q. McNemar, "Note on the
-- sampling error of the difference between correlated proportions or percentages", Psychometrika 12
-- (1947): the two-sided binomial of the discordant pairs. p_holm: corrected by S. Holm, "A simple
-- sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6 (1979), over
-- all pairs of the run under the same scoring.
CREATE VIEW comparison AS
WITH RECURSIVE
total AS (
    SELECT
        run_id, target_a, target_b, by_a.backend AS backend_a, by_b.backend AS backend_b, scoring,
        sum(images) AS images,
        coalesce(sum(both), 0) AS both,
        coalesce(sum(only_a), 0) AS only_a,
        coalesce(sum(only_b), 0) AS only_b,
        coalesce(sum(neither), 0) AS neither,
        coalesce(sum(both + only_a + only_b + neither), 0) AS scored,
        sum(same_first) AS same_first,
        sum(same_three) AS same_three,
        sum(apart) / sum(images) AS apart,
        max(apart_at_most) AS apart_at_most
    FROM pair_cell
    CROSS JOIN producer AS by_a ON by_a.id = producer_a
    CROSS JOIN producer AS by_b ON by_b.id = producer_b
    WHERE left_out = 0 AND scoring IN ('isa', 'substring', 'none')
    GROUP BY run_id, target_a, target_b, by_a.backend, by_b.backend, scoring
),
share AS (
    SELECT
        *, 1.0 * (both + only_a) / scored AS p_a, 1.0 * (both + only_b) / scored AS p_b,
        1.959963984540054 * 1.959963984540054 / scored AS z2n,
        1.0 * both * neither - 1.0 * only_a * only_b AS product,
        sqrt(1.0 * (both + only_a) * (only_b + neither))
        * sqrt(1.0 * (both + only_b) * (only_a + neither)) AS margins
    FROM total
),
wilson AS (
    SELECT
        *, (p_a + z2n / 2) / (1 + z2n) AS middle_a, (p_b + z2n / 2) / (1 + z2n) AS middle_b,
        sqrt(z2n * (p_a * (1 - p_a) + z2n / 4)) / (1 + z2n) AS half_a,
        sqrt(z2n * (p_b * (1 - p_b) + z2n / 4)) / (1 + z2n) AS half_b
    FROM share
),
-- How far each interval reaches down and up, and how far the answers go together.
reach AS (
    SELECT
        *, p_a - max(0.0, middle_a - half_a) AS down_a, min(1.0, middle_a + half_a) - p_a AS up_a,
        p_b - max(0.0, middle_b - half_b) AS down_b, min(1.0, middle_b + half_b) - p_b AS up_b,
        CASE
            WHEN margins = 0 THEN 0.0
            WHEN product > 0 THEN max(product - scored / 2.0, 0.0) / margins
            ELSE product / margins
        END AS phi
    FROM wilson
),
-- mass: the probability that at most i of n coins fall on one side. In logarithms, because half to
-- the power of a thousand is no double any more.
tail (n, k, i, logarithm, mass) AS (
    SELECT DISTINCT
        only_a + only_b, min(only_a, only_b), 0, -(only_a + only_b) * ln(2.0),
        exp(-(only_a + only_b) * ln(2.0))
    FROM total
    UNION ALL
    SELECT
        n, k, i + 1, logarithm + ln(1.0 * (n - i) / (i + 1)),
        mass + exp(logarithm + ln(1.0 * (n - i) / (i + 1)))
    FROM tail
    WHERE i < k
),
tested AS (
    SELECT
        reach.*, CASE WHEN scored > 0 THEN min(1.0, 2 * tail.mass) END AS p_value
    FROM reach
    JOIN tail ON tail.n = only_a + only_b AND tail.k = min(only_a, only_b) AND tail.i = tail.k
),
-- The smallest p-value counts as often as there are tests, the next one time less; none may come
-- out below one before it.
holm AS (
    SELECT
        *,
        CASE WHEN p_value IS NOT NULL THEN min(1.0, max(p_value * (tests - place + 1)) OVER (
            PARTITION BY run_id, scoring ORDER BY place)) END AS p_holm
    FROM (
        SELECT
            *,
            row_number() OVER (
                PARTITION BY run_id, scoring
                ORDER BY p_value, target_a, target_b, backend_a, backend_b) AS place,
            count(p_value) OVER (PARTITION BY run_id, scoring) AS tests
        FROM tested)
)
SELECT
    run.name AS run,
    CASE WHEN asked_a.model = asked_b.model THEN asked_a.model
        ELSE asked_a.model || ' | ' || asked_b.model END AS model,
    asked_a.framework AS framework_a,
    asked_b.framework AS framework_b,
    images,
    both,
    only_a,
    only_b,
    neither,
    p_a - p_b AS difference,
    p_a - p_b - sqrt(max(0.0, down_a * down_a - 2 * phi * down_a * up_b + up_b * up_b)) AS low,
    p_a - p_b + sqrt(max(0.0, up_a * up_a - 2 * phi * up_a * down_b + down_b * down_b)) AS high,
    p_value,
    apart_at_most AS max_abs_probability_difference,
    scoring,
    same_first,
    backend_a,
    backend_b,
    p_holm,
    same_three,
    apart AS mean_abs_probability_difference,
    asked_a.model AS model_a,
    asked_b.model AS model_b,
    asked_a.model_version AS model_version_a,
    asked_b.model_version AS model_version_b,
    asked_a.framework_version AS framework_version_a,
    asked_b.framework_version AS framework_version_b,
    asked_a.backend AS requested_backend_a,
    asked_b.backend AS requested_backend_b
FROM holm
JOIN run ON run.id = holm.run_id
JOIN target AS asked_a ON asked_a.id = holm.target_a
JOIN target AS asked_b ON asked_b.id = holm.target_b;
