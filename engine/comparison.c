#include "engine/comparison.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine/classifier.h"
#include "engine/difference.h"
#include "engine/op.h"
#include "engine/probe.h"
#include "model/names.h"
#include "model/shape.h"

/* One of the two networks. */
struct side {
    const struct graph *graph;
    struct names *names;
    struct engine *engine;
    struct session *session;
};

struct comparison {
    struct side a, b;
    struct comparison_layer *layers;  /* per value of A */
    int64_t *pair_of_b;               /* per value of B: the value of A, or -1 */
    size_t *input_of_b;               /* per input of B: the input of A */
    struct fingerprint *fingerprints; /* per value of A, of the first input */
    float **copies;                   /* per value of A, of the present input */
    size_t *counts;                   /* of the numbers in each copy */
    bool failed;                      /* memory ran out in an observer */
    struct comparison_result result;
};

/* ---- creation ---- */

static enum status fail_memory(const struct comparison *comparison, struct error *error)
{
    return error_set(error, STATUS_MEMORY, "%s: there is not enough memory to compare it",
                     comparison->a.graph->source);
}

/* 1, or 0 (as the graphs say) where one of them works with as many images as it says only. */
static enum status choose_batch(const struct graph *a, const struct graph *b, int64_t *batch,
                                struct error *error)
{
    const struct graph *const graphs[] = {a, b};
    enum status status = STATUS_OK;

    *batch = 1;
    for (int i = 0; i < 2 && !status; i++) {
        struct shape *shapes = calloc(graphs[i]->value_count, sizeof *shapes);
        struct error why;
        if (!shapes)
            status = error_set(error, STATUS_MEMORY, "%s: out of memory", graphs[i]->source);
        else if (graph_infer(graphs[i], 1, shapes, &why))
            *batch = 0;
        free(shapes);
    }
    return status;
}

static enum status open_side(struct side *side, const struct graph *graph, int64_t batch,
                             struct error *error)
{
    struct engine_options options = {.threads = 1, .batch = batch};
    enum status status = names_create(graph, &side->names, error);

    side->graph = graph;
    if (!status)
        status = engine_create(graph, &options, &side->engine, error);
    return status ? status : session_create(side->engine, &side->session, error);
}

static enum status open_sides(struct comparison *comparison, const struct graph *a,
                              const struct graph *b, struct error *error)
{
    int64_t batch;
    enum status status = choose_batch(a, b, &batch, error);

    if (!status)
        status = open_side(&comparison->a, a, batch, error);
    return status ? status : open_side(&comparison->b, b, batch, error);
}

static void close_side(struct side *side)
{
    session_free(side->session);
    engine_free(side->engine);
    names_free(side->names);
}

static enum status check_input(const struct comparison *comparison, size_t index,
                               struct error *error)
{
    const struct side *a = &comparison->a, *b = &comparison->b;
    const struct tensor *x = session_input(a->session, comparison->input_of_b[index]),
                        *y = session_input(b->session, index);
    struct shape p = {.dims = x->dims}, q = {.dims = y->dims};
    char first[SHAPE_TEXT], second[SHAPE_TEXT];

    memcpy(p.dim, x->shape, sizeof p.dim);
    memcpy(q.dim, y->shape, sizeof q.dim);
    if (shape_equal(&p, &q))
        return STATUS_OK;
    return error_set(error, STATUS_DATA,
                     "input %zu of %s is %s and that of %s is %s; these networks do not take the "
                     "same pictures",
                     comparison->input_of_b[index], a->graph->source, shape_text(&p, first),
                     b->graph->source, shape_text(&q, second));
}

/* The input of A called `name`, or `count`. */
static size_t find_input(const struct side *a, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (!strcmp(session_input(a->session, i)->name, name))
            return i;
    }
    return count;
}

static bool names_all_inputs(const struct side *a, const struct side *b)
{
    size_t count = session_input_count(a->session), own = session_input_count(b->session);

    for (size_t i = 0; i < own; i++) {
        if (find_input(a, count, session_input(b->session, i)->name) == count)
            return false;
    }
    return true;
}

/* By name if A has all of B's names, else by place. B may lack some of A's: one whose shape only
 * was asked for, or that nothing reads, changes no output, as the runs will show. */
static enum status pair_inputs(struct comparison *comparison, struct error *error)
{
    const struct side *a = &comparison->a, *b = &comparison->b;
    size_t count = session_input_count(a->session), own = session_input_count(b->session);
    bool named = names_all_inputs(a, b);
    enum status status = STATUS_OK;

    comparison->input_of_b = calloc(own ? own : 1, sizeof *comparison->input_of_b);
    if (!comparison->input_of_b)
        return fail_memory(comparison, error);
    for (size_t i = 0; i < own && !status; i++) {
        size_t place = named ? find_input(a, count, session_input(b->session, i)->name) : i;
        if (own > count || (!named && own != count))
            return error_set(error, STATUS_DATA, "%s has %zu inputs and %s has %zu",
                             a->graph->source, count, b->graph->source, own);
        comparison->input_of_b[i] = place;
        status = check_input(comparison, i, error);
    }
    return status;
}

/* Softmax, perhaps reshaped or turned afterwards. */
static bool is_probability(const struct graph *graph, uint32_t value)
{
    for (;;) {
        const struct node *node = &graph->nodes[graph->values[value].producer];
        switch (node->op->kind) {
        case OPERATOR_SOFTMAX:
            return !node->parameters.softmax.logarithm;
        case OPERATOR_FLATTEN:
        case OPERATOR_RESHAPE:
        case OPERATOR_PERMUTE:
        case OPERATOR_SPLIT:
        case OPERATOR_DROPOUT:
            value = node->inputs[0];
            continue;
        default:
            return false;
        }
    }
}

static size_t value_count(const struct side *side, uint32_t value)
{
    return step_count(&side->graph->values[value].shape) /
           (size_t)(side->graph->values[value].shape.dims ? side->graph->values[value].shape.dim[0]
                                                          : 1);
}

static void set_pair(struct comparison *comparison, uint32_t a, uint32_t b,
                     enum comparison_pairing pairing)
{
    comparison->layers[a].other = names_value(comparison->b.names, b);
    comparison->layers[a].pairing = pairing;
    comparison->pair_of_b[b] = a;
}

/* One image of both has the same extents, but for those of 1: else the axes stand otherwise. */
static bool same_extents(const struct shape *a, const struct shape *b)
{
    unsigned i = 1, j = 1;

    for (;; i++, j++) {
        while (i < a->dims && a->dim[i] == 1)
            i++;
        while (j < b->dims && b->dim[j] == 1)
            j++;
        if (i >= a->dims || j >= b->dims)
            return i >= a->dims && j >= b->dims;
        if (a->dim[i] != b->dim[j])
            return false;
    }
}

static void pair_names(struct comparison *comparison)
{
    const struct side *a = &comparison->a, *b = &comparison->b;

    for (uint32_t i = 0; i < b->graph->value_count; i++)
        comparison->pair_of_b[i] = -1;
    for (uint32_t i = 0; i < a->graph->value_count; i++) {
        int64_t other = names_find(b->names, names_value(a->names, i));
        if (other >= 0 && same_extents(&a->graph->values[i].shape, &b->graph->values[other].shape))
            set_pair(comparison, i, (uint32_t)other, PAIRING_NAME);
    }
}

static bool is_output(const struct graph *graph, uint32_t value)
{
    for (size_t i = 0; i < graph->output_count; i++) {
        if (graph->outputs[i] == value)
            return true;
    }
    return false;
}

/* Caffe and GraphDef do not list outputs: there, one that a layer reads is a value inside. */
static void mark_inside(struct comparison *comparison)
{
    const struct graph *b = comparison->b.graph;

    for (uint32_t i = 0; i < b->value_count; i++) {
        if (comparison->pair_of_b[i] >= 0 && !is_output(b, i))
            comparison->layers[comparison->pair_of_b[i]].inside =
                comparison->layers[comparison->pair_of_b[i]].output;
    }
}

/* An output without a namesake belongs to the output at its place. */
static enum status pair_outputs(struct comparison *comparison, struct error *error)
{
    const struct graph *a = comparison->a.graph, *b = comparison->b.graph;

    for (size_t i = 0; i < a->output_count; i++) {
        uint32_t value = a->outputs[i];
        comparison->layers[value].output = true;
        comparison->layers[value].probability = is_probability(a, value);
        if (comparison->layers[value].other)
            continue;
        /* An input that nothing reads: B need not have it. */
        if (a->nodes[a->values[value].producer].op->kind == OPERATOR_INPUT)
            continue;
        if (a->output_count != b->output_count || comparison->pair_of_b[b->outputs[i]] >= 0)
            return error_set(error, STATUS_DATA, "%s has no output '%s', which %s has", b->source,
                             a->values[value].name, a->source);
        if (value_count(&comparison->a, value) != value_count(&comparison->b, b->outputs[i]))
            return error_set(error, STATUS_DATA,
                             "output '%s' of %s has %zu elements and '%s' of %s has %zu",
                             a->values[value].name, a->source, value_count(&comparison->a, value),
                             b->values[b->outputs[i]].name, b->source,
                             value_count(&comparison->b, b->outputs[i]));
        set_pair(comparison, value, b->outputs[i], PAIRING_OUTPUT);
    }
    return STATUS_OK;
}

static enum status allocate(struct comparison *comparison, struct error *error)
{
    size_t a = comparison->a.graph->value_count, b = comparison->b.graph->value_count;

    comparison->layers = calloc(a, sizeof *comparison->layers);
    comparison->fingerprints = calloc(a, sizeof *comparison->fingerprints);
    comparison->copies = calloc(a, sizeof *comparison->copies);
    comparison->counts = calloc(a, sizeof *comparison->counts);
    comparison->pair_of_b = calloc(b, sizeof *comparison->pair_of_b);
    if (!comparison->layers || !comparison->fingerprints || !comparison->copies ||
        !comparison->counts || !comparison->pair_of_b)
        return fail_memory(comparison, error);
    for (uint32_t i = 0; i < a; i++) {
        const struct value *value = &comparison->a.graph->values[i];
        comparison->layers[i].name = names_value(comparison->a.names, i);
        comparison->layers[i].node = &comparison->a.graph->nodes[value->producer];
        comparison->layers[i].shape = &value->shape;
    }
    return STATUS_OK;
}

enum status comparison_create(const struct graph *a, const struct graph *b, struct comparison **out,
                              struct error *error)
{
    struct comparison *comparison = calloc(1, sizeof *comparison);
    enum status status;

    *out = NULL;
    if (!comparison)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", a->source);
    status = open_sides(comparison, a, b, error);
    if (!status)
        status = pair_inputs(comparison, error);
    if (!status)
        status = allocate(comparison, error);
    if (!status) {
        pair_names(comparison);
        status = pair_outputs(comparison, error);
    }
    if (!status)
        mark_inside(comparison);
    if (status)
        comparison_free(comparison);
    else
        *out = comparison;
    return status;
}

void comparison_free(struct comparison *comparison)
{
    if (!comparison)
        return;
    for (size_t i = 0; comparison->copies && i < comparison->a.graph->value_count; i++)
        free(comparison->copies[i]);
    free(comparison->copies);
    free(comparison->counts);
    free(comparison->fingerprints);
    free(comparison->pair_of_b);
    free(comparison->input_of_b);
    free(comparison->layers);
    close_side(&comparison->a);
    close_side(&comparison->b);
    free(comparison);
}

size_t comparison_input_count(const struct comparison *comparison)
{
    return session_input_count(comparison->a.session);
}

const struct tensor *comparison_input(const struct comparison *comparison, size_t index)
{
    return session_input(comparison->a.session, index);
}

/* ---- running ---- */

static void keep_value(void *context, uint32_t value, const struct tensor *tensor)
{
    struct comparison *comparison = context;
    bool first = comparison->result.input_count == 0;
    float *copy;

    if (!first && !comparison->layers[value].other)
        return;
    copy = malloc((tensor->count ? tensor->count : 1) * sizeof *copy);
    if (!copy) {
        comparison->failed = true;
        return;
    }
    memcpy(copy, tensor->data, tensor->count * sizeof *copy);
    comparison->copies[value] = copy;
    comparison->counts[value] = tensor->count;
    if (first)
        comparison->fingerprints[value] = fingerprint_take(copy, tensor->count);
}

static void note_difference(struct comparison_layer *layer, struct difference difference)
{
    if (difference.max > layer->max_difference)
        layer->max_difference = difference.max;
    if (difference.relative > layer->relative)
        layer->relative = difference.relative;
    layer->finite |= difference.finite;
}

/* How many numbers there are only the run tells: DetectionOutput keeps what it found. */
static struct difference take_difference(const struct comparison *comparison, size_t pair,
                                         const struct tensor *tensor)
{
    if (comparison->counts[pair] != tensor->count)
        return (struct difference){.max = INFINITY, .relative = INFINITY, .finite = true};
    return difference_take(comparison->copies[pair], tensor->data, tensor->count);
}

/* A value of A that has no pair yet and holds these numbers. */
static int64_t find_twin(const struct comparison *comparison, const float *data, size_t count)
{
    struct fingerprint wanted = fingerprint_take(data, count);

    for (size_t i = 0; i < comparison->a.graph->value_count; i++) {
        if (comparison->layers[i].other || !comparison->copies[i] ||
            !fingerprint_close(&comparison->fingerprints[i], &wanted))
            continue;
        if (difference_take(comparison->copies[i], data, count).relative <= COMPARISON_MAX_RELATIVE)
            return (int64_t)i;
    }
    return -1;
}

/* The best three classes of A's first output and of what is paired with it. */
static void note_ranking(struct comparison *comparison, const float *a, const float *b,
                         size_t classes)
{
    struct ranked best_a[3], best_b[3];
    size_t count = top_k(a, classes, best_a, 3), same = 0;

    top_k(b, classes, best_b, 3);
    while (same < count && best_a[same].index == best_b[same].index)
        same++;
    comparison->result.same_top1 += same > 0;
    comparison->result.same_top3 += same == count;
}

/* A namesake with extents that allow more than one order of axes may stand in another: then its
 * numbers are no statement about the layer, and its readers are where a difference would show. */
static bool is_turned_namesake(const struct comparison *comparison, size_t pair, uint32_t value,
                               const struct tensor *tensor)
{
    const struct comparison_layer *layer = &comparison->layers[pair];
    struct shape shape = *layer->shape;
    size_t image = shape_product(&shape, 1, shape.dims);

    if (layer->relative > COMPARISON_MAX_RELATIVE || layer->pairing != PAIRING_NAME ||
        layer->output || is_output(comparison->b.graph, value) || shape.dims < 3 ||
        shape.dims > 4 || comparison->counts[pair] != tensor->count ||
        take_difference(comparison, pair, tensor).relative <= COMPARISON_MAX_RELATIVE)
        return false;
    shape.dim[0] = (int64_t)(tensor->count / image); /* the graph's may be of more images */
    return tensor->count % image == 0 &&
           difference_is_turned(comparison->copies[pair], tensor->data, &shape,
                                COMPARISON_MAX_RELATIVE);
}

static void unset_pair(struct comparison *comparison, size_t a, uint32_t b)
{
    comparison->layers[a].other = NULL;
    comparison->layers[a].pairing = PAIRING_NONE;
    comparison->pair_of_b[b] = -1;
}

static void compare_value(void *context, uint32_t value, const struct tensor *tensor)
{
    struct comparison *comparison = context;
    int64_t pair = comparison->pair_of_b[value];

    if (pair < 0 && comparison->result.input_count == 0) {
        pair = find_twin(comparison, tensor->data, tensor->count);
        if (pair >= 0)
            set_pair(comparison, (uint32_t)pair, value, PAIRING_NUMBERS);
    }
    if (pair < 0 || !comparison->copies[pair])
        return;
    if (is_turned_namesake(comparison, (size_t)pair, value, tensor)) {
        unset_pair(comparison, (size_t)pair, value);
        return;
    }
    note_difference(&comparison->layers[pair], take_difference(comparison, (size_t)pair, tensor));
    if (pair == comparison->a.graph->outputs[0] && comparison->counts[pair] == tensor->count)
        note_ranking(comparison, comparison->copies[pair], tensor->data, tensor->count);
}

enum status comparison_run(struct comparison *comparison, struct error *error)
{
    struct side *a = &comparison->a, *b = &comparison->b;
    enum status status;

    for (size_t i = 0; i < session_input_count(b->session); i++) {
        const struct tensor *from = session_input(a->session, comparison->input_of_b[i]),
                            *to = session_input(b->session, i);
        memcpy(to->data, from->data, from->count * sizeof *from->data);
    }
    session_observe(a->session, keep_value, comparison);
    session_observe(b->session, compare_value, comparison);
    status = session_run(a->session, error);
    if (!status)
        status = session_run(b->session, error);
    if (!status && comparison->failed)
        status = fail_memory(comparison, error);
    for (size_t i = 0; i < a->graph->value_count; i++) {
        free(comparison->copies[i]);
        comparison->copies[i] = NULL;
    }
    comparison->result.input_count++;
    return status;
}

enum status comparison_run_probes(struct comparison *comparison, struct error *error)
{
    enum status status = STATUS_OK;

    for (int probe = 0; probe < PROBE_COUNT && !status; probe++) {
        for (size_t i = 0; i < comparison_input_count(comparison); i++)
            probe_fill((enum probe)probe, comparison->a.graph, i, comparison_input(comparison, i));
        status = comparison_run(comparison, error);
    }
    return status;
}

/* ---- result ---- */

static bool agrees(const struct comparison_layer *layer)
{
    return layer->other && layer->relative <= COMPARISON_MAX_RELATIVE;
}

/* Marks each value from which a value descends that agrees with its pair. */
static void mark_healed(const struct comparison *comparison, bool *healed)
{
    const struct graph *graph = comparison->a.graph;

    for (size_t i = graph->node_count; i-- > 0;) {
        const struct node *node = &graph->nodes[i];
        bool any = false;
        for (uint32_t j = 0; j < node->output_count; j++)
            any |= healed[node->outputs[j]] || agrees(&comparison->layers[node->outputs[j]]);
        for (uint32_t j = 0; j < node->input_count; j++)
            healed[node->inputs[j]] |= any;
    }
}

/* Where the networks part: the first value that differs from its pair; or one before it that has no
 * pair, if no pair that agrees descends from it. */
static const struct comparison_layer *find_parting(const struct comparison *comparison)
{
    const struct comparison_layer *layers = comparison->layers;
    size_t count = comparison->a.graph->value_count, found = 0;
    bool *healed = calloc(count, sizeof *healed);

    while (found < count && (!layers[found].other || agrees(&layers[found])))
        found++;
    if (healed) {
        mark_healed(comparison, healed);
        for (size_t i = 0; i < found && found < count; i++) {
            if (!layers[i].other && !healed[i])
                found = i;
        }
    }
    free(healed);
    return found < count ? &layers[found] : NULL;
}

/* Numbers may be alike by chance on the first input. Where all namesakes and outputs agree on every
 * input, a pair by numbers that does not was none. */
static void drop_chance_pairs(struct comparison *comparison)
{
    struct comparison_layer *layers = comparison->layers;
    size_t count = comparison->a.graph->value_count;

    for (size_t i = 0; i < count; i++) {
        if (layers[i].other && layers[i].pairing != PAIRING_NUMBERS && !agrees(&layers[i]))
            return;
    }
    for (size_t i = 0; i < comparison->b.graph->value_count; i++) {
        int64_t pair = comparison->pair_of_b[i];
        if (pair >= 0 && !agrees(&layers[pair]))
            unset_pair(comparison, (size_t)pair, (uint32_t)i);
    }
}

const struct comparison_result *comparison_result(struct comparison *comparison)
{
    struct comparison_result *result = &comparison->result;

    drop_chance_pairs(comparison);
    result->layers = comparison->layers;
    result->layer_count = comparison->a.graph->value_count;
    result->paired = 0;
    result->undecided = NULL;
    result->max_probability = result->max_relative = result->output_relative = 0;
    for (size_t i = 0; i < result->layer_count; i++) {
        const struct comparison_layer *layer = &comparison->layers[i];
        if (!layer->other)
            continue;
        result->paired++;
        result->max_relative = fmax(result->max_relative, layer->relative);
        if (!layer->output)
            continue;
        result->output_relative = fmax(result->output_relative, layer->relative);
        if (!layer->finite && !result->undecided)
            result->undecided = layer;
        if (layer->probability)
            result->max_probability = fmax(result->max_probability, layer->max_difference);
    }
    result->same = result->max_probability <= COMPARISON_MAX_PROBABILITY &&
                   result->max_relative <= COMPARISON_MAX_RELATIVE && !result->undecided;
    result->first_different = result->same ? NULL : find_parting(comparison);
    result->hint = result->first_different ? difference_hint(result->first_different->node) : NULL;
    return result;
}
