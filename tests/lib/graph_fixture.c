#include "tests/lib/graph_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/random.h"

enum { MAX_NODES = 256 };

#define CHECK(call)                                                                                \
    do {                                                                                           \
        struct error error = {""};                                                                 \
        if (call)                                                                                  \
            fail_msg("%s", error.text);                                                            \
    } while (0)

struct maker maker_create(uint64_t seed)
{
    struct maker maker = {.random = seed};

    CHECK(graph_create("random", MAX_NODES, MAX_NODES, &maker.graph, &error));
    return maker;
}

int64_t maker_below(struct maker *maker, uint32_t count)
{
    return random_below(&maker->random, count);
}

int64_t maker_between(struct maker *maker, int64_t low, int64_t high)
{
    return low + maker_below(maker, (uint32_t)(high - low + 1));
}

bool maker_coin(struct maker *maker)
{
    return maker_below(maker, 2);
}

float maker_number(struct maker *maker)
{
    return (float)random_between(&maker->random, 0.1, 3);
}

uint32_t maker_input(struct maker *maker, struct shape shape)
{
    char name[32];
    const char *top = name;
    struct node *node;

    snprintf(name, sizeof name, "in%zu", maker->made++);
    CHECK(graph_add(maker->graph, operator_info(OPERATOR_INPUT), name, NULL, 0, &top, 1, 0, &node,
                    &error));
    node->parameters.input.shape = shape;
    CHECK(graph_infer_last(maker->graph, NULL, &error));
    return node->outputs[0];
}

uint32_t maker_image(struct maker *maker)
{
    return maker_input(maker,
                       (struct shape){4, {MAKER_BATCH, MAKER_CHANNELS, MAKER_SIDE, MAKER_SIDE}});
}

/* Random weights of the shapes that the node wants. */
static void add_weights(struct maker *maker, struct node *node)
{
    struct arena *arena = &maker->graph->arena;
    struct shape inputs[4], outputs[4];
    struct inference inference = {
        .graph = maker->graph, .node = node, .inputs = inputs, .outputs = outputs};

    for (uint32_t i = 0; i < node->input_count; i++)
        inputs[i] = maker->graph->values[node->inputs[i]].shape;
    CHECK(shape_infer(&inference, &error));
    for (uint32_t i = 0; i < node->output_count; i++)
        maker->graph->values[node->outputs[i]].shape = outputs[i];
    node->weights = arena_alloc(arena, OPERATOR_MAX_WEIGHTS, sizeof *node->weights);
    node->weight_count = inference.weight_count;
    for (uint32_t i = 0; i < inference.weight_count; i++) {
        const struct shape *shape = &inference.weights[i];
        size_t count = shape_product(shape, 0, shape->dims);
        float *values = arena_alloc(arena, count, sizeof *values);
        assert_non_null(values);
        for (size_t j = 0; j < count; j++)
            values[j] = maker_number(maker);
        node->weights[i] = weight_make(shape, values);
    }
}

struct node *maker_add(struct maker *maker, enum operator_kind kind,
                       const union parameters *parameters, const uint32_t *inputs, size_t count,
                       size_t outputs)
{
    char names[4][40];
    const char *tops[4];
    struct node *node;

    for (size_t i = 0; i < outputs; i++) {
        snprintf(names[i], sizeof names[i], "%s%zu_%zu", operator_info(kind)->name, maker->made, i);
        tops[i] = names[i];
    }
    maker->made++;
    CHECK(graph_append(maker->graph, operator_info(kind), outputs ? tops[0] : "quiet", inputs,
                       count, tops, outputs, 0, &node, &error));
    node->parameters = *parameters;
    add_weights(maker, node);
    return node;
}

struct node *maker_add_to_image(struct maker *maker, enum operator_kind kind,
                                const union parameters *parameters)
{
    uint32_t input = maker_image(maker);

    return maker_add(maker, kind, parameters, &input, 1, 1);
}
