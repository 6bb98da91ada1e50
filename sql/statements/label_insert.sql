INSERT INTO label (line, wnid, name, class_id)
VALUES (?1, ?2, ?3, CASE
    WHEN ?2 IS NOT NULL THEN (SELECT min(id) FROM label WHERE wnid = ?2)
    ELSE (SELECT min(id) FROM label WHERE wnid IS NULL AND name = ?3)
END);
