INSERT INTO session (pid, started_ms) VALUES (?1, ?2);
