INSERT INTO label (line, wnid, name) VALUES (?1, ?2, ?3);
