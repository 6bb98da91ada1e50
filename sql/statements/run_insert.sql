INSERT INTO run (name, created_ms) VALUES (?1, ?2) ON CONFLICT (name) DO NOTHING;
