-- The texts that the view lacking looks for, as it compares them.
SELECT id, lower(text) FROM expectation WHERE text IS NOT NULL;
