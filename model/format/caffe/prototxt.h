/* prototxt: protobuf's text format as a tree of fields, without a schema.
 *
 * Bounded: at most PROTOTXT_MAX_SIZE bytes, PROTOTXT_MAX_FIELDS fields and PROTOTXT_MAX_DEPTH
 * levels. Reads `name: value`, `name { }`, `name: { }`, `name < >`, lists `[a, b]`, adjacent
 * strings, comments. Error lines are "FILE:LINE: WHAT". Source:
 * https://protobuf.dev/reference/protobuf/textformat-spec/
 */
#ifndef MODEL_FORMAT_CAFFE_PROTOTXT_H
#define MODEL_FORMAT_CAFFE_PROTOTXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

enum { PROTOTXT_MAX_DEPTH = 64, PROTOTXT_MAX_FIELDS = 1000000, PROTOTXT_MAX_SIZE = 64 << 20 };

enum prototxt_kind { PROTOTXT_MESSAGE, PROTOTXT_STRING, PROTOTXT_WORD };

/* One field; a list in brackets becomes one field per element. */
struct prototxt_field {
    const char *name;
    enum prototxt_kind kind;
    const char *text;                   /* of STRING (unescaped) and WORD; NUL-terminated */
    const struct prototxt_field *first; /* of MESSAGE */
    const struct prototxt_field *next;  /* sibling */
    unsigned line;
};

struct prototxt;

/* Parses `size` bytes; `file` is used in error lines. The caller frees *out. */
enum status prototxt_parse(const char *file, const void *bytes, size_t size, struct prototxt **out,
                           struct error *error) MUST_CHECK;
void prototxt_free(struct prototxt *prototxt);

/* The whole file as one message. */
const struct prototxt_field *prototxt_root(const struct prototxt *prototxt);

/* The first field called `name` in a message (NULL message: none), and the next after `field`. */
const struct prototxt_field *prototxt_find(const struct prototxt_field *message, const char *name);
const struct prototxt_field *prototxt_find_next(const struct prototxt_field *field);
size_t prototxt_count(const struct prototxt_field *message, const char *name);

/* Typed reading. The first error sticks in `status` and `error`; every later call then returns its
 * default, so that a group of reads is checked once at the end. */
struct prototxt_reader {
    const char *file;
    struct error *error;
    enum status status;
};

/* The value of the only field called `name`, or `fallback` when there is none (or `message` is
 * NULL). A value of another type, outside [low, high], or given twice is STATUS_DATA. */
int64_t prototxt_int(struct prototxt_reader *reader, const struct prototxt_field *message,
                     const char *name, int64_t low, int64_t high, int64_t fallback);
float prototxt_float(struct prototxt_reader *reader, const struct prototxt_field *message,
                     const char *name, float fallback);
bool prototxt_bool(struct prototxt_reader *reader, const struct prototxt_field *message,
                   const char *name, bool fallback);
const char *prototxt_string(struct prototxt_reader *reader, const struct prototxt_field *message,
                            const char *name, const char *fallback);
const struct prototxt_field *prototxt_message(struct prototxt_reader *reader,
                                              const struct prototxt_field *message,
                                              const char *name);

/* An enum by name or number: the index of the word in `words` (separated by blanks, in the order of
 * the numbers from 0). */
int prototxt_enum(struct prototxt_reader *reader, const struct prototxt_field *message,
                  const char *name, const char *words, int fallback);

/* The value of this one field, as above. */
int64_t prototxt_field_int(struct prototxt_reader *reader, const struct prototxt_field *field,
                           int64_t low, int64_t high);
float prototxt_field_float(struct prototxt_reader *reader, const struct prototxt_field *field);
const char *prototxt_field_string(struct prototxt_reader *reader,
                                  const struct prototxt_field *field);

/* STATUS_DATA when the message has a field whose name is not in `names` (separated by blanks): a
 * misspelt parameter would silently change the network. */
void prototxt_known(struct prototxt_reader *reader, const struct prototxt_field *message,
                    const char *names);

/* Sets "FILE:LINE: WHAT" unless an error stands already. */
void prototxt_fail(struct prototxt_reader *reader, const struct prototxt_field *field,
                   enum status status, const char *format, ...) PRINTF_LIKE(4, 5);

#endif
