INSERT INTO expectation (wnid, text) VALUES (?1, ?2);
