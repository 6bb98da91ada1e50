/* figure: numbers as people read them: fixed digits, "-" where there is none, never "-0.000". */
#ifndef CLI_REPORT_FIGURE_H
#define CLI_REPORT_FIGURE_H

#include <stdint.h>

enum { FIGURE_SIZE = 64 };

/* Each writes into `text`, of FIGURE_SIZE bytes, and returns it. From a million on they have three
 * digits and an exponent: "1.23e+70". */
char *figure_fixed(double value, int digits, char *text);
char *figure_signed(double value, int digits, char *text); /* "+0.012" */
char *figure_count(uint64_t value, char *text);

/* "[0.808, 0.832]" */
char *figure_interval(double low, double high, int digits, char *text);

/* A difference that may be tiny: "0.0132", "1.2e-07", "0". */
char *figure_small(double value, char *text);

/* A p-value: four digits, or "< 0.0001". */
char *figure_p(double value, char *text);

/* "12.3 %" of `part` in `whole`; neither all nor none unless it is. */
char *figure_share(uint64_t part, uint64_t whole, char *text);

#endif
