/* npy: NumPy's .npy arrays, format versions 1.0 to 3.0 (numpy/lib/format.py).
 *
 * Only plain numbers and byte strings: <f2 <f4 <f8 <i4 <i8 |u1 |S<n>. Pickled objects, structured
 * types and big-endian arrays are refused with STATUS_UNSUPPORTED. Any thread.
 */
#ifndef MODEL_FORMAT_NUMPY_NPY_H
#define MODEL_FORMAT_NUMPY_NPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"

enum npy_type { NPY_F4, NPY_F8, NPY_F2, NPY_I4, NPY_I8, NPY_U1, NPY_S, NPY_O };

enum { NPY_MAX_DIMS = 8 };

struct npy_array {
    enum npy_type type;
    unsigned dims;
    int64_t shape[NPY_MAX_DIMS];
    size_t item_size; /* bytes of one element; for NPY_S the width, padded with NUL */
    size_t count;     /* product of shape */
    void *data;       /* row-major, aligned, count * item_size bytes; owned */
};

/* An array where it lies. */
struct npy_view {
    enum npy_type type;
    bool fortran; /* column-major: the first axis runs fastest */
    unsigned dims;
    int64_t shape[NPY_MAX_DIMS];
    size_t item_size, count;
    const unsigned char *data; /* count * item_size bytes, which need not be aligned */
};

/* Finds the numbers of an array in memory, which must be all that follows the header. `name` is
 * used in error lines. */
enum status npy_look(const char *name, const void *bytes, size_t size, struct npy_view *out,
                     struct error *error) MUST_CHECK;

/* Finds what follows the header of an array of Python objects: a pickle. STATUS_DATA when the array
 * holds something else. */
enum status npy_look_objects(const char *name, const void *bytes, size_t size,
                             const unsigned char **pickle, struct error *error) MUST_CHECK;

/* Element `index` where it lies, as a float; 0 for NPY_S. */
float npy_number(enum npy_type type, const unsigned char *data, size_t index);

/* Reads a file. STATUS_UNSUPPORTED in Fortran order. The caller frees *out with npy_free(); on
 * failure *out owns nothing. */
enum status npy_read(const char *path, struct npy_array *out, struct error *error) MUST_CHECK;

/* The same from memory; `name` is used in error lines. */
enum status npy_parse(const char *name, const void *bytes, size_t size, struct npy_array *out,
                      struct error *error) MUST_CHECK;

void npy_free(struct npy_array *array);

/* Converts in place any numeric type to float32 (NPY_F4 is left alone). STATUS_DATA for NPY_S. */
enum status npy_to_float(struct npy_array *array, struct error *error) MUST_CHECK;

enum { NPY_HEADER_MAX = 256 };

/* Writes the 1.0 header of a float32 array, padded to 64 bytes, into `header`; returns its size, or
 * 0 when `dims` is above NPY_MAX_DIMS. */
size_t npy_header(unsigned dims, const int64_t *shape, char header[NPY_HEADER_MAX]);

#endif
