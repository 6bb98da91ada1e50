INSERT INTO image (run_id, sha256, kind, bytes, width, height, listed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
ON CONFLICT (run_id, sha256) DO UPDATE SET listed = max(listed, excluded.listed)
RETURNING id;
