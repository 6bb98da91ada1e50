SELECT run, model, framework_a, framework_b, images, both, only_a, only_b, neither, difference, low,
       high, p_value, p_holm, mean_abs_probability_difference, max_abs_probability_difference,
       same_first, same_three
FROM comparison
WHERE scoring IN (:paired, 'none') AND run IN (:runs)
