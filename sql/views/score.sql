-- Every result under every scoring that its expectation makes possible; see docs/SQL.md, Scoring.
-- left_out: 0 it counts, 1 placeholder, 2 duplicate, 3 names an envelope (seed).
-- probability: what mean_probability averages. confidence: probability of the first entry.
-- unjudged: why isa can say no more of a first answer than that it is not right: 1 it has no synset
-- id, 2 the table of WordNet knows what is expected, but not the answer's synset.
CREATE VIEW score AS
SELECT
    answer.run_id, answer.item_id, answer.target_id, answer.producer_id, 'isa' AS scoring,
    CASE
        WHEN placeholder AND NOT (SELECT value FROM setting WHERE name = 'include_placeholders')
            THEN 1
        WHEN duplicate AND NOT (SELECT value FROM setting WHERE name = 'include_duplicates') THEN 2
        ELSE 0
    END AS left_out,
    meets.label_id IS NOT NULL AS correct,
    probability1 AS probability,
    probability1 AS confidence,
    bin,
    CASE
        WHEN meets.label_id IS NOT NULL THEN 0
        WHEN label1 IN (SELECT id FROM label WHERE wnid IS NULL) THEN 1
        WHEN label1 IN (SELECT id FROM label WHERE wnid NOT IN (SELECT wnid FROM synset))
            AND expectation.wnid IN (SELECT wnid FROM synset) THEN 2
        ELSE 0
    END AS unjudged
FROM answer
CROSS JOIN expectation ON expectation.id = answer.expectation_id
LEFT JOIN meets
    ON meets.expectation_id = answer.expectation_id AND meets.label_id = answer.label1
WHERE expectation.wnid IS NOT NULL
UNION ALL
SELECT
    run_id, item_id, target_id, producer_id, 'substring',
    CASE
        WHEN placeholder AND NOT (SELECT value FROM setting WHERE name = 'include_placeholders')
            THEN 1
        WHEN duplicate AND NOT (SELECT value FROM setting WHERE name = 'include_duplicates') THEN 2
        ELSE 0
    END,
    one.folded,
    CASE
        WHEN one.folded THEN probability1
        WHEN (SELECT folded FROM says
            WHERE says.expectation_id = answer.expectation_id AND label_id = label2)
            THEN probability2
        WHEN (SELECT folded FROM says
            WHERE says.expectation_id = answer.expectation_id AND label_id = label3)
            THEN probability3
        ELSE 0.0
    END,
    probability1,
    bin,
    0
FROM answer
CROSS JOIN says AS one
    ON one.expectation_id = answer.expectation_id AND one.label_id = answer.label1
UNION ALL
SELECT
    run_id, item_id, target_id, producer_id, 'seed',
    CASE
        WHEN one.envelope
            OR (SELECT envelope FROM says
                WHERE says.expectation_id = answer.expectation_id AND label_id = label2)
            OR (SELECT envelope FROM says
                WHERE says.expectation_id = answer.expectation_id AND label_id = label3)
            THEN 3
        ELSE 0
    END,
    one.exact,
    CASE
        WHEN one.exact
            OR (SELECT exact FROM says
                WHERE says.expectation_id = answer.expectation_id AND label_id = label2)
            OR (SELECT exact FROM says
                WHERE says.expectation_id = answer.expectation_id AND label_id = label3)
            THEN max(probability1, 0.0)
        ELSE 0.0
    END,
    probability1,
    bin,
    0
FROM answer
CROSS JOIN says AS one
    ON one.expectation_id = answer.expectation_id AND one.label_id = answer.label1;
