SELECT id FROM label WHERE line = ?1;
