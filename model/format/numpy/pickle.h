/* pickle: reads what Python's pickle wrote, protocols 0 to 4, without executing anything.
 *
 * A machine that knows the opcodes of plain data and of NumPy arrays and builds passive values. The
 * only names it takes are NumPy's _reconstruct, scalar, ndarray and dtype, _codecs.encode (by which
 * Python 3 writes bytes in protocols 0 to 2), bytes, and collections.OrderedDict; what they stand
 * for is known here and nothing is looked up. Any other name, and anything that would call one, is
 * an error. Memory is bounded by the size of the file; the numbers of arrays stay in it unless the
 * protocol escapes them. Values may be shared and may hold themselves: whoever walks them must not
 * walk deeper than it means to. Opcodes: Lib/pickletools.py; the states of arrays and types:
 * numpy/core/src/multiarray/{methods,descriptor}.c. One thread while it reads, then any.
 */
#ifndef MODEL_FORMAT_NUMPY_PICKLE_H
#define MODEL_FORMAT_NUMPY_PICKLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/status.h"
#include "model/arena.h"
#include "model/format/numpy/npy.h"

enum pickle_kind {
    PICKLE_NONE,
    PICKLE_BOOL,
    PICKLE_INT,
    PICKLE_NUMBER, /* a float or an int of more than 64 bits; its value is not kept */
    PICKLE_BYTES,  /* and Python 2's str */
    PICKLE_TEXT,   /* UTF-8 */
    PICKLE_TUPLE,
    PICKLE_LIST,
    PICKLE_DICT,  /* items: key, value, key, value ... */
    PICKLE_ARRAY, /* of numbers; of objects: items */
    PICKLE_TYPE,  /* a dtype */
    PICKLE_NAME,  /* one of the names above */
    PICKLE_MARK   /* only on the stack */
};

/* A list of values by index. */
struct pickle_items {
    uint32_t *at;
    size_t count, capacity;
};

/* A dtype: its letter, bytes of an element, and '>' for big-endian. */
struct pickle_type {
    char letter, order;
    size_t size;
};

struct pickle_value {
    enum pickle_kind kind;
    union {
        int64_t number;
        struct {
            const unsigned char *bytes; /* not NUL-terminated */
            size_t size;
        } text;
        struct pickle_items items;
        struct pickle_type type;
        unsigned name;
        struct pickle_array {
            struct pickle_type type;
            bool fortran;
            unsigned dims;
            int64_t shape[NPY_MAX_DIMS];
            size_t count;
            const unsigned char *data; /* NULL: of objects, which are `items` */
            struct pickle_items items;
        } * array;
    };
};

struct pickle;

/* Reads the pickle in the `size` bytes behind `bytes`, which must live as long as *out; error lines
 * count bytes from `offset`. Bytes that had to be unescaped go to `kept` (at most `size` of them)
 * and so may outlive *out, like those in the file. The caller frees *out. STATUS_UNSUPPORTED names
 * what is refused, and the byte. */
enum status pickle_read(const char *path, const void *bytes, size_t size, size_t offset,
                        struct arena *kept, struct pickle **out, struct error *error) MUST_CHECK;
void pickle_free(struct pickle *pickle);

const struct pickle_value *pickle_root(const struct pickle *pickle);

/* Item `index` of a tuple, list, dict or array of objects. */
const struct pickle_value *pickle_item(const struct pickle *pickle,
                                       const struct pickle_items *items, size_t index);

/* Whether a text or bytes are `text`. */
bool pickle_is(const struct pickle_value *value, const char *text);

#endif
