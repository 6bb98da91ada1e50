#include "tests/lib/graphdef_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>

#include <cmocka.h>

#include "engine/engine.h"
#include "model/shape.h"
#include "tests/lib/random.h"

struct picture picture_draw(struct shape shape, uint64_t seed, float low, float high)
{
    struct picture picture = {.shape = shape};
    size_t count = shape_product(&shape, 0, shape.dims);

    assert_true(count <= PICTURE_MOST);
    for (size_t i = 0; i < count; i++)
        picture.values[i] =
            low + (high - low) * (float)((double)(random_next(&seed) >> 40) * 0x1p-24);
    return picture;
}

void picture_constant(struct draft *draft, const char *name, const struct picture *picture)
{
    draft_floats(draft, name, &picture->shape, picture->values);
}

/* ---- running ---- */

static struct graph *load(struct draft *draft)
{
    struct error error = {""};
    struct buf bytes = draft_bytes(draft);
    struct graph *graph;

    if (draft_load_bytes(&bytes, NULL, &graph, &error))
        fail_msg("%s", error.text);
    return graph;
}

static const struct value *value_named(const struct graph *graph, const char *name)
{
    int64_t value = graph_top(graph, name);

    if (value < 0)
        fail_msg("no value is called '%s'", name);
    return &graph->values[value];
}

/* Where element `index` of the source's tensor lies in the graph's. */
static size_t place(const struct value *value, size_t index)
{
    size_t coordinates[SHAPE_MAX_DIMS] = {0}, at = 0;

    for (unsigned i = value->shape.dims; i-- > 0;) {
        unsigned axis = value->turned ? value->order[i] : i;
        coordinates[axis] = index % (size_t)value->shape.dim[axis];
        index /= (size_t)value->shape.dim[axis];
    }
    for (unsigned i = 0; i < value->shape.dims; i++)
        at = at * (size_t)value->shape.dim[i] + coordinates[i];
    return at;
}

/* Feeds `input` to the only input and holds the value `name` against `expected`. */
void picture_gives(struct draft *draft, const struct picture *input, const char *name,
                   const struct picture *expected)
{
    struct graph *graph = load(draft);
    struct error error = {""};
    struct engine_options options = {.threads = 1, .keep_all = true};
    struct engine *engine = NULL;
    struct session *session = NULL;
    const struct value *in = &graph->values[graph->inputs[0]], *out = value_named(graph, name);

    if (engine_create(graph, &options, &engine, &error) || session_create(engine, &session, &error))
        fail_msg("%s", error.text);
    for (size_t i = 0; i < session_input(session, 0)->count; i++)
        session_input(session, 0)->data[place(in, i)] = input->values[i];
    if (session_run(session, &error))
        fail_msg("%s", error.text);
    const struct tensor *tensor = session_tensor(session, name);
    assert_non_null(tensor);
    assert_int_equal(tensor->count, shape_product(&expected->shape, 0, expected->shape.dims));
    assert_int_equal(out->shape.dims, expected->shape.dims);
    for (unsigned i = 0; i < out->shape.dims; i++)
        assert_int_equal(out->shape.dim[out->turned ? out->order[i] : i], expected->shape.dim[i]);
    for (size_t i = 0; i < tensor->count; i++) {
        double found = tensor->data[place(out, i)], wanted = expected->values[i];
        if (!(fabs(found - wanted) <= 1e-4 * (1 + fabs(wanted))))
            fail_msg("'%s'[%zu]: %g instead of %g", name, i, found, wanted);
    }
    session_free(session);
    engine_free(engine);
    graph_free(graph);
}

void picture_begin(struct draft *draft, struct picture *x, struct shape shape)
{
    *x = picture_draw(shape, 7, -1, 1);
    draft_init(draft);
    draft_input(draft, "x", &shape);
}

void picture_window(struct draft *draft, int64_t stride, const char *padding)
{
    LIST(draft, "strides", 1, stride, stride, 1);
    draft_text(draft, "padding", padding);
}
