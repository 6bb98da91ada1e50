-- What is expected but met by no label that any model has answered so far, under each scoring: wrong
-- answers all, or classes that the models do not have. known: the synset is in the table of WordNet.
-- unnamed: how many of all labels carry no synset id.
CREATE VIEW unmet AS
SELECT
    run.name AS run,
    lacking.scoring AS scoring,
    expectation.wnid AS expected_wnid,
    expectation.text AS expected_text,
    count(*) AS urls,
    EXISTS (SELECT 1 FROM synset WHERE synset.wnid = expectation.wnid) AS known,
    (SELECT count(*) FROM label WHERE wnid IS NULL) AS unnamed,
    (SELECT count(*) FROM label) AS labels
FROM lacking
CROSS JOIN item ON item.expectation_id = lacking.expectation_id
CROSS JOIN run ON run.id = item.run_id
CROSS JOIN expectation ON expectation.id = lacking.expectation_id
GROUP BY run.id, lacking.expectation_id, lacking.scoring;
