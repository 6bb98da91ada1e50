/* carml_answer: the best three classes out of the body of a CarML prediction.
 *
 * A body holds one entry per class: 1,000 entries are 97 kB, 21,841 entries 3 MB. Building a tree
 * of it costs milliseconds of the loop and fifteen times the body in memory, all for three lines.
 * This is a scanner of JSON (RFC 8259) made for exactly this document: one pass, no allocation,
 * depth limited, as strict as a general parser. tests/bench/answer.c measures it against jansson;
 * the unit test checks that both accept and find the same.
 *
 * The document: dlframeworkFeaturesResponse of rai-project/dlframework, both generations. Names
 * that are absent mean 0 or "" (Go leaves empty values out). Any thread.
 */
#ifndef DAEMON_BACKENDS_CARML_ANSWER_H
#define DAEMON_BACKENDS_CARML_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include "common/reason.h"
#include "common/status.h"

enum {
    CARML_ANSWER_BEST = 3,
    CARML_ANSWER_LABEL = 512, /* bytes of a label that are kept, NUL included */
    CARML_ANSWER_DEPTH = 64   /* nested arrays and objects that are followed */
};

enum carml_generation { CARML_GENERATION_UNKNOWN, CARML_GENERATION_A, CARML_GENERATION_B };

struct carml_class {
    uint32_t index;
    double probability;             /* finite */
    char label[CARML_ANSWER_LABEL]; /* UTF-8, a leading "<> " dropped */
};

struct carml_answer {
    enum carml_generation generation; /* told by the shape of the entries */
    size_t responses;                 /* pictures that were answered */
    size_t classes;                   /* entries of the first one */
    size_t count;                     /* of `best` */
    /* By probability descending, then index ascending. An entry that repeats another one's index
     * and label counts once, with the higher probability. */
    struct carml_class best[CARML_ANSWER_BEST];
};

/* Reads a body. STATUS_OK: exactly one picture was answered, with at least one class. Otherwise
 * STATUS_DATA; *reason is REASON_empty_answer (no picture, several pictures, no class) or
 * REASON_bad_answer (no body, not JSON, another document, a number no class or probability can
 * have), and `error` says where in words. */
enum status carml_answer_parse(const char *body, size_t size, struct carml_answer *answer,
                               enum reason *reason, struct error *error) MUST_CHECK;

/* "A", "B", "unknown". */
const char *carml_generation_name(enum carml_generation generation);

#endif
