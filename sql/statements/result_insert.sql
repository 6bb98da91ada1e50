INSERT INTO result (
    item_id, target_id, attempt, producer_id, image_id, sent_as, http_status, final_url, fetch_ms,
    validate_ms, predict_ms, completed_ms, class1, label1, probability1, class2, label2,
    probability2, class3, label3, probability3)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,
    ?21);
