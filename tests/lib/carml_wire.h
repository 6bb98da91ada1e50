/* carml_wire: what a CarML server writes, byte for byte as Go's encoding/json and the agents do:
 * empty values left out, the feature shape and order of the generation, fresh identifiers.
 *
 * Sources: rai-project/dlframework features.go, httpapi/models; Go encoding/json. Any thread.
 */
#ifndef TESTS_LIB_CARML_WIRE_H
#define TESTS_LIB_CARML_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/lib/text.h"

enum generation { GENERATION_A, GENERATION_B };

enum { UUID_SIZE = 37 };

/* A fresh version 4 UUID (RFC 9562), lower case. */
void wire_uuid(char uuid[UUID_SIZE]);

/* `digits` (at most 32) random hexadecimal digits, without leading zeros. */
void wire_trace_id(char *id, size_t digits);

/* The values of one picture. `label(context, i)` gives the label line of class i, never NULL. */
struct wire_classes {
    size_t count;
    const float *probabilities;
    const char *(*label)(const void *context, size_t index);
    const void *context;
};

/* Ways to write features that a test may ask for. */
struct wire_style {
    enum generation generation;
    bool marked; /* every label behind the "<> " that TensorFlow agents wrote until 2017-12-26 */
    bool incomplete; /* every second class is missing */
};

/* Appends the JSON array of all classes: A in class order, B by descending probability (equal ones
 * by index). Class 0 has no index, probability 0 no probability, an empty label no label. A value
 * that is NaN or infinite sets text->status to STATUS_DATA: Go cannot encode it. */
void wire_features(struct text *text, const struct wire_classes *classes, struct wire_style style);

/* Appends one element of `responses`: {"features":FEATURES,"id":…,"input_id":…,"request_id":…} in
 * two halves, so that FEATURES need not be copied. */
void wire_response_begin(struct text *text);
void wire_response_end(struct text *text, const char *request_id, bool html);

/* Appends the error object of a handler. Go's server pastes `message` between quotes unescaped;
 * when the result is no JSON it sends an empty body, and then nothing is appended. */
void wire_error(struct text *text, const char *name, const char *message, const char *handler);

#endif
