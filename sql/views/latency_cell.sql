-- How many results took how long in each stage: few rows, however many results there are.
CREATE VIEW latency_cell AS
SELECT
    run_id, producer_id, target_id, position, ticks, count(*) AS samples, max(ms) AS max_ms
FROM stage_time
GROUP BY run_id, producer_id, target_id, position, ticks;
