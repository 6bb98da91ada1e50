-- What each result is worth under each scoring: the rows that accuracy sums up.
CREATE VIEW scores AS
SELECT
    run.name AS run,
    item.url AS url,
    target.model AS model,
    target.model_version AS model_version,
    target.framework AS framework,
    target.framework_version AS framework_version,
    producer.backend AS backend,
    target.backend AS requested_backend,
    score.scoring AS scoring,
    CASE score.left_out WHEN 1 THEN 'placeholder' WHEN 2 THEN 'duplicate' WHEN 3 THEN 'envelope' END
        AS left_out,
    score.correct AS correct,
    score.probability AS probability,
    score.confidence AS confidence,
    expectation.wnid AS expected_wnid,
    expectation.text AS expected_text
FROM score
CROSS JOIN run ON run.id = score.run_id
CROSS JOIN item ON item.id = score.item_id
CROSS JOIN expectation ON expectation.id = item.expectation_id
CROSS JOIN target ON target.id = score.target_id
CROSS JOIN producer ON producer.id = score.producer_id;
