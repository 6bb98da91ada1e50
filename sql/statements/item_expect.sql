-- A later list may say what an earlier one left open; it never contradicts.
UPDATE item
SET expect_wnid = coalesce(expect_wnid, ?2), expect_text = coalesce(expect_text, ?3)
WHERE id = ?1
    AND (expect_wnid IS NULL AND ?2 IS NOT NULL OR expect_text IS NULL AND ?3 IS NOT NULL);
