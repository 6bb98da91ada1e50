/* npz: archives of .npy arrays, as numpy.savez() writes them (zip, PKWARE APPNOTE.TXT 6.3).
 *
 * Only stored (uncompressed) entries, in the form of zip64 too, which numpy uses for all sizes.
 * CRC-32 is checked on reading. A reader or writer belongs to one thread at a time.
 *
 * Written entries begin at a multiple of 64 bytes: the local header is filled up by an extra field
 * (0xD935, that of Android's zipalign), and the header of a .npy is a multiple of 64 itself. So the
 * numbers can be used where a mapping of the archive has them.
 */
#ifndef MODEL_FORMAT_NUMPY_NPZ_H
#define MODEL_FORMAT_NUMPY_NPZ_H

#include "model/format/mapping.h"
#include "model/format/numpy/npy.h"
#include "model/weight.h"

struct npz;
struct npz_writer;

/* Maps the archive and checks its directory: every entry inside the file, none over another, no
 * name twice. The caller closes *out. */
enum status npz_open(const char *path, struct npz **out, struct error *error) MUST_CHECK;
void npz_close(struct npz *npz);

size_t npz_count(const struct npz *npz);

/* Name without ".npy"; lives as long as the archive. */
const char *npz_name(const struct npz *npz, size_t index);

/* The index of the array called `name` (without ".npy"), or -1. */
int64_t npz_index(const struct npz *npz, const char *name);

/* Reads the array called `name`; the caller frees it with npy_free(). STATUS_DATA when there is
 * none. */
enum status npz_find(const struct npz *npz, const char *name, struct npy_array *out,
                     struct error *error) MUST_CHECK;

/* The same where it lies, checked; good as long as the mapping. */
enum status npz_look(const struct npz *npz, size_t index, struct npy_view *out,
                     struct error *error) MUST_CHECK;

/* The archive's mapping, for graph_keep(), which sets it to NULL; views stay good. Otherwise
 * npz_close() closes it. */
struct mapping **npz_mapping(struct npz *npz);

/* Starts an archive under a temporary name beside `path`. The caller ends it with
 * npz_write_finish() or npz_write_cancel(). */
enum status npz_write_begin(const char *path, struct npz_writer **out,
                            struct error *error) MUST_CHECK;

/* Starts an archive at `path` itself, which must not exist; it is not synced. */
enum status npz_write_create(const char *path, struct npz_writer **out,
                             struct error *error) MUST_CHECK;

/* Appends float32 values, row-major. STATUS_DATA when `name` is already in the archive;
 * STATUS_LIMIT when it would pass 4 GB or 65,534 arrays. */
enum status npz_write_add(struct npz_writer *writer, const char *name, unsigned dims,
                          const int64_t *shape, const float *data, struct error *error) MUST_CHECK;

/* The same of a weight, which is streamed from where it lies. */
enum status npz_write_weight(struct npz_writer *writer, const char *name,
                             const struct weight *weight, struct error *error) MUST_CHECK;

/* Writes the directory; after npz_write_begin() it syncs and renames to `path`. Frees the writer in
 * any case; on failure nothing is left behind and, after npz_write_begin(), `path` is untouched. */
enum status npz_write_finish(struct npz_writer *writer, struct error *error) MUST_CHECK;

/* Drops the archive. NULL is fine. */
void npz_write_cancel(struct npz_writer *writer);

#endif
