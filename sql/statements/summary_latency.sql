-- The rows that view latency_cell sums up.
SELECT run_id, producer_id, target_id, position, ticks, ms FROM stage_time;
