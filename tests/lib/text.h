/* text: a buffer with a sticky status, so that building an answer is a row of calls and one check.
 *
 * After the first failure (the ceiling, or no memory) every further call does nothing and `status`
 * tells what happened. One thread at a time.
 */
#ifndef TESTS_LIB_TEXT_H
#define TESTS_LIB_TEXT_H

#include <stdbool.h>

#include "common/buf.h"

struct text {
    struct buf buf;
    enum status status;
};

/* Makes an empty text of at most `limit` bytes. */
void text_init(struct text *text, size_t limit);

void text_put(struct text *text, const void *bytes, size_t size);
void text_add(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

/* Appends `string` as a JSON string with its quotes, as Go's encoding/json writes it: UTF-8 as it
 * is, control characters, U+2028 and U+2029 escaped, invalid bytes replaced by U+FFFD; with `html`
 * also
 * '<', '>' and '&' become \u003c, \u003e and \u0026. */
void text_json(struct text *text, const char *string, bool html);

/* Appends `value` as Go's encoding/json writes a float32: the shortest digits that read
 * back to the same float32, exponent form below 1e-6 and from 1e21, "e-9" instead of "e-09".
 * STATUS_DATA for NaN and infinity, which Go cannot encode. */
void text_float32(struct text *text, float value);

void text_free(struct text *text);

#endif
