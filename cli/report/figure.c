#include "cli/report/figure.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* From here on digits before the point are noise: no probability, rate or time is as large as a
 * rule, and what was imported may be any number. */
static const double LARGE = 1e6;

static char *none(char *text)
{
    return memcpy(text, "-", 2);
}

/* Cuts the sign of what was rounded to zero. */
static void drop_sign_of_zero(char *text)
{
    if (text[0] != '-' && text[0] != '+')
        return;
    if (strspn(text + 1, "0.") == strlen(text + 1))
        memmove(text, text + 1, strlen(text));
}

char *figure_fixed(double value, int digits, char *text)
{
    if (!isfinite(value))
        return none(text);
    if (fabs(value) >= LARGE)
        snprintf(text, FIGURE_SIZE, "%.3g", value);
    else
        snprintf(text, FIGURE_SIZE, "%.*f", digits, value);
    drop_sign_of_zero(text);
    return text;
}

char *figure_signed(double value, int digits, char *text)
{
    if (!isfinite(value))
        return none(text);
    if (fabs(value) >= LARGE)
        snprintf(text, FIGURE_SIZE, "%+.3g", value);
    else
        snprintf(text, FIGURE_SIZE, "%+.*f", digits, value);
    drop_sign_of_zero(text);
    return text;
}

char *figure_count(uint64_t value, char *text)
{
    snprintf(text, FIGURE_SIZE, "%" PRIu64, value);
    return text;
}

char *figure_interval(double low, double high, int digits, char *text)
{
    char from[FIGURE_SIZE], to[FIGURE_SIZE];
    if (!isfinite(low) || !isfinite(high))
        return none(text);
    figure_fixed(low, digits, from);
    figure_fixed(high, digits, to);
    snprintf(text, FIGURE_SIZE, "[%.28s, %.28s]", from, to);
    return text;
}

char *figure_small(double value, char *text)
{
    double size = fabs(value);
    if (!isfinite(value) || size >= 0.001)
        return figure_fixed(value, 4, text);
    snprintf(text, FIGURE_SIZE, size > 0 ? "%.1e" : "%.0f", size > 0 ? value : 0.0);
    return text;
}

char *figure_p(double value, char *text)
{
    if (value >= 0 && value < 0.0001)
        return memcpy(text, "< 0.0001", 9);
    return figure_fixed(value, 4, text);
}

char *figure_share(uint64_t part, uint64_t whole, char *text)
{
    if (whole == 0)
        return none(text);
    double percent = 100.0 * (double)part / (double)whole;
    if (part > 0 && percent < 0.05)
        return memcpy(text, "< 0.1 %", 8);
    if (part < whole && percent > 99.95)
        return memcpy(text, "> 99.9 %", 9);
    snprintf(text, FIGURE_SIZE, "%.1f %%", percent);
    return text;
}
