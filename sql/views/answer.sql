-- Every result with what decides whether it counts. placeholder: as in results, and for results
-- recorded elsewhere, whose pictures are known only by their answers, that many equal answers.
-- bin: tenth of the first entry's probability, 0 to 9; NULL where that is no probability.
-- duplicate: an earlier URL of the run answered with the same bytes, and has a result, too.
CREATE VIEW answer AS
SELECT
    item.run_id AS run_id,
    item.id AS item_id,
    result.target_id AS target_id,
    result.producer_id AS producer_id,
    item.expectation_id AS expectation_id,
    result.image_id AS image_id,
    image.listed OR image.urls >= (SELECT value FROM setting WHERE name = 'placeholder_urls')
        AS placeholder,
    CASE WHEN image.urls > 1 AND image.kind IS NOT 'answer' THEN EXISTS (
        SELECT 1
        FROM item AS earlier
        JOIN result AS known
            ON known.item_id = earlier.id AND known.target_id = result.target_id
        WHERE earlier.image_id = image.id AND earlier.id < item.id)
    ELSE 0 END AS duplicate,
    result.label1 AS label1,
    result.probability1 AS probability1,
    result.label2 AS label2,
    result.probability2 AS probability2,
    result.label3 AS label3,
    result.probability3 AS probability3,
    CASE
        WHEN result.probability1 BETWEEN 0.0 AND 1.0
            THEN min(9, CAST(result.probability1 * 10 AS INTEGER))
    END AS bin
FROM result
CROSS JOIN item ON item.id = result.item_id
CROSS JOIN image ON image.id = result.image_id;
