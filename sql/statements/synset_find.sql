SELECT 1 FROM synset WHERE wnid = ?1;
