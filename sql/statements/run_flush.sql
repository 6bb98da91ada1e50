UPDATE run SET flushes = flushes + 1 WHERE id = ?1;
