-- How many pictures each run met. placeholders and duplicates: of the URLs that answered with one,
-- and how many would be left out for that.
CREATE VIEW collection AS
SELECT
    run,
    count(*) AS pictures,
    coalesce(sum(urls) FILTER (WHERE placeholder), 0) AS placeholders,
    coalesce(sum(urls - 1) FILTER (WHERE urls > 1 AND NOT placeholder), 0) AS duplicates
FROM pictures
GROUP BY run;
