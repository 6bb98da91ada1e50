-- The first label of its class stands for it.
UPDATE label SET class_id = id WHERE id = ?1 AND class_id IS NULL;
