/* status: the one error type of the project.
 *
 * Every fallible function returns an `enum status` and, where a person may read the cause, fills a
 * `struct error` with one line "WHERE: WHAT, and how to mend it". STATUS_OK is 0, so
 * `if (status) goto out;` reads as "if it failed".
 */
#ifndef COMMON_STATUS_H
#define COMMON_STATUS_H

#include <stdarg.h>

/* name, text, process exit code. The exit codes are part of the public interface. */
#define STATUS_MAP(X)                                                                              \
    X(OK, "ok", 0)                                                                                 \
    X(NO, "the answer is no", 1)                                                                   \
    X(USAGE, "wrong usage", 2)                                                                     \
    X(DATA, "bad input data", 65)                                                                  \
    X(LIMIT, "a configured limit was exceeded", 65)                                                \
    X(UNSUPPORTED, "not supported", 65)                                                            \
    X(UNAVAILABLE, "a service is unavailable", 69)                                                 \
    X(INTERNAL, "internal error", 70)                                                              \
    X(MEMORY, "out of memory", 70)                                                                 \
    X(IO, "input/output error", 74)                                                                \
    X(FULL, "no space left", 74)                                                                   \
    X(CONFIG, "bad configuration", 78)

enum status {
#define X(name, text, exit_code) STATUS_##name,
    STATUS_MAP(X)
#undef X
};

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))

/* Holds one line for a person. Lives on the caller's stack; never owns memory. */
struct error {
    char text[1024];
};

/* Fixed English text of a status, never NULL. Any thread. */
const char *status_text(enum status status);

/* The exit code a command ends with, as listed in carmlbench(1). Any thread. */
int status_exit_code(enum status status);

/* Writes the line into `error` (cut to fit, control characters replaced by '?') and returns
 * `status`, so that a failure is `return error_set(err, STATUS_DATA, "...")`. `error` may be NULL.
 */
enum status error_set(struct error *error, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Puts "WHERE: " before the line already in `error`; returns `status`. `error` may be NULL. */
enum status error_prefix(struct error *error, enum status status, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
