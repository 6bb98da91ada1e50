#include "model/format/numpy/npy.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/checked.h"
#include "model/format/mapping.h"

/* numpy itself refuses headers above 10,000 bytes unless told otherwise (format.py). */
enum { HEADER_MAX = 10000, TYPE_MAX = 16 };

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

/* The header is the text of a Python dictionary; this reads the one form that numpy writes. */
struct header {
    const char *name; /* of the file, for errors */
    const char *at, *end;
    struct error *error;
};

static enum status fail(const struct header *header, const char *what)
{
    return error_set(header->error, STATUS_DATA, "%s: is not a usable .npy array: %s", header->name,
                     what);
}

static void skip_blanks(struct header *header)
{
    while (header->at < header->end && (*header->at == ' ' || *header->at == '\n'))
        header->at++;
}

static bool take(struct header *header, char c)
{
    skip_blanks(header);
    if (header->at == header->end || *header->at != c)
        return false;
    header->at++;
    return true;
}

static bool take_word(struct header *header, const char *word)
{
    size_t size = strlen(word);

    skip_blanks(header);
    if ((size_t)(header->end - header->at) < size || memcmp(header->at, word, size) != 0)
        return false;
    header->at += size;
    return true;
}

static bool take_text(struct header *header, char *out, size_t room)
{
    size_t used = 0;
    char quote;

    skip_blanks(header);
    if (header->at == header->end || (*header->at != '\'' && *header->at != '"'))
        return false;
    quote = *header->at++;
    while (header->at < header->end && *header->at != quote && used + 1 < room)
        out[used++] = *header->at++;
    out[used] = '\0';
    return take(header, quote);
}

static bool take_number(struct header *header, int64_t *out)
{
    int64_t value = 0;
    const char *start;

    skip_blanks(header);
    start = header->at;
    while (header->at < header->end && *header->at >= '0' && *header->at <= '9') {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, *header->at - '0', &value))
            return false;
        header->at++;
    }
    *out = value;
    return header->at > start;
}

static enum status read_shape(struct header *header, struct npy_view *array)
{
    if (!take(header, '('))
        return fail(header, "its shape cannot be read");
    while (!take(header, ')')) {
        if (array->dims == NPY_MAX_DIMS)
            return fail(header, "it has more than 8 dimensions");
        if (!take_number(header, &array->shape[array->dims]))
            return fail(header, "its shape cannot be read");
        array->dims++;
        if (!take(header, ',') && (header->at == header->end || *header->at != ')'))
            return fail(header, "its shape cannot be read");
    }
    return STATUS_OK;
}

static enum status read_type(struct header *header, struct npy_view *array)
{
    static const struct {
        const char *text;
        enum npy_type type;
        size_t size;
    } types[] = {{"<f4", NPY_F4, 4}, {"<f8", NPY_F8, 8}, {"<f2", NPY_F2, 2}, {"<i4", NPY_I4, 4},
                 {"<i8", NPY_I8, 8}, {"|u1", NPY_U1, 1}, {"|b1", NPY_U1, 1}, {"|O", NPY_O, 0}};
    char text[TYPE_MAX];
    char *end;

    if (!take_text(header, text, sizeof text))
        return error_set(header->error, STATUS_UNSUPPORTED,
                         "%s: holds a structured type; save plain float32 numbers", header->name);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (!strcmp(text, types[i].text)) {
            array->type = types[i].type;
            array->item_size = types[i].size;
            return STATUS_OK;
        }
    }
    if (text[0] == '|' && text[1] == 'S') {
        array->type = NPY_S;
        array->item_size = strtoul(text + 2, &end, 10);
        if (!*end && array->item_size <= INT32_MAX)
            return STATUS_OK;
    }
    return error_set(header->error, STATUS_UNSUPPORTED,
                     "%s: holds numbers of type '%s', which cannot be read; save float32",
                     header->name, text);
}

static enum status read_entry(struct header *header, const char *key, struct npy_view *array)
{
    if (!strcmp(key, "descr"))
        return read_type(header, array);
    if (!strcmp(key, "shape"))
        return read_shape(header, array);
    if (strcmp(key, "fortran_order") != 0)
        return fail(header, "its header has an unknown entry");
    if (take_word(header, "False"))
        return STATUS_OK;
    array->fortran = true;
    return take_word(header, "True") ? STATUS_OK : fail(header, "its order cannot be read");
}

static enum status read_header(struct header *header, struct npy_view *array)
{
    enum status status = STATUS_OK;
    unsigned entries = 0;
    char key[TYPE_MAX];

    if (!take(header, '{'))
        return fail(header, "its header is not a dictionary");
    while (!status && !take(header, '}')) {
        if (!take_text(header, key, sizeof key) || !take(header, ':'))
            return fail(header, "its header cannot be read");
        entries++;
        status = read_entry(header, key, array);
        if (!status && !take(header, ',') && (header->at == header->end || *header->at != '}'))
            return fail(header, "its header cannot be read");
    }
    if (!status && entries != 3)
        return fail(header, "its header is not complete");
    return status;
}

/* Finds the text of the header; *data is set to what follows. */
static enum status find_header(struct header *header, const unsigned char *bytes, size_t size,
                               const unsigned char **data)
{
    size_t length, start;

    if (size < 10 || memcmp(bytes, magic, sizeof magic) != 0)
        return fail(header, "it does not start like one");
    if (bytes[6] == 1) {
        start = 10;
        length = bytes[8] | (size_t)bytes[9] << 8;
    } else if (bytes[6] <= 3 && size >= 12) {
        start = 12;
        length =
            bytes[8] | (size_t)bytes[9] << 8 | (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
    } else {
        return fail(header, "its format version is unknown");
    }
    if (length > HEADER_MAX || length > size - start)
        return fail(header, "its header is cut or too long");
    header->at = (const char *)bytes + start;
    header->end = header->at + length;
    *data = bytes + start + length;
    return STATUS_OK;
}

static enum status count_items(const struct header *header, struct npy_view *array, size_t *bytes)
{
    array->count = 1;
    for (unsigned i = 0; i < array->dims; i++) {
        if (!checked_mul(array->count, (size_t)array->shape[i], &array->count))
            return fail(header, "its shape is absurd");
    }
    if (!checked_mul(array->count, array->item_size, bytes))
        return fail(header, "its shape is absurd");
    return STATUS_OK;
}

/* Reads the header; view->data is set to what follows it. */
static enum status read_head(struct header *header, const void *bytes, size_t size,
                             struct npy_view *view)
{
    enum status status = find_header(header, bytes, size, &view->data);

    return status ? status : read_header(header, view);
}

enum status npy_look(const char *name, const void *bytes, size_t size, struct npy_view *out,
                     struct error *error)
{
    struct header header = {.name = name, .error = error};
    struct npy_view view = {.dims = 0};
    enum status status = read_head(&header, bytes, size, &view);
    size_t needed = 0, there;

    *out = (struct npy_view){.dims = 0};
    if (!status && view.type == NPY_O)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: holds Python objects ('|O'); save plain float32 numbers", name);
    if (!status)
        status = count_items(&header, &view, &needed);
    if (status)
        return status;
    there = size - (size_t)(view.data - (const unsigned char *)bytes);
    if (needed != there)
        return error_set(error, STATUS_DATA, "%s: should hold %zu bytes of numbers but holds %zu",
                         name, needed, there);
    *out = view;
    return STATUS_OK;
}

enum status npy_look_objects(const char *name, const void *bytes, size_t size,
                             const unsigned char **pickle, struct error *error)
{
    struct header header = {.name = name, .error = error};
    struct npy_view view = {.dims = 0};
    enum status status = read_head(&header, bytes, size, &view);

    if (!status && view.type != NPY_O)
        status = error_set(error, STATUS_DATA,
                           "%s: holds one plain array, not a dictionary of layers", name);
    *pickle = view.data;
    return status;
}

enum status npy_parse(const char *name, const void *bytes, size_t size, struct npy_array *out,
                      struct error *error)
{
    struct npy_view view;
    enum status status = npy_look(name, bytes, size, &view, error);
    size_t total;

    *out = (struct npy_array){.dims = 0};
    if (status)
        return status;
    if (view.fortran)
        return error_set(error, STATUS_UNSUPPORTED,
                         "%s: is in Fortran order; save numpy.ascontiguousarray() of it", name);
    total = view.count * view.item_size;
    *out = (struct npy_array){.type = view.type,
                              .dims = view.dims,
                              .item_size = view.item_size,
                              .count = view.count,
                              .data = malloc(total ? total : 1)};
    memcpy(out->shape, view.shape, sizeof out->shape);
    if (!out->data)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", name);
    if (total)
        memcpy(out->data, view.data, total);
    return STATUS_OK;
}

enum status npy_read(const char *path, struct npy_array *out, struct error *error)
{
    struct mapping *mapping;
    enum status status = mapping_open(path, &mapping, error);

    *out = (struct npy_array){.dims = 0};
    if (status)
        return status;
    status = npy_parse(path, mapping->bytes, mapping->size, out, error);
    mapping_close(mapping);
    return status;
}

void npy_free(struct npy_array *array)
{
    free(array->data);
    *array = (struct npy_array){.dims = 0};
}

/* IEEE 754 binary16: sign, 5 bits of exponent (bias 15), 10 of fraction; every one is a float. */
static float half_to_float(uint16_t half)
{
    unsigned exponent = half >> 10 & 31, fraction = half & 1023;
    float value;

    if (exponent == 31)
        value = fraction ? NAN : INFINITY;
    else if (exponent)
        value = ldexpf((float)(1024 + fraction), (int)exponent - 25);
    else
        value = ldexpf((float)fraction, -24);
    return half & 0x8000 ? -value : value;
}

float npy_number(enum npy_type type, const unsigned char *data, size_t index)
{
    union {
        float f4;
        double f8;
        uint16_t f2;
        int32_t i4;
        int64_t i8;
    } item;

    switch (type) {
    case NPY_F4:
        memcpy(&item.f4, data + index * sizeof item.f4, sizeof item.f4);
        return item.f4;
    case NPY_F8:
        memcpy(&item.f8, data + index * sizeof item.f8, sizeof item.f8);
        return (float)item.f8;
    case NPY_F2:
        memcpy(&item.f2, data + index * sizeof item.f2, sizeof item.f2);
        return half_to_float(item.f2);
    case NPY_I4:
        memcpy(&item.i4, data + index * sizeof item.i4, sizeof item.i4);
        return (float)item.i4;
    case NPY_I8:
        memcpy(&item.i8, data + index * sizeof item.i8, sizeof item.i8);
        return (float)item.i8;
    case NPY_U1:
        return data[index];
    case NPY_S:
    case NPY_O:
        break;
    }
    return 0;
}

enum status npy_to_float(struct npy_array *array, struct error *error)
{
    size_t bytes;
    float *data;

    if (array->type == NPY_F4)
        return STATUS_OK;
    if (array->type == NPY_S)
        return error_set(error, STATUS_DATA, "the array holds text where numbers are needed");
    if (!checked_mul(array->count, sizeof *data, &bytes))
        return error_set(error, STATUS_MEMORY, "out of memory");
    data = malloc(bytes ? bytes : 1);
    if (!data)
        return error_set(error, STATUS_MEMORY, "out of memory");
    for (size_t i = 0; i < array->count; i++)
        data[i] = npy_number(array->type, array->data, i);
    free(array->data);
    array->data = data;
    array->type = NPY_F4;
    array->item_size = sizeof *data;
    return STATUS_OK;
}

size_t npy_header(unsigned dims, const int64_t *shape, char header[NPY_HEADER_MAX])
{
    enum { PREFIX = 10 }; /* magic, version, length */
    size_t used = PREFIX, total;

    if (dims > NPY_MAX_DIMS)
        return 0;
    /* Eight extents of twenty characters leave room: the longest text has 236 characters. */
    used += (size_t)snprintf(header + used, NPY_HEADER_MAX - used,
                             "{'descr': '<f4', 'fortran_order': False, 'shape': (");
    for (unsigned i = 0; i < dims; i++)
        used += (size_t)snprintf(header + used, NPY_HEADER_MAX - used, "%s%" PRId64, i ? ", " : "",
                                 shape[i]);
    used += (size_t)snprintf(header + used, NPY_HEADER_MAX - used, dims == 1 ? ",), }" : "), }");
    total = (used + 1 + 63) / 64 * 64;
    memset(header + used, ' ', total - used);
    header[total - 1] = '\n';
    memcpy(header, magic, sizeof magic);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)((total - PREFIX) & 0xff);
    header[9] = (char)((total - PREFIX) >> 8);
    return total;
}
