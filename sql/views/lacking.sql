-- Expectations that no label recorded so far meets, under each scoring.
CREATE VIEW lacking AS
WITH name AS MATERIALIZED (SELECT lower(name) AS lowered FROM label)
SELECT id AS expectation_id, 'isa' AS scoring
FROM expectation
WHERE wnid IS NOT NULL AND id NOT IN (SELECT expectation_id FROM meets)
UNION ALL
SELECT id, 'substring'
FROM expectation
WHERE text IS NOT NULL
    AND NOT EXISTS (SELECT 1 FROM name WHERE instr(lowered, lower(expectation.text)) > 0);
