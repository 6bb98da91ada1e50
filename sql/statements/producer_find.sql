SELECT id FROM producer
WHERE backend = ?1 AND detail = ?2 AND manifest_sha256 = ?3 AND model_sha256 = ?4
    AND preprocessing = ?5;
