#include "model/format/numpy/pickle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "model/format/numpy/pickle_machine.h"

/* Each opcode makes at most a value or two and takes a byte or more; a net's dictionary has some
 * thousand values. */
enum { MEMORY_PER_BYTE = 256, MEMORY_FLOOR = 1 << 16, MEMORY_CEILING = 1 << 28 };
enum { PROTOCOL_MAX = 4 };

/* The top of the stack without popping it, if it is of that kind; else a failure. */
static struct pickle_value *top(struct pickle *pickle, enum pickle_kind kind)
{
    uint32_t index = pickle_pop(pickle);

    if (pickle->status)
        return NULL;
    pickle->stack.count++;
    if (pickle_at(pickle, index)->kind == kind)
        return pickle_at(pickle, index);
    pickle_fail(pickle, STATUS_DATA, "is not a pickle of plain data: an opcode does not fit");
    return NULL;
}

static int64_t take_decimal(struct pickle *pickle)
{
    size_t size;
    const unsigned char *line = pickle_take_line(pickle, &size);
    char text[32], *end = text;
    long long number = 0;

    if (line && size && line[size - 1] == 'L') /* Python 2's long */
        size--;
    if (line && size && size < sizeof text) {
        memcpy(text, line, size);
        text[size] = '\0';
        number = strtoll(text, &end, 10);
    }
    if (!line || end == text || *end)
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: a number cannot be read");
    return number;
}

/* ---- opcodes; `detail` is what the table says ---- */

static void op_none(struct pickle *pickle, unsigned detail)
{
    (void)detail;
    pickle_push_new(pickle, PICKLE_NONE);
}

static void op_mark(struct pickle *pickle, unsigned detail)
{
    (void)detail;
    pickle_push_new(pickle, PICKLE_MARK);
}

static void op_bool(struct pickle *pickle, unsigned detail)
{
    struct pickle_value *value = pickle_push_new(pickle, PICKLE_BOOL);

    if (value)
        value->number = detail;
}

static void push_int(struct pickle *pickle, int64_t number)
{
    struct pickle_value *value = pickle_push_new(pickle, PICKLE_INT);

    if (value)
        value->number = number;
}

static void op_int(struct pickle *pickle, unsigned width)
{
    uint64_t number = pickle_take_number(pickle, width);

    push_int(pickle, width == 4 ? (int32_t)(uint32_t)number : (int64_t)number);
}

/* Protocol 0; "I00" and "I01" are False and True. */
static void op_decimal(struct pickle *pickle, unsigned detail)
{
    size_t at = pickle->at;
    int64_t number = take_decimal(pickle);

    (void)detail;
    if (pickle->at - at == 3 && pickle->bytes[at] == '0')
        op_bool(pickle, number == 1);
    else
        push_int(pickle, number);
}

/* Two's complement of as many bytes as the number before them says. */
static void op_long(struct pickle *pickle, unsigned width)
{
    uint64_t size = pickle_take_number(pickle, width), number = 0;
    const unsigned char *bytes = pickle_take(pickle, size);

    if (!bytes || size > 8) {
        pickle_push_new(pickle, PICKLE_NUMBER);
        return;
    }
    for (unsigned i = 0; i < size; i++)
        number |= (uint64_t)bytes[i] << 8 * i;
    if (size && size < 8 && bytes[size - 1] & 0x80)
        number |= UINT64_MAX << 8 * size;
    push_int(pickle, (int64_t)number);
}

static void op_float(struct pickle *pickle, unsigned width)
{
    size_t size;

    if (width)
        pickle_take(pickle, width);
    else
        pickle_take_line(pickle, &size);
    pickle_push_new(pickle, PICKLE_NUMBER);
}

static void op_bytes(struct pickle *pickle, unsigned width)
{
    uint64_t size = pickle_take_number(pickle, width);

    pickle_push_text(pickle, PICKLE_BYTES, pickle_take(pickle, size), size);
}

static void op_text(struct pickle *pickle, unsigned width)
{
    uint64_t size = pickle_take_number(pickle, width);

    pickle_push_text(pickle, PICKLE_TEXT, pickle_take(pickle, size), size);
}

static void op_empty(struct pickle *pickle, unsigned kind)
{
    pickle_push_new(pickle, (enum pickle_kind)kind);
}

/* Where the items above the topmost mark begin. */
static size_t find_mark(struct pickle *pickle)
{
    size_t at = pickle->stack.count;

    while (at > 0 && pickle_at(pickle, pickle->stack.at[at - 1])->kind != PICKLE_MARK)
        at--;
    if (!at)
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: a mark is missing");
    return at;
}

static void add_from(struct pickle *pickle, struct pickle_value *value, size_t from)
{
    if (value->kind == PICKLE_DICT && (pickle->stack.count - from) % 2)
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: a key has no value");
    for (size_t i = from; i < pickle->stack.count && !pickle->status; i++)
        pickle_add(pickle, &value->items, pickle->stack.at[i]);
}

/* Takes all down to the mark. */
static void op_collect(struct pickle *pickle, unsigned kind)
{
    size_t from = find_mark(pickle);
    uint32_t index = 0;
    struct pickle_value *value = pickle_make(pickle, (enum pickle_kind)kind, &index);

    if (!value)
        return;
    add_from(pickle, value, from);
    pickle->stack.count = from - 1;
    pickle_push(pickle, index);
}

static void op_tuple(struct pickle *pickle, unsigned count)
{
    uint32_t items[3] = {0}, index = 0;
    struct pickle_value *value;

    for (unsigned i = count; i-- > 0;)
        items[i] = pickle_pop(pickle);
    value = pickle_make(pickle, PICKLE_TUPLE, &index);
    for (unsigned i = 0; value && i < count; i++)
        pickle_add(pickle, &value->items, items[i]);
    pickle_push(pickle, index);
}

/* Adds all down to the mark to the list or dict below it. */
static void op_extend(struct pickle *pickle, unsigned kind)
{
    size_t from = find_mark(pickle), count = pickle->stack.count;
    struct pickle_value *value;

    if (pickle->status)
        return;
    pickle->stack.count = from - 1;
    value = top(pickle, (enum pickle_kind)kind);
    pickle->stack.count = count;
    if (value)
        add_from(pickle, value, from);
    pickle->stack.count = from - 1;
}

static void op_append(struct pickle *pickle, unsigned detail)
{
    uint32_t item = pickle_pop(pickle);
    struct pickle_value *list = top(pickle, PICKLE_LIST);

    (void)detail;
    if (list)
        pickle_add(pickle, &list->items, item);
}

static void op_set_item(struct pickle *pickle, unsigned detail)
{
    uint32_t item = pickle_pop(pickle), key = pickle_pop(pickle);
    struct pickle_value *dict = top(pickle, PICKLE_DICT);

    (void)detail;
    if (!dict)
        return;
    pickle_add(pickle, &dict->items, key);
    pickle_add(pickle, &dict->items, item);
}

static void op_pop(struct pickle *pickle, unsigned detail)
{
    (void)detail;
    if (pickle->stack.count)
        pickle->stack.count--;
    else
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: its stack is empty");
}

static void op_pop_mark(struct pickle *pickle, unsigned detail)
{
    size_t from = find_mark(pickle);

    (void)detail;
    if (from)
        pickle->stack.count = from - 1;
}

static void op_dup(struct pickle *pickle, unsigned detail)
{
    uint32_t index = pickle_pop(pickle);

    (void)detail;
    pickle_push(pickle, index);
    pickle_push(pickle, index);
}

static void op_get(struct pickle *pickle, unsigned width)
{
    uint64_t slot = width ? pickle_take_number(pickle, width) : (uint64_t)take_decimal(pickle);

    if (slot < pickle->memo.count && pickle->memo.at[slot])
        pickle_push(pickle, pickle->memo.at[slot] - 1);
    else
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: it asks for what it did not note");
}

static void put(struct pickle *pickle, uint64_t slot)
{
    uint32_t index = pickle_pop(pickle);

    pickle_push(pickle, index);
    /* Python counts its notes; a larger number would only take memory. */
    if (slot > pickle->opcodes)
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: it numbers its notes in leaps");
    while (!pickle->status && pickle->memo.count <= slot)
        pickle_add(pickle, &pickle->memo, 0);
    if (!pickle->status)
        pickle->memo.at[slot] = index + 1;
}

static void op_put(struct pickle *pickle, unsigned width)
{
    put(pickle, width ? pickle_take_number(pickle, width) : (uint64_t)take_decimal(pickle));
}

static void op_memoize(struct pickle *pickle, unsigned detail)
{
    (void)detail;
    put(pickle, pickle->memo.count);
}

static void op_protocol(struct pickle *pickle, unsigned detail)
{
    uint64_t protocol = pickle_take_number(pickle, 1);

    (void)detail;
    if (protocol > PROTOCOL_MAX)
        pickle_fail(pickle, STATUS_UNSUPPORTED,
                    "is a pickle of protocol %" PRIu64 "; protocols 0 to 4 are read", protocol);
}

/* Only a hint how much to read at a time. */
static void op_frame(struct pickle *pickle, unsigned detail)
{
    (void)detail;
    pickle_take(pickle, 8);
}

static void op_stop(struct pickle *pickle, unsigned detail)
{
    (void)detail;
    pickle->stopped = true;
}

/* ---- names ---- */

static const struct {
    const char *module, *name;
    enum pickle_name value;
} names[] = {
    {"numpy.core.multiarray", "_reconstruct", PICKLE_RECONSTRUCT},
    {"numpy._core.multiarray", "_reconstruct", PICKLE_RECONSTRUCT},
    {"numpy.core.multiarray", "scalar", PICKLE_SCALAR},
    {"numpy._core.multiarray", "scalar", PICKLE_SCALAR},
    {"numpy", "ndarray", PICKLE_NDARRAY},
    {"numpy", "dtype", PICKLE_DTYPE},
    {"_codecs", "encode", PICKLE_ENCODE},
    {"__builtin__", "bytes", PICKLE_BYTES_TYPE},
    {"builtins", "bytes", PICKLE_BYTES_TYPE},
    {"collections", "OrderedDict", PICKLE_ORDERED_DICT},
};

static void push_name(struct pickle *pickle, const struct pickle_value *module,
                      const struct pickle_value *name)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (pickle_is(module, names[i].module) && pickle_is(name, names[i].name)) {
            struct pickle_value *value = pickle_push_new(pickle, PICKLE_NAME);
            if (value)
                value->name = names[i].value;
            return;
        }
    }
    pickle_fail(pickle, STATUS_UNSUPPORTED, "names %.*s.%.*s: refused, nothing was executed",
                module->text.size > 128 ? 128 : (int)module->text.size,
                (const char *)module->text.bytes,
                name->text.size > 128 ? 128 : (int)name->text.size, (const char *)name->text.bytes);
}

static void op_global(struct pickle *pickle, unsigned detail)
{
    struct pickle_value module = {.kind = PICKLE_TEXT}, name = {.kind = PICKLE_TEXT};

    (void)detail;
    module.text.bytes = pickle_take_line(pickle, &module.text.size);
    name.text.bytes = pickle_take_line(pickle, &name.text.size);
    if (name.text.bytes)
        push_name(pickle, &module, &name);
}

static void op_stack_global(struct pickle *pickle, unsigned detail)
{
    uint32_t name = pickle_pop(pickle), module = pickle_pop(pickle);

    (void)detail;
    if (pickle->status)
        return;
    if (pickle_at(pickle, module)->kind != PICKLE_TEXT ||
        pickle_at(pickle, name)->kind != PICKLE_TEXT)
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: a name is no text");
    else
        push_name(pickle, pickle_at(pickle, module), pickle_at(pickle, name));
}

static void op_reduce(struct pickle *pickle, unsigned detail)
{
    (void)detail;
    pickle_reduce(pickle);
}

static void op_build(struct pickle *pickle, unsigned detail)
{
    (void)detail;
    pickle_build(pickle);
}

/* ---- the loop ---- */

typedef void opcode(struct pickle *pickle, unsigned detail);

static const struct {
    opcode *run;
    unsigned detail; /* of numbers and texts: bytes of the number that comes first */
} opcodes[256] = {
    ['('] = {op_mark, 0},
    ['.'] = {op_stop, 0},
    ['0'] = {op_pop, 0},
    ['1'] = {op_pop_mark, 0},
    ['2'] = {op_dup, 0},
    ['N'] = {op_none, 0},
    ['I'] = {op_decimal, 0},
    ['L'] = {op_decimal, 0},
    ['J'] = {op_int, 4},
    ['K'] = {op_int, 1},
    ['M'] = {op_int, 2},
    ['F'] = {op_float, 0},
    ['G'] = {op_float, 8},
    ['S'] = {pickle_op_literal, 0},
    ['T'] = {op_bytes, 4},
    ['U'] = {op_bytes, 1},
    ['B'] = {op_bytes, 4},
    ['C'] = {op_bytes, 1},
    ['V'] = {pickle_op_escaped_text, 0},
    ['X'] = {op_text, 4},
    [')'] = {op_empty, PICKLE_TUPLE},
    [']'] = {op_empty, PICKLE_LIST},
    ['}'] = {op_empty, PICKLE_DICT},
    ['t'] = {op_collect, PICKLE_TUPLE},
    ['l'] = {op_collect, PICKLE_LIST},
    ['d'] = {op_collect, PICKLE_DICT},
    ['a'] = {op_append, 0},
    ['e'] = {op_extend, PICKLE_LIST},
    ['s'] = {op_set_item, 0},
    ['u'] = {op_extend, PICKLE_DICT},
    ['g'] = {op_get, 0},
    ['h'] = {op_get, 1},
    ['j'] = {op_get, 4},
    ['p'] = {op_put, 0},
    ['q'] = {op_put, 1},
    ['r'] = {op_put, 4},
    ['c'] = {op_global, 0},
    ['R'] = {op_reduce, 0},
    ['b'] = {op_build, 0},
    [0x80] = {op_protocol, 0},
    [0x85] = {op_tuple, 1},
    [0x86] = {op_tuple, 2},
    [0x87] = {op_tuple, 3},
    [0x88] = {op_bool, 1},
    [0x89] = {op_bool, 0},
    [0x8a] = {op_long, 1},
    [0x8b] = {op_long, 4},
    [0x8c] = {op_text, 1},
    [0x8d] = {op_text, 8},
    [0x8e] = {op_bytes, 8},
    [0x93] = {op_stack_global, 0},
    [0x94] = {op_memoize, 0},
    [0x95] = {op_frame, 0},
};

static void run(struct pickle *pickle)
{
    while (!pickle->status && !pickle->stopped) {
        pickle->begin = pickle->at;
        uint64_t code = pickle_take_number(pickle, 1);
        pickle->opcodes++;
        if (pickle->status)
            return;
        if (opcodes[code].run)
            opcodes[code].run(pickle, opcodes[code].detail);
        else
            pickle_fail(pickle, STATUS_UNSUPPORTED,
                        "opcode 0x%02" PRIx64 " is not one of plain data and arrays: refused, "
                        "nothing was executed",
                        code);
    }
    if (!pickle->status && pickle->stack.count != 1)
        pickle_fail(pickle, STATUS_DATA, "is not a pickle: it leaves %zu values",
                    pickle->stack.count);
}

enum status pickle_read(const char *path, const void *bytes, size_t size, size_t offset,
                        struct arena *kept, struct pickle **out, struct error *error)
{
    struct pickle *pickle = calloc(1, sizeof *pickle);
    size_t limit = size < MEMORY_CEILING / MEMORY_PER_BYTE ? MEMORY_FLOOR + size * MEMORY_PER_BYTE
                                                           : MEMORY_CEILING + 4 * size;
    enum status status;

    *out = NULL;
    if (!pickle)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    pickle->path = path;
    pickle->bytes = bytes;
    pickle->size = size;
    pickle->offset = offset;
    pickle->kept = kept;
    pickle->keepable = size;
    pickle->error = error;
    arena_init(&pickle->arena, limit);
    run(pickle);
    status = pickle->status;
    if (status)
        pickle_free(pickle);
    else
        *out = pickle;
    return status;
}

void pickle_free(struct pickle *pickle)
{
    if (!pickle)
        return;
    arena_free(&pickle->arena);
    free(pickle);
}

const struct pickle_value *pickle_root(const struct pickle *pickle)
{
    return pickle_at(pickle, pickle->stack.at[0]);
}

const struct pickle_value *pickle_item(const struct pickle *pickle,
                                       const struct pickle_items *items, size_t index)
{
    return pickle_at(pickle, items->at[index]);
}

bool pickle_is(const struct pickle_value *value, const char *text)
{
    size_t size = strlen(text);

    return (value->kind == PICKLE_TEXT || value->kind == PICKLE_BYTES) &&
           value->text.size == size && !memcmp(value->text.bytes, text, size);
}
