SELECT run, model, framework, backend, bin_low, bin_high, images, mean_confidence, accuracy, ece
FROM calibration
WHERE scoring = :scoring AND run IN (:runs)
