-- A job that was done elsewhere: no daemon ever leases it.
INSERT INTO job (item_id, target_id, state, attempt, tries) VALUES (?1, ?2, 2, 1, 1)
ON CONFLICT DO NOTHING;
