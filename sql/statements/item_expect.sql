-- A later list may say what an earlier one left open; it never contradicts. ?2: what the later one
-- expects. The combination must be there, see expectation_join.
UPDATE item
SET expectation_id = (
    SELECT joined.id
    FROM expectation AS more
    LEFT JOIN expectation AS known ON known.id = item.expectation_id
    CROSS JOIN expectation AS joined
        ON ifnull(joined.wnid, '') = coalesce(known.wnid, more.wnid, '')
        AND ifnull(joined.text, '') = coalesce(known.text, more.text, '')
    WHERE more.id = ?2)
WHERE id = ?1 AND expectation_id IS NOT ?2;
