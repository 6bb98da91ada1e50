UPDATE job SET state = 0, owner = NULL
WHERE (item_id, target_id) IN (
    SELECT item_id, target_id FROM job INDEXED BY job_leased WHERE state = 1);
