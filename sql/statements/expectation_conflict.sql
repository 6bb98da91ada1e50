-- 1 where the item ?1 already expects something else than ?2 does, and keeps it.
SELECT count(*)
FROM item
CROSS JOIN expectation AS known ON known.id = item.expectation_id
CROSS JOIN expectation AS more ON more.id = ?2
WHERE item.id = ?1 AND (known.wnid <> more.wnid OR known.text <> more.text);
