-- Pictures about which two targets (view pair) name another first class, or the same with another
-- probability. apart orders them: the most telling have the largest. Placeholders and duplicates
-- are left out as in comparison.
CREATE VIEW disagreements AS
SELECT
    run.name AS run,
    item.url AS url,
    image.sha256 AS image_sha256,
    image.kind AS kind,
    asked_a.model AS model_a,
    asked_b.model AS model_b,
    asked_a.framework AS framework_a,
    asked_b.framework AS framework_b,
    by_a.backend AS backend_a,
    by_b.backend AS backend_b,
    one_a.name AS label_a,
    one_a.wnid AS wnid_a,
    pair.probability_a AS probability_a,
    one_b.name AS label_b,
    one_b.wnid AS wnid_b,
    pair.probability_b AS probability_b,
    pair.same_first AS same_first,
    pair.apart AS apart,
    expectation.wnid AS expected_wnid,
    expectation.text AS expected_text
FROM pair
CROSS JOIN run ON run.id = pair.run_id
CROSS JOIN item ON item.id = pair.item_id
CROSS JOIN image ON image.id = pair.image_id
CROSS JOIN target AS asked_a ON asked_a.id = pair.target_a
CROSS JOIN target AS asked_b ON asked_b.id = pair.target_b
CROSS JOIN producer AS by_a ON by_a.id = pair.producer_a
CROSS JOIN producer AS by_b ON by_b.id = pair.producer_b
CROSS JOIN label AS one_a ON one_a.id = pair.label_a
CROSS JOIN label AS one_b ON one_b.id = pair.label_b
LEFT JOIN expectation ON expectation.id = pair.expectation_id
WHERE pair.left_out = 0 AND (NOT pair.same_first OR pair.apart > 0);
