DELETE FROM synset;
