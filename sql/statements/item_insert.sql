INSERT INTO item (id, run_id, url, expect_wnid, expect_text) VALUES (?5, ?1, ?2, ?3, ?4)
ON CONFLICT (run_id, url) DO NOTHING;
