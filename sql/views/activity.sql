-- What the daemon that holds the database is doing; no rows when none does or it has ended cleanly.
CREATE VIEW activity AS
SELECT
    name,
    state,
    in_flight,
    ceiling,
    detail,
    strftime('%Y-%m-%dT%H:%M:%fZ', updated_ms / 1000.0, 'unixepoch') AS updated_at
FROM live;
