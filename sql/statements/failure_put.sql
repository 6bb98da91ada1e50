INSERT INTO failure (
    item_id, target_id, stage, reason, detail, http_status, final_url, sha256, kind, bytes,
    fetch_ms, validate_ms, failed_ms)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13);
