-- What each result took in each stage, and in ticks: hundredths of a millisecond to three digits.
-- Results recorded elsewhere have no times.
CREATE VIEW stage_time AS
WITH taken AS (
    SELECT
        item.run_id, result.producer_id, result.target_id, stage.position,
        CASE stage.position
            WHEN 1 THEN result.fetch_ms
            WHEN 2 THEN result.validate_ms
            ELSE result.predict_ms
        END AS ms
    FROM result
    CROSS JOIN item ON item.id = result.item_id
    CROSS JOIN producer ON producer.id = result.producer_id
    CROSS JOIN (SELECT 1 AS position UNION ALL SELECT 2 UNION ALL SELECT 3) AS stage
    WHERE producer.backend <> 'import'
)
SELECT
    run_id, producer_id, target_id, position,
    CAST(CASE
        WHEN ms < 10 THEN round(ms * 100)
        WHEN ms < 100 THEN 10 * round(ms * 10)
        WHEN ms < 1000 THEN 100 * round(ms)
        WHEN ms < 10000 THEN 1000 * round(ms / 10)
        ELSE 10000 * round(ms / 100)
    END AS INTEGER) AS ticks,
    ms
FROM taken;
