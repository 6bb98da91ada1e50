-- What two targets of one model answered about the same bytes, placeholders left out: one row per
-- pair of targets, the backends that answered and scoring (as in accuracy; 'none' for pairs without
-- an expectation, whose four cells are 0).
-- difference: accuracy of a minus that of b, with the 95 % interval of R. G. Newcombe, "Improved
-- confidence intervals for the difference between binomial proportions based on paired data",
-- Statistics in Medicine 17 (1998), method 10. p_value: the exact test of Q. McNemar (two-sided
-- binomial of the discordant pairs).
-- max_abs_probability_difference: of the first class of either, compared with what the other gives
-- that class; where it is not among the other's three, at least this.
CREATE VIEW comparison AS
WITH RECURSIVE
below (expected, wnid) AS (
    SELECT DISTINCT expect_wnid, expect_wnid FROM item WHERE expect_wnid IS NOT NULL
    UNION
    SELECT below.expected, isa.child FROM below JOIN isa ON isa.parent = below.wnid
),
pair AS (
    SELECT
        item.run_id, a.target_id AS target_a, b.target_id AS target_b,
        by_a.backend AS backend_a, by_b.backend AS backend_b,
        item.expect_wnid, lower(item.expect_text) AS expect_text,
        label_a.wnid AS wnid_a, label_b.wnid AS wnid_b,
        lower(label_a.name) AS name_a, lower(label_b.name) AS name_b,
        a.label1 = b.label1 AS same,
        max(
            abs(a.probability1 - CASE a.label1
                WHEN b.label1 THEN b.probability1
                WHEN b.label2 THEN b.probability2
                WHEN b.label3 THEN b.probability3
                ELSE min(a.probability1, coalesce(b.probability3, 0.0)) END),
            abs(b.probability1 - CASE b.label1
                WHEN a.label1 THEN a.probability1
                WHEN a.label2 THEN a.probability2
                WHEN a.label3 THEN a.probability3
                ELSE min(b.probability1, coalesce(a.probability3, 0.0)) END)) AS apart
    FROM result AS a
    CROSS JOIN result AS b
        ON b.item_id = a.item_id AND b.image_id = a.image_id AND b.target_id <> a.target_id
    CROSS JOIN target AS asked_a ON asked_a.id = a.target_id
    CROSS JOIN target AS asked_b
        ON asked_b.id = b.target_id AND asked_b.model = asked_a.model
        AND (asked_a.framework, asked_a.id) < (asked_b.framework, asked_b.id)
    CROSS JOIN item ON item.id = a.item_id
    CROSS JOIN image ON image.id = a.image_id
    CROSS JOIN producer AS by_a ON by_a.id = a.producer_id
    CROSS JOIN producer AS by_b ON by_b.id = b.producer_id
    CROSS JOIN label AS label_a ON label_a.id = a.label1
    CROSS JOIN label AS label_b ON label_b.id = b.label1
    WHERE NOT (
        image.listed
        OR image.urls >= (SELECT value FROM setting WHERE name = 'placeholder_urls'))
),
score AS (
    SELECT
        *, 'isa' AS scoring,
        coalesce((expect_wnid, wnid_a) IN (SELECT expected, wnid FROM below), 0) AS right_a,
        coalesce((expect_wnid, wnid_b) IN (SELECT expected, wnid FROM below), 0) AS right_b
    FROM pair
    WHERE expect_wnid IS NOT NULL
    UNION ALL
    SELECT *, 'substring', instr(name_a, expect_text) > 0, instr(name_b, expect_text) > 0
    FROM pair
    WHERE expect_text IS NOT NULL
    UNION ALL
    SELECT *, 'none', NULL, NULL
    FROM pair
    WHERE expect_wnid IS NULL AND expect_text IS NULL
),
total AS (
    SELECT
        run_id, target_a, target_b, backend_a, backend_b, scoring, count(*) AS images,
        coalesce(sum(right_a AND right_b), 0) AS both,
        coalesce(sum(right_a AND NOT right_b), 0) AS only_a,
        coalesce(sum(right_b AND NOT right_a), 0) AS only_b,
        coalesce(sum(NOT right_a AND NOT right_b), 0) AS neither,
        count(right_a) AS scored, sum(same) AS same_first, max(apart) AS apart
    FROM score
    GROUP BY run_id, target_a, target_b, backend_a, backend_b, scoring
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
)
SELECT
    run.name AS run,
    asked_a.model AS model,
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
    CASE WHEN scored > 0 THEN min(1.0, 2 * tail.mass) END AS p_value,
    apart AS max_abs_probability_difference,
    scoring,
    same_first,
    backend_a,
    backend_b
FROM reach
JOIN tail ON tail.n = only_a + only_b AND tail.k = min(only_a, only_b) AND tail.i = tail.k
JOIN run ON run.id = reach.run_id
JOIN target AS asked_a ON asked_a.id = reach.target_a
JOIN target AS asked_b ON asked_b.id = reach.target_b;
