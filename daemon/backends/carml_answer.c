#include "daemon/backends/carml_answer.h"

#include <math.h>
#include <string.h>

#include "daemon/backends/scan.h"

/* One entry of `features` while it is read. */
struct feature {
    double probability;
    uint64_t index;
    struct scan_slice label;
    bool named; /* has a class of its own, not a box or a mask */
    bool other; /* `type` says it is no class */
};

struct reading {
    struct scan cursor;
    struct carml_answer *answer;
    struct scan_slice labels[CARML_ANSWER_BEST]; /* of answer->best, copied at the end */
    bool entries;                                /* `features` seen */
};

/* The names within `features`, the commonest first. */
#define NAME_MAP(X) X(index) X(probability) X(classification) X(label) X(id) X(type) X(name)

enum name {
#define X(name) NAME_##name,
    NAME_MAP(X)
#undef X
        NAME_OTHER
};

/* The next member's name. Nearly always it is one of ours as Go writes it, without blanks and
 * escapes: this is asked first, since comparing is cheaper than looking for the end of a string. */
static bool next_name(struct scan *cursor, bool *first, enum name *name)
{
    struct scan_slice slice;
    if (!scan_next(cursor, first, '}'))
        return false;
    scan_peek(cursor);
#define X(text)                                                                                    \
    if (scan_word(cursor, "\"" #text "\":")) {                                                     \
        *name = NAME_##text;                                                                       \
        return true;                                                                               \
    }
    NAME_MAP(X)
#undef X
    if (!scan_name(cursor, &slice))
        return false;
    *name = NAME_OTHER;
#define X(text)                                                                                    \
    if (scan_slice_equals(&slice, #text))                                                          \
        *name = NAME_##text;
    NAME_MAP(X)
#undef X
    return true;
}

static bool read_text(struct scan *cursor, struct scan_slice *text)
{
    return scan_null(cursor) || scan_string(cursor, text);
}

/* A probability that cannot be among the best three need not be known exactly: below all others. */
static bool read_probability(struct reading *reading, double *value)
{
    struct scan *cursor = &reading->cursor;
    const struct carml_answer *answer = reading->answer;
    struct scan_number number;
    if (scan_null(cursor))
        return true;
    if (!scan_number(cursor, &number))
        return false;
    if (answer->count == CARML_ANSWER_BEST &&
        scan_number_below(&number, answer->best[CARML_ANSWER_BEST - 1].probability)) {
        *value = -INFINITY;
        return true;
    }
    return scan_number_double(&number, value) || scan_fail(cursor, "not a finite probability");
}

/* The swagger file calls it a string, servers write a number: both are read. */
static bool read_index(struct scan *cursor, uint64_t *index)
{
    struct scan_number number;
    double value;
    if (scan_null(cursor))
        return true;
    bool quoted = scan_peek(cursor) == '"';
    if (quoted) {
        struct scan_slice string;
        struct scan inner;
        if (!scan_string(cursor, &string))
            return false;
        scan_init(&inner, string.text, string.size, 1);
        if (!scan_number(&inner, &number) || !scan_finish(&inner))
            return scan_fail(cursor, "not a class index");
    } else if (!scan_number(cursor, &number)) {
        return false;
    }
    if (!scan_number_double(&number, &value) || value < 0 || value > UINT32_MAX)
        return scan_fail(cursor, "not a class index");
    *index = (uint64_t)value;
    return (double)*index == value || scan_fail(cursor, "not a class index");
}

/* Generation B's `classification`. */
static bool read_classification(struct reading *reading, struct feature *feature)
{
    struct scan *cursor = &reading->cursor;
    enum name name;
    bool first = true, fine = true;
    if (scan_null(cursor))
        return true;
    feature->named = true;
    reading->answer->generation = CARML_GENERATION_B;
    if (!scan_enter(cursor, '{'))
        return false;
    while (fine && next_name(cursor, &first, &name)) {
        if (name == NAME_index)
            fine = read_index(cursor, &feature->index);
        else if (name == NAME_label)
            fine = read_text(cursor, &feature->label);
        else
            fine = scan_skip(cursor);
    }
    return !cursor->problem;
}

static bool read_type(struct scan *cursor, bool *other)
{
    struct scan_slice type = {.text = ""};
    *other = false;
    if (scan_peek(cursor) == '"' && scan_word(cursor, "\"CLASSIFICATION\""))
        return true;
    if (!read_text(cursor, &type))
        return false;
    *other = type.size > 0 && !scan_slice_equals(&type, "CLASSIFICATION");
    return true;
}

/* Generation A's `index` and `name` stand in the entry itself. */
static bool read_member(struct reading *reading, enum name name, struct feature *feature)
{
    struct scan *cursor = &reading->cursor;
    switch (name) {
    case NAME_probability:
        return read_probability(reading, &feature->probability);
    case NAME_classification:
        return read_classification(reading, feature);
    case NAME_type:
        return read_type(cursor, &feature->other);
    case NAME_name:
        feature->named = true;
        reading->answer->generation = CARML_GENERATION_A;
        return read_text(cursor, &feature->label);
    case NAME_index:
        feature->named = true;
        reading->answer->generation = CARML_GENERATION_A;
        return read_index(cursor, &feature->index);
    default:
        return scan_skip(cursor);
    }
}

static void copy_label(const struct scan_slice *slice, char label[CARML_ANSWER_LABEL])
{
    scan_slice_copy(slice, label, CARML_ANSWER_LABEL);
    if (strncmp(label, "<> ", 3) == 0)
        memmove(label, label + 3, strlen(label + 3) + 1);
}

/* Nearly always equal byte by byte, or not asked because the index differs. */
static bool same_label(const struct scan_slice *a, const struct scan_slice *b)
{
    char left[CARML_ANSWER_LABEL], right[CARML_ANSWER_LABEL];
    if (a->size == b->size && memcmp(a->text, b->text, a->size) == 0)
        return true;
    copy_label(a, left);
    copy_label(b, right);
    return strcmp(left, right) == 0;
}

static bool better(const struct carml_class *a, const struct carml_class *b)
{
    if (a->probability != b->probability)
        return a->probability > b->probability;
    return a->index < b->index;
}

/* Puts the entry among the best three. */
static void rank(struct reading *reading, const struct feature *feature)
{
    struct carml_answer *answer = reading->answer;
    struct carml_class *best = answer->best;
    uint32_t index = (uint32_t)feature->index;
    double probability = feature->probability;
    size_t place = answer->count;
    if (place == CARML_ANSWER_BEST && probability < best[place - 1].probability)
        return;
    for (size_t i = 0; i < answer->count; i++)
        if (best[i].index == index && same_label(&reading->labels[i], &feature->label)) {
            if (probability <= best[i].probability)
                return;
            place = i; /* the same class with more: moves up from where it is */
        }
    struct carml_class entry;
    entry.index = index;
    entry.probability = probability;
    if (place == CARML_ANSWER_BEST) {
        if (!better(&entry, &best[--place]))
            return;
    } else if (place == answer->count) {
        answer->count++;
    }
    for (; place > 0 && better(&entry, &best[place - 1]); place--) {
        best[place].index = best[place - 1].index;
        best[place].probability = best[place - 1].probability;
        reading->labels[place] = reading->labels[place - 1];
    }
    best[place].index = index;
    best[place].probability = probability;
    reading->labels[place] = feature->label;
}

static bool read_feature(struct reading *reading)
{
    struct scan *cursor = &reading->cursor;
    struct feature feature = {.label = {.text = ""}};
    enum name name;
    bool first = true;
    if (!scan_enter(cursor, '{'))
        return false;
    while (next_name(cursor, &first, &name) && read_member(reading, name, &feature))
        ;
    if (cursor->problem)
        return false;
    if (feature.other && !feature.named)
        return true;
    reading->answer->classes++;
    rank(reading, &feature);
    return true;
}

/* One picture's answer; only the first one's classes are looked at. */
static bool read_response(struct reading *reading)
{
    struct scan *cursor = &reading->cursor;
    struct scan_slice name;
    bool first = true, fine = true;
    if (reading->answer->responses++ > 0)
        return scan_skip(cursor);
    if (!scan_enter(cursor, '{'))
        return false;
    while (fine && scan_next(cursor, &first, '}') && scan_name(cursor, &name)) {
        if (!scan_slice_equals(&name, "features")) {
            fine = scan_skip(cursor);
        } else if (!scan_null(cursor)) {
            bool first_entry = true;
            if (reading->entries)
                return scan_fail(cursor, "a second \"features\"");
            reading->entries = true;
            fine = scan_enter(cursor, '[');
            while (fine && scan_next(cursor, &first_entry, ']'))
                fine = read_feature(reading);
        }
    }
    return !cursor->problem;
}

static bool read_document(struct reading *reading)
{
    struct scan *cursor = &reading->cursor;
    struct scan_slice name;
    bool first = true, fine = true, seen = false;
    if (!scan_enter(cursor, '{'))
        return false;
    while (fine && scan_next(cursor, &first, '}') && scan_name(cursor, &name)) {
        if (!scan_slice_equals(&name, "responses")) {
            fine = scan_skip(cursor);
        } else if (!scan_null(cursor)) {
            bool first_response = true;
            if (seen)
                return scan_fail(cursor, "a second \"responses\"");
            seen = true;
            fine = scan_enter(cursor, '[');
            while (fine && scan_next(cursor, &first_response, ']'))
                fine = read_response(reading);
        }
    }
    return scan_finish(cursor);
}

enum status carml_answer_parse(const char *body, size_t size, struct carml_answer *answer,
                               enum reason *reason, struct error *error)
{
    struct reading reading = {.answer = answer};
    answer->generation = CARML_GENERATION_UNKNOWN;
    answer->responses = answer->classes = answer->count = 0;
    scan_init(&reading.cursor, size ? body : "", size, CARML_ANSWER_DEPTH);
    *reason = REASON_bad_answer;
    if (scan_peek(&reading.cursor) == 0 && reading.cursor.at == reading.cursor.end)
        return error_set(error, STATUS_DATA, "answer: 200 with an empty body");
    if (!read_document(&reading))
        return error_set(error, STATUS_DATA, "answer: %s at byte %zu of %zu",
                         reading.cursor.problem, (size_t)(reading.cursor.at - body), size);
    *reason = REASON_empty_answer;
    if (answer->responses != 1)
        return error_set(error, STATUS_DATA, "answer: %zu predictions for one picture",
                         answer->responses);
    if (answer->count == 0)
        return error_set(error, STATUS_DATA, "answer: a prediction without classes");
    for (size_t i = 0; i < answer->count; i++)
        copy_label(&reading.labels[i], answer->best[i].label);
    return STATUS_OK;
}

const char *carml_generation_name(enum carml_generation generation)
{
    static const char *const names[] = {"unknown", "A", "B"};
    return (unsigned)generation < 3 ? names[generation] : "unknown";
}
