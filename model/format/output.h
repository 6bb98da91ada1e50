/* output: a file that is written once, from the beginning to the end; a few bytes may be put in
 * later.
 *
 * The first error sticks; output_close() reports it. Owned by one thread.
 */
#ifndef MODEL_FORMAT_OUTPUT_H
#define MODEL_FORMAT_OUTPUT_H

#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "model/weight.h"

struct output;

/* Creates `path`, which must not exist. The caller ends it with output_close(). */
enum status output_create(const char *path, struct output **out, struct error *error) MUST_CHECK;

void output_write(struct output *output, const void *bytes, size_t size);

/* Writes all of a weight's floats in row-major order: straight from where they lie if they are
 * contiguous, else through a buffer of up to 16 MB. */
void output_weight(struct output *output, const struct weight *weight);

/* The same; gives the CRC-32 of these bytes, taken on their way. */
uint32_t output_weight_crc(struct output *output, const struct weight *weight);

/* Puts other bytes in the place of some that were written. */
void output_replace(struct output *output, uint64_t offset, const void *bytes, size_t size);

/* Asks for what was written so far to be on the disk when it returns. */
void output_sync(struct output *output);

/* Bytes written so far. */
uint64_t output_size(const struct output *output);

/* Flushes and frees. STATUS_FULL or STATUS_IO when anything could not be written; the file is then
 * removed. The file is not synced: what is converted can be converted again. NULL is fine. */
enum status output_close(struct output *output, struct error *error) MUST_CHECK;

/* Frees it and removes the file. NULL is fine. */
void output_discard(struct output *output);

#endif
