/* carml_mischief: when the server misbehaves, and how.
 *
 * A rule is KIND[:NUMBER][:every=N|:first=N|:after=N]; NUMBER is milliseconds for `slow` and
 * `delay-open`. Without a condition it holds for every call. Each rule counts the calls it could
 * have been applied to: predictions, or opens for `delay-open`. One thread.
 */
#ifndef TESTS_LIB_CARML_MISCHIEF_H
#define TESTS_LIB_CARML_MISCHIEF_H

#include <stddef.h>

#include "common/status.h"

/* name on the command line, what the server then does */
#define MISCHIEF_MAP(X)                                                                            \
    X(NONE, "none", "nothing wrong")                                                               \
    X(BAD_JSON, "400-json", "400 with the error object")                                           \
    X(BAD_EMPTY, "400-empty", "400 with an empty body")                                            \
    X(UNPROCESSABLE, "422", "422 as go-swagger writes it")                                         \
    X(PANIC, "500", "500 {\"message\":\"Internal Server Error\"}")                                 \
    X(NOT_IMPLEMENTED, "501", "501 with a JSON string")                                            \
    X(FORGET, "forget-predictor", "the predictor is unknown to the web server")                    \
    X(FORGET_AGENT, "forget-predictor-agent", "the predictor is unknown to the agent")             \
    X(EMPTY_RESPONSES, "empty-responses", "200 with \"responses\":[]")                             \
    X(STALL, "stall", "no answer, ever")                                                           \
    X(CUT, "cut", "half of an answer, then a reset")                                               \
    X(SHUFFLE, "shuffle", "responses in another order than the urls")                              \
    X(SLOW, "slow", "the answer comes NUMBER milliseconds late (default 1000)")                    \
    X(HUGE, "huge", "an answer of NUMBER MiB (default 256)")                                       \
    X(NOT_JSON, "not-json", "200 with a web page")                                                 \
    X(NAN, "nan", "200 with an empty body: a NaN could not be encoded")                            \
    X(ESCAPES, "escapes", "labels begin with \\u003c\\u003e")                                      \
    X(MISSING_CLASSES, "missing-classes", "every second class is missing")                         \
    X(CRASH, "crash", "the process dies by SIGKILL")                                               \
    X(DELAY_OPEN, "delay-open", "open answers NUMBER milliseconds late (default 1000)")

enum mischief_kind {
#define X(name, word, text) MISCHIEF_##name,
    MISCHIEF_MAP(X)
#undef X
        MISCHIEF_KINDS
};

struct mischief_rule {
    enum mischief_kind kind;
    unsigned long number;              /* 0: the kind's default */
    unsigned long every, first, after; /* 0: not set */
    unsigned long calls;
};

enum { MISCHIEF_RULES = 16 };

struct mischief {
    struct mischief_rule rules[MISCHIEF_RULES];
    size_t count;
};

/* Adds a rule; "none" removes all. STATUS_USAGE for what is not a rule, STATUS_LIMIT for too many.
 */
enum status mischief_add(struct mischief *mischief, const char *rule,
                         struct error *error) MUST_CHECK;

/* Counts one prediction (or one open) and returns the first rule that holds for it, or NULL. */
const struct mischief_rule *mischief_for_predict(struct mischief *mischief);
const struct mischief_rule *mischief_for_open(struct mischief *mischief);

/* One line per kind, for --help. */
void mischief_describe(void);

#endif
