/* emit: rows from the store as a table, CSV, JSON lines or one JSON array.
 *
 * Rows stream: at most EMIT_SAMPLE rows are held, to find the widths of a table's columns.
 */
#ifndef CLI_EMIT_H
#define CLI_EMIT_H

#include <stdio.h>

#include "common/status.h"
#include "common/store/store.h"

enum emit_format { EMIT_TABLE, EMIT_CSV, EMIT_JSONL, EMIT_JSON };
enum { EMIT_SAMPLE = 256, EMIT_COLUMNS = 64 };

struct emitter;

/* `columns`: the names to write, in this order, ended by NULL; NULL: all. Caller frees *out. */
enum status emitter_create(FILE *out, enum emit_format format, const char *const *columns,
                           struct emitter **emitter) MUST_CHECK;

/* A store_row_fn: `context` is the emitter. `values` NULL: only the header, for a result without
 * rows; it shows in CSV. Returns non-zero when memory is out or `out` fails. */
int emitter_row(void *context, size_t columns, const char *const *names,
                const struct store_value *values);

/* Writes what is held back and the end (a table's rows, the closing bracket). Returns the number of
 * rows. */
uint64_t emitter_end(struct emitter *emitter);
void emitter_free(struct emitter *emitter);

/* "table", "csv", "jsonl". STATUS_USAGE for another word. */
enum status emit_parse(const char *word, enum emit_format *format) MUST_CHECK;

#endif
