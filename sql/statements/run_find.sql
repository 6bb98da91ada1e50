SELECT id FROM run WHERE name = ?1;
