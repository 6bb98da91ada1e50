SELECT 'table ' || "table" || ': a row refers to a row of ' || parent || ' that is missing'
FROM pragma_foreign_key_check;
