#include "daemon/backends/carml_answer.h"

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

static bool read_text(struct scan *cursor, struct scan_slice *text)
{
    return scan_null(cursor) || scan_string(cursor, text);
}

static bool read_probability(struct scan *cursor, double *value)
{
    struct scan_slice number;
    if (scan_null(cursor))
        return true;
    if (!scan_number(cursor, &number))
        return false;
    return scan_slice_double(&number, value) || scan_fail(cursor, "not a finite probability");
}

/* The swagger file calls it a string, servers write a number: both are read. */
static bool read_index(struct scan *cursor, uint64_t *index)
{
    struct scan_slice number;
    double value;
    if (scan_null(cursor))
        return true;
    bool quoted = scan_peek(cursor) == '"';
    if (quoted) {
        if (!scan_string(cursor, &number))
            return false;
        struct scan inner;
        scan_init(&inner, number.text, number.size, 1);
        if (!scan_number(&inner, &number) || !scan_finish(&inner))
            return scan_fail(cursor, "not a class index");
    } else if (!scan_number(cursor, &number)) {
        return false;
    }
    if (!scan_slice_double(&number, &value) || value < 0 || value > UINT32_MAX)
        return scan_fail(cursor, "not a class index");
    *index = (uint64_t)value;
    return (double)*index == value || scan_fail(cursor, "not a class index");
}

/* Generation B's `classification`. */
static bool read_classification(struct reading *reading, struct feature *feature)
{
    struct scan *cursor = &reading->cursor;
    struct scan_slice name;
    bool first = true, fine = true;
    if (scan_null(cursor))
        return true;
    feature->named = true;
    reading->answer->generation = CARML_GENERATION_B;
    if (!scan_enter(cursor, '{'))
        return false;
    while (fine && scan_member(cursor, &first, &name)) {
        if (scan_slice_equals(&name, "index"))
            fine = read_index(cursor, &feature->index);
        else if (scan_slice_equals(&name, "label"))
            fine = read_text(cursor, &feature->label);
        else
            fine = scan_skip(cursor);
    }
    return !cursor->problem;
}

/* Generation A's `index` and `name` stand in the entry itself. */
static bool read_member(struct reading *reading, const struct scan_slice *name,
                        struct feature *feature)
{
    struct scan *cursor = &reading->cursor;
    if (scan_slice_equals(name, "probability"))
        return read_probability(cursor, &feature->probability);
    if (scan_slice_equals(name, "classification"))
        return read_classification(reading, feature);
    if (scan_slice_equals(name, "name")) {
        feature->named = true;
        reading->answer->generation = CARML_GENERATION_A;
        return read_text(cursor, &feature->label);
    }
    if (scan_slice_equals(name, "index")) {
        feature->named = true;
        reading->answer->generation = CARML_GENERATION_A;
        return read_index(cursor, &feature->index);
    }
    if (scan_slice_equals(name, "type")) {
        struct scan_slice type = {.text = ""};
        if (!read_text(cursor, &type))
            return false;
        feature->other = type.size > 0 && !scan_slice_equals(&type, "CLASSIFICATION");
        return true;
    }
    return scan_skip(cursor);
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
    struct scan_slice name;
    bool first = true;
    if (!scan_enter(cursor, '{'))
        return false;
    while (scan_member(cursor, &first, &name) && read_member(reading, &name, &feature))
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
    while (fine && scan_member(cursor, &first, &name)) {
        if (!scan_slice_equals(&name, "features")) {
            fine = scan_skip(cursor);
        } else if (!scan_null(cursor)) {
            bool first_entry = true;
            if (reading->entries)
                return scan_fail(cursor, "a second \"features\"");
            reading->entries = true;
            fine = scan_enter(cursor, '[');
            while (fine && scan_element(cursor, &first_entry))
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
    while (fine && scan_member(cursor, &first, &name)) {
        if (!scan_slice_equals(&name, "responses")) {
            fine = scan_skip(cursor);
        } else if (!scan_null(cursor)) {
            bool first_response = true;
            if (seen)
                return scan_fail(cursor, "a second \"responses\"");
            seen = true;
            fine = scan_enter(cursor, '[');
            while (fine && scan_element(cursor, &first_response))
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
