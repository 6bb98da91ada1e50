INSERT INTO synset (wnid, name) VALUES (?1, ?2);
