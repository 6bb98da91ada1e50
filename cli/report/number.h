/* number: what figure.h makes, as it is printed: thousands apart, a real minus, blanks that do not
 * break, powers of ten, and a dash where there is nothing to tell (NAN, infinities).
 *
 * Each function returns a text by value, so that it can stand in an argument list:
 * `html_put(html, "<td>%s</td>", number_fixed(accuracy, 3).text)`. UTF-8. Any thread.
 */
#ifndef CLI_REPORT_NUMBER_H
#define CLI_REPORT_NUMBER_H

#include <stdint.h>

struct number {
    char text[72];
};

/* "4,081" */
struct number number_count(uint64_t value);

/* "0.820"; with a real minus. `digits` behind the point, at most 9. */
struct number number_fixed(double value, int digits);

/* "+0.016", and "0.000" for what rounds to that. */
struct number number_signed(double value, int digits);

/* "0.808–0.831"; "−0.002 to +0.034" with signs. */
struct number number_range(double low, double high, int digits);
struct number number_signed_range(double low, double high, int digits);

/* "12.3 %" of a whole. */
struct number number_share(uint64_t part, uint64_t whole);

/* A probability of a test: "< 0.0001", "0.0312". */
struct number number_p(double value);

/* What may be tiny: "0", "0.1250", "3.1 × 10⁻⁷". */
struct number number_small(double value);

/* Milliseconds: "0.42 ms", "12 ms", "3.4 s", "2.0 min". */
struct number number_ms(double ms);

/* Unix time in UTC: "2026-11-23 07:58:06". */
struct number number_time(int64_t seconds);

/* A length of time in seconds: "40 s", "12 min", "3 h 20 min", "2 d 4 h". */
struct number number_duration(int64_t seconds);

#endif
