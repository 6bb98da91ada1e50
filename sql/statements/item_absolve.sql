UPDATE item SET crashes = 0 WHERE id = ?1 AND crashes > 0;
