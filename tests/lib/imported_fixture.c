#include "tests/lib/imported_fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/shape.h"
#include "tests/lib/random.h"

static char text[512];

void imported_open(struct imported *imported, bool channels_last)
{
    *imported = (struct imported){.fixed_batch = false};
    if (importer_open(&imported->importer, "net", channels_last, 1 << 20, &imported->error))
        abort();
    importer_at(&imported->importer, "node", "Type");
}

void imported_close(struct imported *imported)
{
    importer_close(&imported->importer);
    graph_free(imported->graph);
    for (size_t i = 0; i < imported->input_count; i++)
        free(imported->data[i]);
}

void imported_input(struct imported *imported, unsigned dims, const int64_t *extents)
{
    static uint64_t random = 5;
    size_t i = imported->input_count++;
    struct shape shape = {.dims = dims};
    size_t count;

    if (dims)
        memcpy(shape.dim, extents, dims * sizeof *extents);
    if (import_input(&imported->importer, i ? "y" : "x", &shape, &imported->x[i]))
        abort();
    count = 2 * shape_product(&shape, 0, dims);
    imported->data[i] = calloc(count, sizeof(float));
    for (size_t j = 0; j < count; j++)
        imported->data[i][j] = (float)(random_next(&random) >> 40) * 0x1p-22F - 2;
}

struct operand imported_floats(struct imported *imported, unsigned dims, const int64_t *extents,
                               const float *numbers)
{
    struct shape shape = {.dims = dims};
    struct operand operand;
    float *room;

    if (dims)
        memcpy(shape.dim, extents, dims * sizeof *extents);
    if (import_floats(&imported->importer, &shape, &room, &operand))
        abort();
    memcpy(room, numbers, operand.weight.count * sizeof *room);
    return operand;
}

struct operand imported_integers(struct imported *imported, unsigned dims, const int64_t *extents,
                                 const int64_t *numbers)
{
    struct shape shape = {.dims = dims};
    struct operand operand;
    int64_t *room;

    if (dims)
        memcpy(shape.dim, extents, dims * sizeof *extents);
    if (import_integers(&imported->importer, &shape, &room, &operand))
        abort();
    memcpy(room, numbers, shape_product(&shape, 0, dims) * sizeof *room);
    return operand;
}

float imported_at(const struct imported *imported, size_t input, const int64_t *index)
{
    const struct shape *shape = &imported->x[input].shape;
    size_t at = 0;

    for (unsigned i = 0; i < shape->dims; i++)
        at = at * (size_t)shape->dim[i] + (size_t)index[i];
    return imported->data[input][at];
}

float imported_pixel(const struct imported *imported, int64_t y, int64_t x, int64_t channel)
{
    const int64_t *extents = imported->x[0].shape.dim, at[] = {0, y, x, channel};

    return y < 0 || y >= extents[1] || x < 0 || x >= extents[2] ? 0 : imported_at(imported, 0, at);
}

void imported_numbers(float *numbers, int count)
{
    for (int i = 0; i < count; i++)
        numbers[i] = (float)((i * 37 + 11) % 101) / 50 - 1;
}

size_t imported_nodes(const struct imported *imported, enum operator_kind kind)
{
    const struct graph *graph = imported->graph ? imported->graph : imported->importer.graph;
    size_t count = 0;

    for (size_t i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].op->kind == kind;
    return count;
}

/* Where an index in the source's axes stands in a value whose shape is `shape`. */
static size_t place(const struct shape *shape, const uint8_t *order, const int64_t *index)
{
    int64_t turned[SHAPE_MAX_DIMS] = {0};
    size_t at = 0;

    for (unsigned i = 0; i < shape->dims; i++)
        turned[order[i]] = index[i];
    for (unsigned i = 0; i < shape->dims; i++)
        at = at * (size_t)shape->dim[i] + (size_t)turned[i];
    return at;
}

static bool step(const struct shape *shape, int64_t *index)
{
    for (unsigned i = shape->dims; i-- > 0;) {
        if (++index[i] < shape->dim[i])
            return true;
        index[i] = 0;
    }
    return false;
}

static struct shape turned_shape(const struct value *value)
{
    struct shape shape = {.dims = value->shape.dims};

    for (unsigned i = 0; i < shape.dims; i++)
        shape.dim[i] = value->shape.dim[value->turned ? value->order[i] : i];
    return shape;
}

static void order_of(const struct value *value, uint8_t *order)
{
    for (unsigned i = 0; i < SHAPE_MAX_DIMS; i++)
        order[i] = value->turned ? value->order[i] : (uint8_t)i;
}

static void fill(const struct imported *imported, struct session *session, int64_t batch)
{
    for (size_t i = 0; i < imported->input_count; i++) {
        const struct value *value = &imported->graph->values[imported->graph->inputs[i]];
        const struct tensor *tensor = session_input(session, i);
        struct shape shape = turned_shape(value), planes = value->shape;
        int64_t index[SHAPE_MAX_DIMS] = {0};
        uint8_t order[SHAPE_MAX_DIMS];
        size_t at = 0;

        order_of(value, order);
        shape.dim[0] *= batch;
        planes.dim[0] *= batch;
        do
            tensor->data[place(&planes, order, index)] = imported->data[i][at++];
        while (step(&shape, index));
    }
}

/* The output in the source's axes; the caller frees it. */
static float *run(struct imported *imported, int64_t batch, size_t *count)
{
    struct engine_options options = {.threads = 1, .batch = batch > 1 ? batch : 0};
    const struct value *value = &imported->graph->values[imported->graph->outputs[0]];
    struct engine *engine = NULL;
    struct session *session = NULL;
    struct shape shape = turned_shape(value), planes = value->shape;
    int64_t index[SHAPE_MAX_DIMS] = {0};
    uint8_t order[SHAPE_MAX_DIMS];
    float *result = NULL;
    size_t at = 0;

    if (!engine_create(imported->graph, &options, &engine, &imported->error) &&
        !session_create(engine, &session, &imported->error)) {
        const struct tensor *tensor = session_output(session, 0);
        fill(imported, session, batch);
        *count = tensor->count;
        result = calloc(*count + 1, sizeof *result);
        order_of(value, order);
        if (shape.dims) {
            shape.dim[0] *= batch;
            planes.dim[0] *= batch;
        }
        if (shape_product(&shape, 0, shape.dims) != *count ||
            session_run(session, &imported->error)) {
            snprintf(imported->error.text, sizeof imported->error.text,
                     "the output's size does not follow the batch");
            free(result);
            result = NULL;
        }
        if (result) {
            do
                result[at++] = tensor->data[place(&planes, order, index)];
            while (step(&shape, index));
        }
    }
    session_free(session);
    engine_free(engine);
    return result;
}

static bool close_to(float a, float b)
{
    return a == b || fabsf(a - b) <= 2e-5F * (1 + fabsf(b)) || (isnan(a) && isnan(b));
}

static const char *compare(struct imported *imported, const struct shape *shape,
                           imported_formula *formula)
{
    int64_t index[SHAPE_MAX_DIMS] = {0};
    size_t count, at = 0;
    float *first = run(imported, 1, &count), *both;
    const char *problem = NULL;

    if (!first)
        return imported->error.text;
    do {
        float expected = formula(imported, index);
        if (!close_to(first[at], expected) && !problem) {
            snprintf(text, sizeof text, "number %zu is %g, not %g", at, (double)first[at],
                     (double)expected);
            problem = text;
        }
        at++;
    } while (step(shape, index));
    if (!problem && !imported->fixed_batch) {
        both = run(imported, 2, &count);
        if (!both)
            problem = imported->error.text;
        for (size_t i = 0; i < at && !problem; i++) {
            if (!close_to(first[i], both[i]))
                problem = "the first of two pictures gives another result";
        }
        free(both);
    }
    free(first);
    return problem;
}

static const char *finish_and_compare(struct imported *imported, const struct operand *result,
                                      const char *shape, imported_formula *formula)
{
    const struct value *value;
    struct shape got;
    char name[SHAPE_TEXT];

    if (import_output(&imported->importer, "out", result) ||
        importer_finish(&imported->importer, &imported->graph))
        return imported->error.text;
    value = &imported->graph->values[imported->graph->outputs[0]];
    if (strcmp(value->name, "out"))
        return "the output has another name";
    got = turned_shape(value);
    if (strcmp(shape_text(&got, name), shape)) {
        snprintf(text, sizeof text, "the shape is %s, not %s", name, shape);
        return text;
    }
    return compare(imported, &got, formula);
}

void imported_check(struct imported *imported, const struct operand *result, const char *shape,
                    imported_formula *formula)
{
    const char *problem = finish_and_compare(imported, result, shape, formula);

    if (problem)
        fail_msg("%s", problem);
}

void imported_works(const struct imported *imported, enum status status)
{
    if (status)
        fail_msg("%s", imported->error.text);
}
