SELECT id FROM target
WHERE model = ?1 AND model_version = ?2 AND framework = ?3 AND framework_version = ?4
    AND backend = ?5;
