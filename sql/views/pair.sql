-- Two results about the same bytes that differ in exactly one thing: the model with its version, the
-- framework with its version, or the backend that answered. Where two frameworks have no version of
-- the model in common, its version is no difference: their manifests count apart. a is the first by
-- model, framework and number. left_out: 1 placeholder, 2 duplicate (of a pair that an earlier URL of
-- the same bytes has, too).
-- apart: how far the probabilities of the first class of either are from what the other gives that
-- class; where the other does not list it, at least this.
CREATE VIEW pair AS
WITH
duel AS MATERIALIZED (
    SELECT
        asked_a.id AS target_a, asked_b.id AS target_b,
        CASE
            WHEN asked_a.model <> asked_b.model THEN 1
            WHEN asked_a.model_version = asked_b.model_version THEN 0
            ELSE asked_a.framework = asked_b.framework OR EXISTS (
                SELECT 1
                FROM target AS one
                JOIN target AS other
                    ON other.model = one.model AND other.model_version = one.model_version
                WHERE one.model = asked_a.model AND one.framework = asked_a.framework
                    AND other.framework = asked_b.framework)
        END
        + ((asked_a.framework, asked_a.framework_version)
            <> (asked_b.framework, asked_b.framework_version)) AS differ
    FROM target AS asked_a
    CROSS JOIN target AS asked_b
        ON (asked_a.model, asked_a.framework, asked_a.id)
            < (asked_b.model, asked_b.framework, asked_b.id)
    WHERE differ < 2
),
both_answered AS (
    SELECT
        item.run_id, a.item_id, item.expectation_id,
        a.image_id, duel.target_a, duel.target_b,
        a.producer_id AS producer_a, b.producer_id AS producer_b,
        a.label1 AS label_a, b.label1 AS label_b,
        a.probability1 AS probability_a, b.probability1 AS probability_b,
        a1.class_id AS a1, ifnull(a2.class_id, 0) AS a2, ifnull(a3.class_id, 0) AS a3,
        b1.class_id AS b1, ifnull(b2.class_id, 0) AS b2, ifnull(b3.class_id, 0) AS b3,
        a.probability2 AS a2_probability, a.probability3 AS a3_probability,
        b.probability2 AS b2_probability, b.probability3 AS b3_probability
    FROM result AS a
    CROSS JOIN duel ON duel.target_a = a.target_id
    CROSS JOIN item ON item.id = a.item_id
    CROSS JOIN result AS b
        ON b.item_id = a.item_id AND b.target_id = duel.target_b AND b.image_id = a.image_id
    CROSS JOIN producer AS by_a ON by_a.id = a.producer_id
    CROSS JOIN producer AS by_b
        ON by_b.id = b.producer_id AND duel.differ + (by_b.backend <> by_a.backend) = 1
    CROSS JOIN label AS a1 ON a1.id = a.label1
    CROSS JOIN label AS b1 ON b1.id = b.label1
    LEFT JOIN label AS a2 ON a2.id = a.label2
    LEFT JOIN label AS a3 ON a3.id = a.label3
    LEFT JOIN label AS b2 ON b2.id = b.label2
    LEFT JOIN label AS b3 ON b3.id = b.label3
)
SELECT
    both_answered.run_id, item_id, expectation_id, image_id, target_a, target_b, producer_a,
    producer_b, label_a, label_b, probability_a, probability_b,
    CASE
        WHEN (image.listed
            OR image.urls >= (SELECT value FROM setting WHERE name = 'placeholder_urls'))
            AND NOT (SELECT value FROM setting WHERE name = 'include_placeholders') THEN 1
        WHEN image.urls > 1 AND image.kind IS NOT 'answer'
            AND NOT (SELECT value FROM setting WHERE name = 'include_duplicates')
            THEN CASE WHEN EXISTS (
                SELECT 1
                FROM item AS earlier
                JOIN result AS known_a
                    ON known_a.item_id = earlier.id AND known_a.target_id = target_a
                JOIN result AS known_b
                    ON known_b.item_id = earlier.id AND known_b.target_id = target_b
                WHERE earlier.image_id = image.id AND earlier.id < both_answered.item_id)
            THEN 2 ELSE 0 END
        ELSE 0
    END AS left_out,
    a1 = b1 AS same_first,
    a1 = b1 AND a2 = b2 AND a3 = b3
    OR a1 IN (b1, b2, b3) AND a2 IN (b1, b2, b3) AND a3 IN (b1, b2, b3)
    AND b1 IN (a1, a2, a3) AND b2 IN (a1, a2, a3) AND b3 IN (a1, a2, a3) AS same_three,
    max(
        abs(probability_a - CASE a1
            WHEN b1 THEN probability_b
            WHEN b2 THEN b2_probability
            WHEN b3 THEN b3_probability
            ELSE min(probability_a, coalesce(b3_probability, 0.0)) END),
        abs(probability_b - CASE b1
            WHEN a1 THEN probability_a
            WHEN a2 THEN a2_probability
            WHEN a3 THEN a3_probability
            ELSE min(probability_b, coalesce(a3_probability, 0.0)) END)) AS apart
FROM both_answered
CROSS JOIN image ON image.id = both_answered.image_id;
