SELECT model, model_version, framework, framework_version, backend, id FROM target;
