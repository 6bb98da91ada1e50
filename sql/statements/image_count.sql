UPDATE image SET urls = urls + 1 WHERE id = ?1;
