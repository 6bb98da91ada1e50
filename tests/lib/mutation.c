#include "tests/lib/mutation.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "model/format/wire.h"
#include "tests/lib/protobuf.h"
#include "tests/lib/random.h"

enum { MOST_BYTES = 1 << 20, MOST_FIELDS = 4096, MOST_DEPTH = 8, MOST_TOKENS = 8192 };

/* A piece of a file. */
struct piece {
    size_t at, size;
};

/* A field of a message, its key included, and where its content starts. */
struct spot {
    struct piece field;
    size_t content;
    uint32_t number;
    enum wire_type type;
};

static size_t below(uint64_t *random, size_t count)
{
    return count ? random_below(random, (uint32_t)count) : 0;
}

static struct piece any_piece(const struct buf *file, uint64_t *random)
{
    struct piece piece = {.at = below(random, file->size)};
    size_t left = file->size - piece.at;

    piece.size = below(random, 4) ? below(random, left < 64 ? left + 1 : 64) : below(random, left);
    return piece;
}

/* Puts `size` bytes in the place of `piece`; a file that would grow too large stays as it is. */
static void replace(struct buf *file, struct piece piece, const void *bytes, size_t size)
{
    struct buf out;

    if (file->size - piece.size + size > MOST_BYTES)
        return;
    buf_init(&out, MOST_BYTES + 1);
    if (buf_append(&out, file->data, piece.at) || buf_append(&out, bytes, size) ||
        buf_append(&out, file->data + piece.at + piece.size, file->size - piece.at - piece.size))
        abort();
    buf_clear(file);
    if (buf_append(file, out.data, out.size))
        abort();
    buf_free(&out);
}

/* A copy, because what is put in may stand in the file itself. */
static void insert(struct buf *file, size_t at, const char *bytes, size_t size)
{
    char *copy = malloc(size + 1);

    if (!copy)
        abort();
    memcpy(copy, bytes, size);
    replace(file, (struct piece){at, 0}, copy, size);
    free(copy);
}

/* ---- bytes ---- */

static void damage_bytes(struct buf *file, const struct buf *donor, uint64_t *random)
{
    static const char bytes[] = {0, (char)0xff, (char)0x80, 1, 0x7f};
    struct piece piece = any_piece(file, random), other = any_piece(donor, random);
    size_t at = below(random, file->size);

    switch (below(random, 8)) {
    case 0:
    case 1:
        file->data[at] = (char)(file->data[at] ^ 1 << below(random, 8));
        return;
    case 2:
        file->data[at] = bytes[below(random, sizeof bytes)];
        return;
    case 3:
        replace(file, (struct piece){at, file->size - at}, "", 0);
        return;
    case 4:
        replace(file, piece, "", 0);
        return;
    case 5:
        insert(file, at, file->data + piece.at, piece.size);
        return;
    case 6:
        insert(file, at, donor->data + other.at, other.size);
        return;
    default:
        for (size_t i = 0; i < 4 && at + i < file->size; i++)
            file->data[at + i] = bytes[1];
    }
}

/* ---- protobuf ---- */

/* Lists the fields of everything that looks like a message, inner ones behind outer ones. */
static size_t list_fields(const struct buf *file, struct piece message, unsigned depth,
                          struct spot *spots, size_t count)
{
    const unsigned char *bytes = (const unsigned char *)file->data;
    struct wire wire = wire_open("", bytes + message.at, message.size);
    struct wire_field field = {.number = 0};
    size_t at = message.at;

    while (count < MOST_FIELDS && wire_next(&wire, &field)) {
        size_t end = (size_t)(wire.at - bytes);
        struct spot *spot = &spots[count++];
        *spot = (struct spot){.field = {at, end - at}, .number = field.number, .type = field.type};
        spot->content = field.type == WIRE_BYTES ? end - field.size : at + 1;
        if (field.type == WIRE_BYTES && field.size > 1 && depth < MOST_DEPTH)
            count = list_fields(file, (struct piece){spot->content, field.size}, depth + 1, spots,
                                count);
        at = end;
    }
    return count;
}

static uint64_t odd_number(uint64_t *random)
{
    static const uint64_t numbers[] = {
        0,          1,         2,          3,          127,
        255,        65535,     1u << 24,   INT32_MAX,  UINT32_MAX,
        1ull << 31, INT64_MAX, UINT64_MAX, 1ull << 63, UINT64_MAX - 1};

    return numbers[below(random, sizeof numbers / sizeof *numbers)];
}

/* Writes the field anew: its number, its content or its length is another. */
static void change_field(struct buf *file, const struct spot *spot, uint64_t *random)
{
    size_t inside = spot->field.at + spot->field.size - spot->content;
    const char *content = file->data + spot->content;
    uint32_t number = spot->number;
    struct buf field;

    buf_init(&field, MOST_BYTES + 64);
    if (below(random, 3) == 0)
        number = below(random, 2) ? number + 1 : (uint32_t)below(random, 16);
    if (spot->type == WIRE_VARINT) {
        protobuf_varint(&field, number, odd_number(random));
    } else if (spot->type != WIRE_BYTES) {
        protobuf_fixed32(&field, number, (uint32_t)odd_number(random));
    } else if (below(random, 3) == 0) {
        protobuf_raw_varint(&field, (uint64_t)number << 3 | WIRE_BYTES);
        protobuf_raw_varint(&field, odd_number(random));
        if (buf_append(&field, content, inside))
            abort();
    } else {
        protobuf_bytes(&field, number, content, below(random, 2) ? inside : below(random, inside));
    }
    replace(file, spot->field, field.data, field.size);
    buf_free(&field);
}

/* Wraps a field into a message of its own number, some thousand times. */
static void nest(struct buf *file, const struct spot *spot, uint64_t *random)
{
    struct buf inner, outer;
    size_t levels = 1 + below(random, 2) * 1000;

    buf_init(&inner, 4 * MOST_BYTES);
    buf_init(&outer, 4 * MOST_BYTES);
    if (buf_append(&inner, file->data + spot->field.at, spot->field.size))
        abort();
    for (size_t i = 0; i < levels && inner.size < MOST_BYTES / 2; i++) {
        protobuf_bytes(&outer, spot->number, inner.data, inner.size);
        buf_clear(&inner);
        if (buf_append(&inner, outer.data, outer.size))
            abort();
        buf_clear(&outer);
    }
    replace(file, spot->field, inner.data, inner.size);
    buf_free(&inner);
    buf_free(&outer);
}

/* The lengths of the messages around stay what they were for most of these: lies of the file. Those
 * that keep the size (a varint of as many bytes, swapped fields) are read as they are meant. */
static void damage_fields(struct buf *file, uint64_t *random)
{
    struct spot *spots = calloc(MOST_FIELDS, sizeof *spots);
    size_t count;

    if (!spots)
        abort();
    count = list_fields(file, (struct piece){0, file->size}, 0, spots, 0);
    if (count) {
        const struct spot *a = &spots[below(random, count)], *b = &spots[below(random, count)];
        switch (below(random, 6)) {
        case 0:
        case 1:
            change_field(file, a, random);
            break;
        case 2:
            insert(file, b->field.at, file->data + a->field.at, a->field.size);
            break;
        case 3:
            replace(file, a->field, "", 0);
            break;
        case 4:
            nest(file, a, random);
            break;
        default: /* in place: a number of one byte, or of a text one letter */
            file->data[a->content] = (char)below(random, 128);
        }
    }
    free(spots);
}

/* Parses the outermost message, damages one inner message and writes the lengths around it anew, so
 * that the damage lies deep and the file is well formed. */
static void damage_inside(struct buf *file, const struct buf *donor, unsigned depth,
                          uint64_t *random)
{
    struct spot *spots = calloc(MOST_FIELDS, sizeof *spots);
    size_t count, own = 0;

    if (!spots)
        abort();
    count = list_fields(file, (struct piece){0, file->size}, MOST_DEPTH, spots, 0);
    for (size_t i = 0; i < count; i++) {
        if (spots[i].type == WIRE_BYTES && spots[i].field.size > 4)
            spots[own++] = spots[i];
    }
    if (own && depth < MOST_DEPTH && below(random, 4)) {
        struct spot spot = spots[below(random, own)];
        struct buf inner, field;
        buf_init(&inner, 4 * MOST_BYTES);
        buf_init(&field, 4 * MOST_BYTES);
        if (buf_append(&inner, file->data + spot.content,
                       spot.field.at + spot.field.size - spot.content))
            abort();
        damage_inside(&inner, donor, depth + 1, random);
        protobuf_bytes(&field, spot.number, inner.data, inner.size);
        replace(file, spot.field, field.data, field.size);
        buf_free(&inner);
        buf_free(&field);
    } else if (file->size && below(random, 4)) {
        damage_fields(file, random);
    } else if (file->size && donor->size) {
        damage_bytes(file, donor, random);
    }
    free(spots);
}

/* ---- text ---- */

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.' || c == '-' || c == '+';
}

static size_t list_words(const struct buf *file, bool numbers, struct piece *words)
{
    size_t count = 0;

    for (size_t at = 0; at < file->size && count < MOST_TOKENS;) {
        size_t end = at;
        while (end < file->size && is_word(file->data[end]))
            end++;
        bool number = end > at && (isdigit((unsigned char)file->data[at]) || file->data[at] == '-');
        if (end > at && number == numbers)
            words[count++] = (struct piece){at, end - at};
        at = end > at ? end : at + 1;
    }
    return count;
}

/* From an opening brace or bracket to the one that closes it. */
static struct piece any_block(const struct buf *file, uint64_t *random)
{
    size_t at = below(random, file->size), depth = 0;

    while (at < file->size && !strchr("{[", file->data[at]))
        at++;
    for (size_t end = at; end < file->size; end++) {
        depth += file->data[end] == '{' || file->data[end] == '[';
        if (file->data[end] == '}' || file->data[end] == ']') {
            if (depth <= 1)
                return (struct piece){at, end + 1 - at};
            depth--;
        }
    }
    return (struct piece){at, 0};
}

/* The same, from the start of its line. */
static struct piece any_named_block(const struct buf *file, uint64_t *random)
{
    struct piece piece = any_block(file, random);

    while (piece.at && file->data[piece.at - 1] != '\n') {
        piece.at--;
        piece.size++;
    }
    return piece;
}

static void damage_words(struct buf *file, struct piece *words, uint64_t *random)
{
    static const char *const numbers[] = {
        "0",          "-1",          "2147483647",          "1e308", "nan",     "1",
        "4294967295", "2",           "9223372036854775807", "inf",   "-1e-300", "3",
        "65536",      "-2147483648", "99999999999999999999"};
    bool number = below(random, 2);
    size_t count = list_words(file, number, words);

    if (count && number) {
        const char *text = numbers[below(random, sizeof numbers / sizeof *numbers)];
        replace(file, words[below(random, count)], text, strlen(text));
    } else if (count) {
        struct piece a = words[below(random, count)], b = words[below(random, count)];
        char *copy = strndup(file->data + b.at, b.size);
        if (!copy)
            abort();
        replace(file, a, copy, b.size);
        free(copy);
    }
}

static void damage_text(struct buf *file, uint64_t *random)
{
    struct piece *words = calloc(MOST_TOKENS, sizeof *words), block;

    if (!words)
        abort();
    switch (below(random, 8)) {
    case 0:
        block = any_named_block(file, random);
        insert(file, block.at, file->data + block.at, block.size);
        break;
    case 1:
        replace(file, any_named_block(file, random), "", 0);
        break;
    case 2:
        block = any_block(file, random);
        insert(file, any_block(file, random).at, file->data + block.at, block.size);
        break;
    default:
        damage_words(file, words, random);
    }
    free(words);
}

void mutation_apply(struct buf *file, const struct buf *donor, enum mutation_kind kind,
                    uint64_t *random)
{
    if (!file->size || !donor->size)
        return;
    if (kind == MUTATION_PROTOBUF && below(random, 4))
        damage_inside(file, donor, 0, random);
    else if (kind == MUTATION_TEXT && below(random, 4))
        damage_text(file, random);
    else
        damage_bytes(file, donor, random);
}
