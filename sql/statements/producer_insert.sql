INSERT INTO producer (backend, detail, manifest_sha256, model_sha256, preprocessing)
VALUES (?1, ?2, ?3, ?4, ?5);
