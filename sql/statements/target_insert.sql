INSERT INTO target (model, model_version, framework, framework_version, backend)
VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT DO NOTHING;
