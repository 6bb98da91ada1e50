-- The ceiling ends what somebody has made a circle of.
WITH RECURSIVE above (wnid, distance) AS (
    SELECT ?1, 0
    UNION
    SELECT isa.parent, above.distance + 1
    FROM above JOIN isa ON isa.child = above.wnid
    WHERE above.distance < 64
)
SELECT synset.wnid, synset.name, min(above.distance) AS distance
FROM above CROSS JOIN synset ON synset.wnid = above.wnid
GROUP BY synset.wnid
ORDER BY distance, synset.wnid;
