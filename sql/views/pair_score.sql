-- Every pair of results under every scoring that its expectation makes possible, but seed; 'none'
-- where there is no expectation, 'not isa' and 'not substring' where it makes that one impossible, so
-- that each pair is once among those of a scoring, its "not" and 'none'.
CREATE VIEW pair_score AS
SELECT
    pair.*, 'isa' AS scoring, right_a.label_id IS NOT NULL AS right_a,
    right_b.label_id IS NOT NULL AS right_b
FROM pair
CROSS JOIN expectation ON expectation.id = pair.expectation_id
LEFT JOIN meets AS right_a
    ON right_a.expectation_id = pair.expectation_id AND right_a.label_id = pair.label_a
LEFT JOIN meets AS right_b
    ON right_b.expectation_id = pair.expectation_id AND right_b.label_id = pair.label_b
WHERE expectation.wnid IS NOT NULL
UNION ALL
SELECT
    pair.*, 'substring', instr(lower(label_a.name), lower(expectation.text)) > 0,
    instr(lower(label_b.name), lower(expectation.text)) > 0
FROM pair
CROSS JOIN expectation ON expectation.id = pair.expectation_id
CROSS JOIN label AS label_a ON label_a.id = pair.label_a
CROSS JOIN label AS label_b ON label_b.id = pair.label_b
WHERE expectation.text IS NOT NULL
UNION ALL
SELECT
    pair.*,
    CASE
        WHEN pair.expectation_id IS NULL THEN 'none'
        WHEN pair.expectation_id IN (SELECT id FROM expectation WHERE wnid IS NULL) THEN 'not isa'
        ELSE 'not substring'
    END, NULL, NULL
FROM pair
WHERE (pair.expectation_id IS NULL
        OR pair.expectation_id IN (SELECT id FROM expectation WHERE wnid IS NULL OR text IS NULL))
    -- Most often there are none, which is known before all pairs are looked at.
    AND (EXISTS (SELECT 1 FROM expectation WHERE wnid IS NULL OR text IS NULL)
        OR EXISTS (SELECT 1 FROM item WHERE expectation_id IS NULL));
