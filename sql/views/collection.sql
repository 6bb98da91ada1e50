-- How many pictures each run met. placeholders and duplicates: of the URLs that answered with one,
-- and how many would be left out for that. The plus keeps SQLite from reading along the index of
-- hashes, which visits the rows at random.
CREATE VIEW collection AS
WITH total AS (
    SELECT
        run_id, count(*) AS pictures, sum(placeholder * urls) AS placeholders,
        sum(NOT placeholder AND urls > 1) AS repeated,
        sum(urls * (NOT placeholder AND urls > 1)) AS repeats
    FROM (
        SELECT
            run_id, urls,
            listed OR urls >= (SELECT value FROM setting WHERE name = 'placeholder_urls')
                AS placeholder
        FROM image
        WHERE kind IS NOT 'answer')
    GROUP BY +run_id
)
SELECT
    run.name AS run,
    total.pictures AS pictures,
    total.placeholders AS placeholders,
    total.repeats - total.repeated AS duplicates
FROM total
JOIN run ON run.id = total.run_id;
