/* What the names of a pickle stand for, and the states of NumPy's arrays and types. */
#include <stdlib.h>
#include <string.h>

#include "common/checked.h"
#include "model/format/numpy/pickle_machine.h"

static bool is_number(const struct pickle_value *value)
{
    return value && (value->kind == PICKLE_INT || value->kind == PICKLE_BOOL);
}

/* dtype('f4', False, True): the letter and the bytes of an element, "f4", "<f4", "O8" or "O". */
static void make_type(struct pickle *pickle, const struct pickle_value *arguments, uint32_t *out)
{
    const struct pickle_value *text = pickle_part(pickle, arguments, 0);
    struct pickle_value *value;
    size_t at = 0, size = 0;
    char order = '<';

    if (!text || (text->kind != PICKLE_TEXT && text->kind != PICKLE_BYTES) || !text->text.size ||
        text->text.size > 8) {
        pickle_fail(pickle, STATUS_UNSUPPORTED, "a type of arrays cannot be read");
        return;
    }
    if (strchr("<>|=", text->text.bytes[0]) && text->text.bytes[0])
        order = (char)text->text.bytes[at++];
    for (size_t i = at + 1; i < text->text.size; i++) {
        if (text->text.bytes[i] < '0' || text->text.bytes[i] > '9') {
            pickle_fail(pickle, STATUS_UNSUPPORTED, "a type of arrays cannot be read");
            return;
        }
        size = 10 * size + (size_t)(text->text.bytes[i] - '0');
    }
    value = pickle_make(pickle, PICKLE_TYPE, out);
    if (value && at < text->text.size)
        value->type = (struct pickle_type){
            .letter = (char)text->text.bytes[at], .order = order, .size = size};
}

/* _codecs.encode(text, 'latin1'): bytes that are written as a text of characters below 256. */
static void encode(struct pickle *pickle, const struct pickle_value *arguments, uint32_t *out)
{
    const struct pickle_value *text = pickle_part(pickle, arguments, 0),
                              *codec = pickle_part(pickle, arguments, 1);
    struct pickle_value *value;
    unsigned char *bytes;
    size_t used = 0, characters = 0;

    if (!text || text->kind != PICKLE_TEXT || !codec ||
        (!pickle_is(codec, "latin1") && !pickle_is(codec, "latin-1"))) {
        pickle_fail(pickle, STATUS_UNSUPPORTED, "encodes something else than Latin-1");
        return;
    }
    for (size_t i = 0; i < text->text.size; i++)
        characters += (text->text.bytes[i] & 0xC0) != 0x80;
    bytes = pickle_keep(pickle, characters);
    if (!bytes)
        return;
    for (size_t i = 0; i < text->text.size; i++) {
        unsigned char c = text->text.bytes[i];
        if (c >= 0x80) {
            /* C2 or C3 and one more byte: U+0080 to U+00FF. */
            if (c < 0xC2 || c > 0xC3 || i + 1 == text->text.size ||
                (text->text.bytes[i + 1] & 0xC0) != 0x80) {
                pickle_fail(pickle, STATUS_DATA, "bytes hold a character that is not Latin-1");
                return;
            }
            c = (unsigned char)(c << 6 | (text->text.bytes[++i] & 0x3f));
        }
        bytes[used++] = c;
    }
    value = pickle_make(pickle, PICKLE_BYTES, out);
    if (!value)
        return;
    value->text.bytes = bytes;
    value->text.size = used;
}

static struct pickle_array *make_array(struct pickle *pickle, uint32_t *out)
{
    struct pickle_value *value = pickle_make(pickle, PICKLE_ARRAY, out);
    struct pickle_array *array = arena_alloc(&pickle->arena, 1, sizeof *array);

    if (!array)
        pickle_fail_memory(pickle);
    if (value)
        value->array = array;
    return value ? array : NULL;
}

/* OrderedDict() or OrderedDict([[key, value], ...]). */
static void make_dict(struct pickle *pickle, const struct pickle_value *arguments, uint32_t *out)
{
    const struct pickle_value *pairs = pickle_part(pickle, arguments, 0), *pair;
    struct pickle_value *dict = pickle_make(pickle, PICKLE_DICT, out);

    for (size_t i = 0; dict && (pair = pickle_part(pickle, pairs, i)); i++) {
        if ((pair->kind != PICKLE_LIST && pair->kind != PICKLE_TUPLE) || pair->items.count != 2) {
            pickle_fail(pickle, STATUS_DATA, "an OrderedDict is not made of pairs");
            return;
        }
        pickle_add(pickle, &dict->items, pair->items.at[0]);
        pickle_add(pickle, &dict->items, pair->items.at[1]);
    }
}

/* ---- states ---- */

static void set_shape(struct pickle *pickle, struct pickle_array *array,
                      const struct pickle_value *shape)
{
    if (!shape || shape->kind != PICKLE_TUPLE || shape->items.count > NPY_MAX_DIMS) {
        pickle_fail(pickle, STATUS_DATA, "an array has no shape, or more than 8 dimensions");
        return;
    }
    array->dims = (unsigned)shape->items.count;
    array->count = 1;
    for (unsigned i = 0; i < array->dims; i++) {
        const struct pickle_value *extent = pickle_part(pickle, shape, i);
        if (!is_number(extent) || extent->number < 0 ||
            !checked_mul(array->count, (size_t)extent->number, &array->count)) {
            pickle_fail(pickle, STATUS_DATA, "the shape of an array is absurd");
            return;
        }
        array->shape[i] = extent->number;
    }
}

static void set_data(struct pickle *pickle, struct pickle_array *array,
                     const struct pickle_value *data)
{
    size_t bytes;

    if (array->type.letter == 'O') {
        if (data->kind != PICKLE_LIST || data->items.count != array->count)
            pickle_fail(pickle, STATUS_DATA,
                        "an array of objects does not hold as many as it says");
        array->items = data->kind == PICKLE_LIST ? data->items : array->items;
        return;
    }
    if (data->kind != PICKLE_BYTES || !checked_mul(array->count, array->type.size, &bytes) ||
        bytes != data->text.size)
        pickle_fail(pickle, STATUS_DATA, "an array does not hold as many bytes as its shape says");
    else
        array->data = data->text.bytes;
}

/* (version, shape, dtype, is Fortran order, data); the oldest have no version. */
static void set_array(struct pickle *pickle, struct pickle_array *array,
                      const struct pickle_value *state)
{
    size_t first = state->kind == PICKLE_TUPLE && state->items.count == 5;
    const struct pickle_value *type = pickle_part(pickle, state, first + 1),
                              *fortran = pickle_part(pickle, state, first + 2),
                              *data = pickle_part(pickle, state, first + 3);

    if (!type || type->kind != PICKLE_TYPE || !is_number(fortran) || !data || array->data ||
        array->items.count) {
        pickle_fail(pickle, STATUS_DATA, "the state of an array cannot be read");
        return;
    }
    array->type = type->type;
    array->fortran = fortran->number != 0;
    set_shape(pickle, array, pickle_part(pickle, state, first));
    if (!pickle->status)
        set_data(pickle, array, data);
}

/* (version, byte order, subarray, names, fields, ...). */
static void set_type(struct pickle *pickle, struct pickle_type *type,
                     const struct pickle_value *state)
{
    const struct pickle_value *order = pickle_part(pickle, state, 1);

    for (size_t i = 2; i < 5; i++) {
        const struct pickle_value *part = pickle_part(pickle, state, i);
        if (part && part->kind != PICKLE_NONE)
            pickle_fail(pickle, STATUS_UNSUPPORTED, "an array is of a structured type");
    }
    if (!order || (order->kind != PICKLE_TEXT && order->kind != PICKLE_BYTES) ||
        order->text.size != 1)
        pickle_fail(pickle, STATUS_DATA, "the state of a type cannot be read");
    else
        type->order = (char)order->text.bytes[0];
}

void pickle_build(struct pickle *pickle)
{
    uint32_t state = pickle_pop(pickle), object = pickle_pop(pickle);
    struct pickle_value *value;

    if (pickle->status)
        return;
    value = pickle_at(pickle, object);
    pickle_push(pickle, object);
    if (value->kind == PICKLE_ARRAY)
        set_array(pickle, value->array, pickle_at(pickle, state));
    else if (value->kind == PICKLE_TYPE)
        set_type(pickle, &value->type, pickle_at(pickle, state));
    else
        pickle_fail(pickle, STATUS_UNSUPPORTED,
                    "gives a state to what is no array: refused, nothing was executed");
}

/* numpy.core.multiarray.scalar(dtype, bytes): an array without dimensions. */
static void make_scalar(struct pickle *pickle, const struct pickle_value *arguments, uint32_t *out)
{
    const struct pickle_value *type = pickle_part(pickle, arguments, 0),
                              *data = pickle_part(pickle, arguments, 1);
    struct pickle_array *array = make_array(pickle, out);

    if (!array)
        return;
    if (!type || type->kind != PICKLE_TYPE || type->type.letter == 'O' || !data) {
        pickle_fail(pickle, STATUS_DATA, "a NumPy number cannot be read");
        return;
    }
    array->type = type->type;
    array->count = 1;
    set_data(pickle, array, data);
}

void pickle_reduce(struct pickle *pickle)
{
    uint32_t arguments = pickle_pop(pickle), callable = pickle_pop(pickle), result = 0;
    const struct pickle_value *name, *tuple;

    if (pickle->status)
        return;
    name = pickle_at(pickle, callable);
    tuple = pickle_at(pickle, arguments);
    if (name->kind != PICKLE_NAME || tuple->kind != PICKLE_TUPLE)
        pickle_fail(pickle, STATUS_UNSUPPORTED,
                    "calls what is no name: refused, nothing was executed");
    else if (name->name == PICKLE_RECONSTRUCT)
        make_array(pickle, &result);
    else if (name->name == PICKLE_SCALAR)
        make_scalar(pickle, tuple, &result);
    else if (name->name == PICKLE_DTYPE)
        make_type(pickle, tuple, &result);
    else if (name->name == PICKLE_ENCODE)
        encode(pickle, tuple, &result);
    else if (name->name == PICKLE_ORDERED_DICT)
        make_dict(pickle, tuple, &result);
    else if (name->name == PICKLE_BYTES_TYPE && !tuple->items.count)
        pickle_make(pickle, PICKLE_BYTES, &result);
    else
        pickle_fail(pickle, STATUS_UNSUPPORTED,
                    "calls a name with arguments: refused, nothing was executed");
    pickle_push(pickle, result);
}
