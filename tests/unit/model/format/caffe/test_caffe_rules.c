/* Which layers take part: include and exclude rules, and the state of the file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/graph.h"
#include "tests/lib/net.h"

static void accept(const char *prototxt, const char *expected)
{
    struct error error = {""};
    struct graph *graph;
    char text[1024] = "";
    size_t used = 0;

    if (net_load(prototxt, NULL, &graph, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < graph->node_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "",
                                 graph->nodes[i].name);
    assert_string_equal(text, expected);
    graph_free(graph);
}

static void refuse(const char *prototxt, const char *text)
{
    struct error error = {""};
    struct graph *graph;
    enum status status = net_load(prototxt, NULL, &graph, &error);

    if (status_exit_code(status) != 65 || !strstr(error.text, text))
        fail_msg("status %d, '%s' instead of '%s'", status, error.text, text);
    assert_null(strchr(error.text, '\n'));
}

#define LAYER(name, rule)                                                                          \
    "layer { name: '" name "' type: 'ReLU' bottom: 'x' top: '" name "' " rule " }\n"
#define NET                                                                                        \
    "input: 'x' input_shape { dim: 1 dim: 2 }\n" LAYER("all", "")                                  \
        LAYER("a", "include { stage: 'a' }") LAYER("not_a", "exclude { stage: 'a' }")              \
            LAYER("both", "include { stage: 'a' stage: 'b' }")                                     \
                LAYER("only", "include { stage: 'a' not_stage: 'b' }")                             \
                    LAYER("either", "include { stage: 'a' } include { stage: 'b' }")               \
                        LAYER("train", "include { stage: 'a' phase: TRAIN }")

static void the_stages_of_the_state_choose_the_layers(void **state)
{
    (void)state;
    accept(NET, "x all not_a");
    accept("state { stage: 'a' }\n" NET, "x all a only either");
    accept("state { stage: ['a', 'b'] }\n" NET, "x all a both either");
    accept(NET "state { stage: 'b' phase: TEST }\n", "x all not_a either");
    accept("state { stage: 'c' }\n" NET, "x all not_a");
}

/* Net::Net(param_file, phase, level, stages) of net.cpp sets both over what the file says. */
static void phase_and_level_of_the_state_do_not_count(void **state)
{
    (void)state;
    accept("state { phase: TRAIN level: 2 }\n"
           "input: 'x' input_shape { dim: 1 dim: 2 }\n" LAYER("high", "include { min_level: 1 }")
               LAYER("low", "include { max_level: 1 }") LAYER("train", "include { phase: TRAIN }")
                   LAYER("test", "include { phase: 1 }"),
           "x low test");
}

static void a_net_of_2013_has_stages_too(void **state)
{
    (void)state;
    accept("input: 'x' input_dim: 1 input_dim: 1 input_dim: 2 input_dim: 2 state { stage: 'a' }\n"
           "layers { layer { name: 'r' type: 'relu' } bottom: 'x' top: 'r'\n"
           "  include { stage: 'a' } }\n"
           "layers { layer { name: 's' type: 'relu' } bottom: 'x' top: 's'\n"
           "  exclude { stage: 'a' } }\n",
           "x r");
}

/* As NVIDIA's DIGITS writes them: one file that trains, validates and deploys. */
#define ALL_IN_ONE                                                                                 \
    "layer { name: 'train-data' type: 'Data' top: 'data' top: 'label'\n"                           \
    "  transform_param { crop_size: 4 } include { stage: 'train' } }\n"                            \
    "layer { name: 'val-data' type: 'Data' top: 'data' top: 'label'\n"                             \
    "  transform_param { crop_size: 4 } include { stage: 'val' } }\n"                              \
    "layer { name: 'scaled' type: 'Power' bottom: 'data' top: 'scaled' }\n"                        \
    "layer { name: 'right' type: 'Accuracy' bottom: 'scaled' bottom: 'label'\n"                    \
    "  include { stage: 'val' } }\n"                                                               \
    "layer { name: 'loss' type: 'SoftmaxWithLoss' bottom: 'scaled' bottom: 'label'\n"              \
    "  exclude { stage: 'deploy' } }\n"                                                            \
    "layer { name: 'softmax' type: 'Softmax' bottom: 'scaled' top: 'softmax'\n"                    \
    "  include { stage: 'deploy' } }\n"

static void a_file_for_several_stages_is_refused_with_their_names(void **state)
{
    (void)state;
    refuse(ALL_IN_ONE, ":5: layer 'scaled': bottom 'data' is made by layer 'val-data' in line 3 "
                       "only, whose rules keep it out of phase TEST without stages; put state { "
                       "stage: \"val\" } into the prototxt (its rules name the stages 'train', "
                       "'val', 'deploy'), or add input: \"data\" and its input_shape");
    refuse("state { stage: 'deploy' }\n" ALL_IN_ONE,
           "whose rules keep it out of the stages of the file's state; put state { stage: \"val\"");
    accept("state { stage: 'val' }\n" ALL_IN_ONE, "data scaled loss");
    accept("state { stage: 'deploy' }\n"
           "input: 'data' input_shape { dim: 1 dim: 3 dim: 4 dim: 4 }\n" ALL_IN_ONE,
           "data scaled softmax");
}

static void layers_of_training_alone_are_named_without_stages(void **state)
{
    (void)state;
    refuse("layer { name: 'd' type: 'Data' top: 'x' include { phase: TRAIN stage: 's' } }\n" LAYER(
               "r", ""),
           ":2: layer 'r': bottom 'x' is made by layer 'd' in line 1 only, whose rules keep it "
           "out of phase TEST; take its include or exclude out");
}

static void mistakes_in_states_and_rules_are_named(void **state)
{
    char text[4096];
    size_t used = (size_t)snprintf(text, sizeof text, "state {");

    (void)state;
    refuse("state: 5\n" NET, ":1: 'state' must be a message in braces");
    refuse("state { stage: 5 }\n" NET, ":1: 'stage' must be a string in quotes");
    refuse("state { } state { }\n" NET, ":1: 'state' is given twice");
    refuse("input: 'x' input_shape { dim: 1 }\n" LAYER("r", "include { stage: 5 }"),
           ":2: 'stage' must be a string in quotes");
    refuse("layer { name: 'd' type: 'Data' top: 'x' include { stage: 'a' stage { } } }\n" LAYER("r",
                                                                                                ""),
           "keep it out of phase TEST without stages; put state { stage: \"a\" }");
    for (size_t i = 0; i < 65; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " stage: 's'");
    snprintf(text + used, sizeof text - used, " }\n" NET);
    refuse(text, ":1: a state of more than 64 stages");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_stages_of_the_state_choose_the_layers),
        cmocka_unit_test(phase_and_level_of_the_state_do_not_count),
        cmocka_unit_test(a_net_of_2013_has_stages_too),
        cmocka_unit_test(a_file_for_several_stages_is_refused_with_their_names),
        cmocka_unit_test(layers_of_training_alone_are_named_without_stages),
        cmocka_unit_test(mistakes_in_states_and_rules_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
