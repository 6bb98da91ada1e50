/* npz: archives of .npy arrays, as numpy.savez() writes them (zip, PKWARE APPNOTE.TXT 6.3).
 *
 * Only stored (uncompressed) entries; at most 65,535 of them and 4 GB. CRC-32 is checked on
 * reading. A reader or writer belongs to one thread at a time.
 */
#ifndef MODEL_FORMAT_NPZ_H
#define MODEL_FORMAT_NPZ_H

#include "model/format/npy.h"

struct npz;
struct npz_writer;

/* Maps the archive and checks its directory. The caller closes *out. */
enum status npz_open(const char *path, struct npz **out, struct error *error) MUST_CHECK;
void npz_close(struct npz *npz);

size_t npz_count(const struct npz *npz);

/* Name without ".npy"; lives as long as the archive. */
const char *npz_name(const struct npz *npz, size_t index);

/* Reads the array called `name` (without ".npy"); the caller frees it with npy_free(). STATUS_DATA
 * when there is none. */
enum status npz_find(const struct npz *npz, const char *name, struct npy_array *out,
                     struct error *error) MUST_CHECK;

/* Starts an archive under a temporary name beside `path`. The caller ends it with
 * npz_write_finish() or npz_write_cancel(). */
enum status npz_write_begin(const char *path, struct npz_writer **out,
                            struct error *error) MUST_CHECK;

/* Appends float32 values, row-major. STATUS_DATA when `name` is already in the archive. */
enum status npz_write_add(struct npz_writer *writer, const char *name, unsigned dims,
                          const int64_t *shape, const float *data, struct error *error) MUST_CHECK;

/* Writes the directory, syncs and renames to `path`. Frees the writer in any case; on failure
 * nothing is left behind and `path` is untouched. */
enum status npz_write_finish(struct npz_writer *writer, struct error *error) MUST_CHECK;

/* Drops the archive. NULL is fine. */
void npz_write_cancel(struct npz_writer *writer);

#endif
