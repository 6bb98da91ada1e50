SELECT url, model_a, framework_a, label_a, probability_a, model_b, framework_b, label_b,
       probability_b
FROM disagreements
WHERE run IN (:runs)
ORDER BY apart DESC
LIMIT :disagreements
