-- Accuracy of the first prediction, placeholders left out.
-- isa: the predicted synset is the expected one or below it (table isa); mean_probability is that
-- of the first entry. substring: the first label contains the expected text, ASCII letters compared
-- without case; mean_probability is that of the best matching entry of the three, 0 if none.
-- accuracy_low and accuracy_high: the 95 % score interval of E. B. Wilson, "Probable inference, the
-- law of succession, and statistical inference", JASA 22 (1927), with z = 1.959963984540054.
CREATE VIEW accuracy AS
WITH RECURSIVE
below (expected, wnid) AS (
    SELECT DISTINCT expect_wnid, expect_wnid FROM item WHERE expect_wnid IS NOT NULL
    UNION
    SELECT below.expected, isa.child FROM below JOIN isa ON isa.parent = below.wnid
),
answer AS (
    SELECT
        item.run_id, result.target_id, producer.backend, item.expect_wnid,
        lower(item.expect_text) AS expect_text,
        one.wnid AS wnid1, lower(one.name) AS name1, lower(two.name) AS name2,
        lower(three.name) AS name3, result.probability1, result.probability2, result.probability3
    FROM result
    CROSS JOIN item ON item.id = result.item_id
    CROSS JOIN image ON image.id = result.image_id
    CROSS JOIN producer ON producer.id = result.producer_id
    CROSS JOIN label AS one ON one.id = result.label1
    LEFT JOIN label AS two ON two.id = result.label2
    LEFT JOIN label AS three ON three.id = result.label3
    WHERE NOT (
        image.listed
        OR image.urls >= (SELECT value FROM setting WHERE name = 'placeholder_urls'))
),
score AS (
    SELECT
        run_id, target_id, backend, 'isa' AS scoring,
        coalesce((expect_wnid, wnid1) IN (SELECT expected, wnid FROM below), 0) AS correct,
        probability1 AS probability
    FROM answer
    WHERE expect_wnid IS NOT NULL
    UNION ALL
    SELECT
        run_id, target_id, backend, 'substring',
        instr(name1, expect_text) > 0,
        CASE
            WHEN instr(name1, expect_text) > 0 THEN probability1
            WHEN instr(name2, expect_text) > 0 THEN probability2
            WHEN instr(name3, expect_text) > 0 THEN probability3
            ELSE 0.0
        END
    FROM answer
    WHERE expect_text IS NOT NULL
),
total AS (
    SELECT
        score.run_id, target.model, target.framework, score.backend, score.scoring,
        count(*) AS images, sum(score.correct) AS correct,
        1.0 * sum(score.correct) / count(*) AS accuracy,
        avg(score.probability) AS mean_probability,
        1.959963984540054 * 1.959963984540054 / count(*) AS z2n
    FROM score
    JOIN target ON target.id = score.target_id
    GROUP BY score.run_id, target.model, target.framework, score.backend, score.scoring
)
SELECT
    run.name AS run,
    total.model AS model,
    total.framework AS framework,
    total.backend AS backend,
    total.scoring AS scoring,
    total.images AS images,
    total.correct AS correct,
    total.accuracy AS accuracy,
    max(0.0, (accuracy + z2n / 2
              - sqrt(z2n * (accuracy * (1 - accuracy) + z2n / 4))) / (1 + z2n)) AS accuracy_low,
    min(1.0, (accuracy + z2n / 2
              + sqrt(z2n * (accuracy * (1 - accuracy) + z2n / 4))) / (1 + z2n)) AS accuracy_high,
    total.mean_probability AS mean_probability
FROM total
JOIN run ON run.id = total.run_id;
