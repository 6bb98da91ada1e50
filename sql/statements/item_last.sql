-- The highest id so far; 0 without any.
SELECT coalesce(max(id), 0) FROM item;
