#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "model/fields.h"
#include "model/format/numpy/parameters_json.h"
#include "tests/lib/random.h"

enum { INPUTS = 3, LIST_MAX = 5, ROUNDS = 200 };

static struct graph *graph;

static int make_graph(void **state)
{
    struct error error;

    (void)state;
    return graph_create("made up", 1, 1, &graph, &error) ? -1 : 0;
}

static int free_graph(void **state)
{
    (void)state;
    graph_free(graph);
    return 0;
}

static float any_float(uint64_t *random)
{
    static const float special[] = {0.0F, -0.0F, 0.1F, 1e-45F, 3.4028235e38F, INFINITY, -INFINITY};
    uint32_t bits = (uint32_t)random_next(random);
    float value;

    memcpy(&value, &bits, sizeof value);
    return isnan(value) || bits % 4 == 0 ? special[bits % 7] : value;
}

static int64_t any_int(uint64_t *random, const struct field *field)
{
    uint64_t span = (uint64_t)(field->high - field->low) + 1;

    return (int64_t)field->low + (int64_t)(random_next(random) % span);
}

static void fill(uint64_t *random, const struct field *field, void *values, size_t index)
{
    unsigned known = 0;

    switch (field->type) {
    case FIELD_INT:
        ((int64_t *)values)[index] = any_int(random, field);
        break;
    case FIELD_BYTE:
        ((uint8_t *)values)[index] = (uint8_t)index; /* an order */
        break;
    case FIELD_FLOAT:
        ((float *)values)[index] = any_float(random);
        break;
    case FIELD_BOOL:
        ((bool *)values)[index] = random_below(random, 2);
        break;
    case FIELD_WORD:
        while (field->words[known])
            known++;
        ((unsigned *)values)[index] = field->first_word + random_below(random, known);
        break;
    }
}

static void make_up(uint64_t *random, struct node *node)
{
    unsigned char *base = (unsigned char *)&node->parameters;
    unsigned axes = 1 + random_below(random, SHAPE_MAX_DIMS);

    for (const struct field *field = fields_of(node->op->kind); field->name; field++) {
        size_t count = random_below(random, LIST_MAX);
        if (field->form == FIELD_PER_INPUT)
            count = count % 2 ? node->input_count : 0;
        if (field->form == FIELD_AXES)
            memcpy(base + field->count, &axes, sizeof axes);
        if (field->form == FIELD_LIST)
            memcpy(base + field->count, &count, sizeof count);
        if ((field->form == FIELD_LIST || field->form == FIELD_PER_INPUT) && count) {
            void *list = arena_alloc(&graph->arena, count, field_size(field->type));
            memcpy(base + field->offset, &list, sizeof list);
        }
        for (size_t i = 0; i < field_count(field, node); i++)
            fill(random, field, field_at(field, &node->parameters), i);
    }
    if (node->op->kind == OPERATOR_POOLING)
        node->parameters.pooling.global = true;
}

static json_t *as_json(const struct node *node)
{
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    fputc('{', stream);
    parameters_json_write(node, stream);
    fputc('}', stream);
    fclose(stream);
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
    if (!object)
        fail_msg("not JSON: %s", text);
    free(text);
    return object;
}

static void expect_equal(const struct node *a, const struct node *b)
{
    for (const struct field *field = fields_of(a->op->kind); field->name; field++) {
        size_t count = field_count(field, a);
        if (field_count(field, b) != count ||
            (count && memcmp(field_in(field, &a->parameters), field_in(field, &b->parameters),
                             count * field_size(field->type)) != 0))
            fail_msg("%s: '%s' has changed", a->op->name, field->name);
    }
}

static struct node node_of(int kind)
{
    return (struct node){
        .name = "n", .op = operator_info((enum operator_kind)kind), .input_count = INPUTS};
}

static void random_parameters_of_every_operator_come_back_with_the_same_bits(void **state)
{
    uint64_t random = 1;

    (void)state;
    for (int i = 0; i < ROUNDS * OPERATOR_COUNT; i++) {
        struct node node = node_of(i % OPERATOR_COUNT), back = node_of(i % OPERATOR_COUNT);
        struct error error = {""};
        make_up(&random, &node);
        json_t *object = as_json(&node);
        if (parameters_json_read(graph, &back, object, &error))
            fail_msg("%s", error.text);
        expect_equal(&node, &back);
        json_decref(object);
    }
}

/* Each member in turn is left out, unless it came later, and takes each of the wrong values. */
static void wrong_parameters_of_every_operator_are_refused(void **state)
{
    uint64_t random = 2;

    (void)state;
    for (int kind = 0; kind < OPERATOR_COUNT; kind++) {
        struct node node = node_of(kind);
        make_up(&random, &node);
        for (const struct field *field = fields_of(node.op->kind); field->name; field++) {
            json_t *wrong[] = {NULL,           json_null(),   json_string("no such word"),
                               json_real(0.5), json_object(), json_pack("[n,n,n,n,n,n,n,n,n]")};
            for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
                struct node back = node_of(kind);
                struct error error = {""};
                json_t *object = as_json(&node);
                json_object_del(object, field->name);
                if (wrong[i])
                    json_object_set_new(object, field->name, wrong[i]);
                bool fine = wrong[i] ? json_is_real(wrong[i]) && field->type == FIELD_FLOAT &&
                                           field->form == FIELD_ONE
                                     : field->later;
                enum status status = parameters_json_read(graph, &back, object, &error);
                if (status != (fine ? STATUS_OK : STATUS_DATA) ||
                    (!fine && !strstr(error.text, field->name)))
                    fail_msg("%s '%s' %zu: %d '%s'", node.op->name, field->name, i, status,
                             error.text);
                json_decref(object);
            }
        }
    }
}

static void a_parameter_that_is_not_known_is_refused(void **state)
{
    struct node node = node_of(OPERATOR_SIGMOID);
    struct error error = {""};
    json_t *object = json_pack("{s:i}", "wings", 2);

    (void)state;
    assert_int_equal(parameters_json_read(graph, &node, object, &error), STATUS_UNSUPPORTED);
    json_decref(object);
}

static void an_order_names_each_axis_once(void **state)
{
    struct node node = node_of(OPERATOR_PERMUTE);
    struct error error = {""};

    (void)state;
    node.parameters.permute = (struct permute_parameters){.dims = 3, .order = {2, 0, 1}};
    assert_int_equal(fields_check(graph, &node, &error), STATUS_OK);
    node.parameters.permute.order[2] = 0;
    assert_int_equal(fields_check(graph, &node, &error), STATUS_DATA);
}

static void a_pooling_without_kernel_is_global(void **state)
{
    struct node node = node_of(OPERATOR_POOLING);
    struct error error = {""};

    (void)state;
    assert_int_equal(fields_check(graph, &node, &error), STATUS_DATA);
    node.parameters.pooling.global = true;
    assert_int_equal(fields_check(graph, &node, &error), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_parameters_of_every_operator_come_back_with_the_same_bits),
        cmocka_unit_test(wrong_parameters_of_every_operator_are_refused),
        cmocka_unit_test(a_parameter_that_is_not_known_is_refused),
        cmocka_unit_test(an_order_names_each_axis_once),
        cmocka_unit_test(a_pooling_without_kernel_is_global),
    };
    return cmocka_run_group_tests(tests, make_graph, free_graph);
}
