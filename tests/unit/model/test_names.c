#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/names.h"
#include "tests/lib/net.h"

static struct graph *load(const char *prototxt)
{
    struct error error = {""};
    struct graph *graph;

    if (net_load(prototxt, NULL, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static struct names *name(const struct graph *graph)
{
    struct error error = {""};
    struct names *names;

    if (names_create(graph, &names, &error))
        fail_msg("%s", error.text);
    return names;
}

#define INPUT "input: 'data' input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }\n"

static void the_last_value_of_a_top_keeps_its_name(void **state)
{
    struct graph *graph =
        load(INPUT "layer { name: 'p' type: 'Pooling' bottom: 'data' top: 'p' pooling_param { "
                   "kernel_size: 2 } }\n"
                   "layer { name: 'r' type: 'ReLU' bottom: 'p' top: 'p' }\n"
                   "layer { name: 'p' type: 'Dropout' bottom: 'p' top: 'p' }\n"
                   "layer { name: 's' type: 'Softmax' bottom: 'p' top: 's' }\n");
    struct names *names = name(graph);

    (void)state;
    assert_string_equal(names_value(names, 0), "data");
    assert_string_equal(names_value(names, 1), "p/Pooling");
    assert_string_equal(names_value(names, 2), "r");
    assert_string_equal(names_value(names, 3), "p");
    assert_int_equal(names_find(names, "p"), 3);
    assert_int_equal(names_find(names, "r"), 2);
    assert_int_equal(names_find(names, "q"), -1);
    assert_string_equal(names_node(names, 1), "p");
    assert_string_equal(names_node(names, 3), "p_1");
    names_free(names);
    graph_free(graph);
}

/* It is what callers feed, whatever works in place on it. */
static void an_input_keeps_its_name(void **state)
{
    struct graph *graph =
        load(INPUT "layer { name: 'r' type: 'ReLU' bottom: 'data' top: 'data' }\n"
                   "layer { name: 'data' type: 'ReLU' bottom: 'data' top: 'data' }\n"
                   "layer { name: 'p' type: 'Power' bottom: 'data' top: 'p' }\n"
                   "layer { name: 'q' type: 'ReLU' bottom: 'p' top: 'p' }\n");
    struct names *names = name(graph);

    (void)state;
    assert_string_equal(names_value(names, 0), "data");
    assert_string_equal(names_value(names, 1), "r");
    assert_string_equal(names_value(names, 2), "data/ReLU");
    assert_string_equal(names_value(names, 3), "p/Power");
    assert_string_equal(names_value(names, 4), "p");
    assert_int_equal(names_find(names, "data"), 0);
    names_free(names);
    graph_free(graph);
}

static void names_that_would_meet_get_numbers(void **state)
{
    struct graph *graph =
        load(INPUT "layer { name: 'a' type: 'ReLU' bottom: 'data' top: 'a' }\n"
                   "layer { name: 'a' type: 'ReLU' bottom: 'a' top: 'a' }\n"
                   "layer { name: 'a' type: 'ReLU' bottom: 'a' top: 'a' }\n"
                   "layer { name: 'b' type: 'Dropout' bottom: 'data' top: 'a/ReLU' }\n");
    struct names *names = name(graph);

    (void)state;
    assert_string_equal(names_value(names, 1), "a/ReLU_1");
    assert_string_equal(names_value(names, 2), "a/ReLU_2");
    assert_string_equal(names_value(names, 3), "a");
    assert_string_equal(names_value(names, 4), "a/ReLU");
    names_free(names);
    graph_free(graph);
}

/* Within the memory that names may take. */
static void thousands_of_layers_may_share_a_name(void **state)
{
    enum { LAYERS = 5000 };
    const char *layer = "layer { name: 'a' type: 'ReLU' bottom: 'data' top: 'data' }\n";
    struct buf text;
    struct graph *graph;
    struct names *names;

    (void)state;
    buf_init(&text, 1 << 20);
    assert_int_equal(buf_append_text(&text, INPUT), STATUS_OK);
    for (int i = 0; i < LAYERS; i++)
        assert_int_equal(buf_append_text(&text, layer), STATUS_OK);
    graph = load(text.data);
    names = name(graph);
    assert_string_equal(names_node(names, 1), "a");
    assert_string_equal(names_node(names, LAYERS), "a_4999");
    names_free(names);
    graph_free(graph);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_value_of_a_top_keeps_its_name),
        cmocka_unit_test(an_input_keeps_its_name),
        cmocka_unit_test(names_that_would_meet_get_numbers),
        cmocka_unit_test(thousands_of_layers_may_share_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
