#include "common/status.h"

#include <stdio.h>
#include <string.h>

#include "common/utf8.h"

static const struct {
    const char *text;
    int exit_code;
} statuses[] = {
#define X(name, text, exit_code) {text, exit_code},
    STATUS_MAP(X)
#undef X
};

const char *status_text(enum status status)
{
    if ((unsigned)status >= sizeof statuses / sizeof statuses[0])
        return "unknown status";
    return statuses[status].text;
}

int status_exit_code(enum status status)
{
    if ((unsigned)status >= sizeof statuses / sizeof statuses[0])
        return statuses[STATUS_INTERNAL].exit_code;
    return statuses[status].exit_code;
}

enum status error_set(struct error *error, enum status status, const char *format, ...)
{
    if (!error)
        return status;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    utf8_make_line(error->text);
    return status;
}

enum status error_prefix(struct error *error, enum status status, const char *format, ...)
{
    if (!error)
        return status;
    struct error before = *error;
    va_list arguments;
    va_start(arguments, format);
    int n = vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    size_t used = n < 0 ? 0 : (size_t)n;
    if (used < sizeof error->text)
        snprintf(error->text + used, sizeof error->text - used, ": %.900s", before.text);
    utf8_make_line(error->text);
    return status;
}
