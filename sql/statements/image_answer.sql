-- What stands for the unknown picture of ?3 equal answers that were recorded elsewhere.
INSERT INTO image (run_id, sha256, kind, bytes, width, height, urls)
VALUES (?1, ?2, 'answer', 0, 0, 0, ?3)
ON CONFLICT (run_id, sha256) DO UPDATE SET urls = urls + excluded.urls
RETURNING id;
