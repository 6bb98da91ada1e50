SELECT id FROM expectation
WHERE ifnull(wnid, '') = ifnull(?1, '') AND ifnull(text, '') = ifnull(?2, '');
