SELECT run, model, framework, backend, images, correct, accuracy, accuracy_low, accuracy_high,
       mean_probability, placeholders, duplicates
FROM accuracy
WHERE scoring = :scoring AND run IN (:runs)
