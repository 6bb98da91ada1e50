-- Which labels meet which expected synset: the label's synset is the expected one or below it.
-- Searched upwards from the labels, because a synset has few above it and may have thousands below.
CREATE VIEW meets AS
WITH RECURSIVE above (label_id, wnid) AS (
    SELECT id, wnid FROM label WHERE wnid IS NOT NULL
    UNION
    SELECT above.label_id, isa.parent FROM above JOIN isa ON isa.child = above.wnid
)
SELECT expectation.id AS expectation_id, above.label_id AS label_id
FROM above
JOIN expectation ON expectation.wnid = above.wnid;
