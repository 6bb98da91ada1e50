-- What the item ?1 expects, and where that says nothing, what ?2 does.
INSERT OR IGNORE INTO expectation (wnid, text)
SELECT coalesce(known.wnid, more.wnid), coalesce(known.text, more.text)
FROM item, expectation AS more
LEFT JOIN expectation AS known ON known.id = item.expectation_id
WHERE item.id = ?1 AND more.id = ?2;
