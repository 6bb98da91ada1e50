-- Which labels contain which expected text: folded, ASCII letters compared without case (substring),
-- or exact (seed). envelope: the label is one that seed leaves out.
CREATE VIEW says AS
SELECT
    expectation.id AS expectation_id,
    label.id AS label_id,
    instr(lower(label.name), lower(expectation.text)) > 0 AS folded,
    instr(label.name, expectation.text) > 0 AS exact,
    instr(label.name, 'envelope') > 0 AS envelope
FROM expectation
CROSS JOIN label
WHERE expectation.text IS NOT NULL;
