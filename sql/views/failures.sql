-- One row per failed job, with its last reason.
CREATE VIEW failures AS
SELECT
    run.name AS run,
    item.url AS url,
    target.model AS model,
    target.framework AS framework,
    target.backend AS backend,
    failure.stage AS stage,
    failure.reason AS reason,
    failure.detail AS detail,
    job.tries AS attempts,
    strftime('%Y-%m-%dT%H:%M:%fZ', failure.failed_ms / 1000.0, 'unixepoch') AS failed_at
FROM failure
CROSS JOIN job ON job.item_id = failure.item_id AND job.target_id = failure.target_id
CROSS JOIN item ON item.id = failure.item_id
CROSS JOIN run ON run.id = item.run_id
CROSS JOIN target ON target.id = failure.target_id
WHERE job.state = 3;
