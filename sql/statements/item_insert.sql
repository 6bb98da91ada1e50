INSERT INTO item (id, run_id, url, expectation_id) VALUES (?4, ?1, ?2, ?3)
ON CONFLICT (run_id, url) DO NOTHING;
