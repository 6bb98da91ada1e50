WITH RECURSIVE below (wnid) AS (
    SELECT child FROM isa WHERE parent = ?1
    UNION
    SELECT isa.child FROM below JOIN isa ON isa.parent = below.wnid
)
SELECT count(*) FROM below;
