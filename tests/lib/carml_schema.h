/* carml_schema: the request bodies of CarML and the types go-swagger insists on.
 *
 * Unknown names are ignored, null counts as absent, a wrong JSON type is a parse error, a word
 * outside an enumeration is refused by the validator.
 */
#ifndef TESTS_LIB_CARML_SCHEMA_H
#define TESTS_LIB_CARML_SCHEMA_H

#include <jansson.h>

#include "tests/lib/carml_wire.h"

enum request_kind { REQUEST_OPEN, REQUEST_URLS, REQUEST_IMAGES, REQUEST_CLOSE, REQUEST_RESET };

/* Checks a parsed body. Returns 0, or the `code` of go-swagger's refusal (400 or 606) with its
 * message in `message`. */
unsigned schema_check(enum request_kind kind, enum generation generation, const json_t *body,
                      char *message, size_t size);

/* The string at `name` of `object`; "" when it, or the object, is absent. */
const char *schema_string(const json_t *object, const char *name);

#endif
