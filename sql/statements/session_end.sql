UPDATE session SET closed_ms = ?2 WHERE id = ?1;
