-- The names in which the view lacking looks for texts, as it compares them.
SELECT lower(name) FROM label;
