SELECT 'result ' || result.item_id || '/' || result.target_id || ': does not say what produced it'
FROM result
LEFT JOIN producer ON producer.id = result.producer_id
LEFT JOIN label ON label.id = result.label1
WHERE coalesce(producer.backend, '') = '' OR label.id IS NULL;
