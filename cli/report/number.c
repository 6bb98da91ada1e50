#include "cli/report/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/report/figure.h"

#define DASH "\u2013"
#define MINUS "\u2212"
#define BLANK "\u00a0" /* that does not break */

static struct number dash(void)
{
    return (struct number){DASH};
}

static void append(struct number *number, const char *text)
{
    size_t used = strlen(number->text);
    snprintf(number->text + used, sizeof number->text - used, "%s", text);
}

/* The exponent of "3.1e-07" as a power of ten. */
static void append_power(struct number *number, long exponent)
{
    static const char *const digits[] = {"\u2070", "\u00b9", "\u00b2", "\u00b3", "\u2074",
                                         "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
    char text[24];
    snprintf(text, sizeof text, "%ld", labs(exponent));
    append(number, BLANK "\u00d7" BLANK "10");
    append(number, exponent < 0 ? "\u207b" : "");
    for (const char *c = text; *c; c++)
        append(number, digits[*c - '0']);
}

/* What figure.h made, as it is printed. */
static struct number typeset(const char *plain)
{
    struct number number = {""};
    if (strcmp(plain, "-") == 0)
        return dash();
    for (; *plain; plain++) {
        const char one[] = {*plain, '\0'};
        if (*plain == 'e') {
            append_power(&number, strtol(plain + 1, NULL, 10));
            break;
        }
        append(&number, *plain == '-' ? MINUS : *plain == ' ' ? BLANK : one);
    }
    return number;
}

struct number number_count(uint64_t value)
{
    char digits[FIGURE_SIZE];
    struct number number = {""};
    size_t length = strlen(figure_count(value, digits)), at = 0;

    for (size_t i = 0; i < length; i++) {
        if (i && (length - i) % 3 == 0)
            number.text[at++] = ',';
        number.text[at++] = digits[i];
    }
    number.text[at] = '\0';
    return number;
}

struct number number_fixed(double value, int digits)
{
    char text[FIGURE_SIZE];
    return typeset(figure_fixed(value, digits, text));
}

struct number number_signed(double value, int digits)
{
    char text[FIGURE_SIZE];
    return typeset(figure_signed(value, digits, text));
}

static struct number join(struct number low, const char *between, struct number high)
{
    struct number number;
    snprintf(number.text, sizeof number.text, "%.30s%s%.30s", low.text, between, high.text);
    return number;
}

struct number number_range(double low, double high, int digits)
{
    if (!isfinite(low) || !isfinite(high))
        return dash();
    return join(number_fixed(low, digits), DASH, number_fixed(high, digits));
}

struct number number_signed_range(double low, double high, int digits)
{
    if (!isfinite(low) || !isfinite(high))
        return dash();
    return join(number_signed(low, digits), " to ", number_signed(high, digits));
}

struct number number_share(uint64_t part, uint64_t whole)
{
    char text[FIGURE_SIZE];
    return typeset(figure_share(part, whole, text));
}

struct number number_p(double value)
{
    char text[FIGURE_SIZE];
    return typeset(figure_p(value, text));
}

struct number number_small(double value)
{
    char text[FIGURE_SIZE];
    return typeset(figure_small(value, text));
}

struct number number_ms(double ms)
{
    static const struct {
        double below, unit;
        int digits;
        const char *name;
    } steps[] = {{0.995, 1, 2, "ms"},     {9.95, 1, 1, "ms"},    {999.5, 1, 0, "ms"},
                 {9950, 1000, 1, "s"},    {59500, 1000, 0, "s"}, {3570000, 60000, 1, "min"},
                 {1e300, 3600000, 1, "h"}};
    struct number number;
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (fabs(ms) < steps[i].below) {
            snprintf(number.text, sizeof number.text, "%.40s" BLANK "%s",
                     number_fixed(ms / steps[i].unit, steps[i].digits).text, steps[i].name);
            return number;
        }
    return dash();
}

struct number number_time(int64_t seconds)
{
    struct number number;
    time_t moment = (time_t)seconds;
    struct tm parts;
    if (!gmtime_r(&moment, &parts) ||
        !strftime(number.text, sizeof number.text, "%Y-%m-%d %H:%M:%S", &parts))
        return dash();
    return number;
}

struct number number_duration(int64_t seconds)
{
    struct number number;
    long long s = seconds;
    if (s < 120)
        snprintf(number.text, sizeof number.text, "%lld" BLANK "s", s);
    else if (s < 2 * 3600)
        snprintf(number.text, sizeof number.text, "%lld" BLANK "min", s / 60);
    else if (s < 48 * 3600)
        snprintf(number.text, sizeof number.text, "%lld" BLANK "h" BLANK "%lld" BLANK "min",
                 s / 3600, s / 60 % 60);
    else
        snprintf(number.text, sizeof number.text, "%lld" BLANK "d" BLANK "%lld" BLANK "h",
                 s / 86400, s / 3600 % 24);
    return number;
}
