SELECT model, model_version, framework, framework_version, backend FROM target WHERE id = ?1;
