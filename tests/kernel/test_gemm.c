#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "engine/kernel/kernel.h"
#include "tests/lib/guarded.h"
#include "tests/lib/random.h"

enum { ROUNDS = 60, DEPTH = 300 };

/* The definition, in the same order: the reference must give the same bits. */
static float product(const struct kernels *kernels, size_t depth, const float *a, const float *b,
                     size_t i, size_t j)
{
    float sum = 0;

    for (size_t k = 0; k < depth; k++)
        sum += a[k * kernels->tile_rows + i] * b[k * kernels->tile_columns + j];
    return sum;
}

static void a_tile_is_the_sum_of_products_in_order(void **state)
{
    const struct kernels *kernels = kernels_reference();
    uint64_t random = 1;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        size_t depth = round < 5 ? (size_t)round : random_below(&random, DEPTH);
        struct guarded a = guarded_create(depth * kernels->tile_rows);
        struct guarded b = guarded_create(depth * kernels->tile_columns);
        struct guarded c = guarded_create(kernels->tile_rows * kernels->tile_columns);
        guarded_fill(&a, &random, round % 2);
        guarded_fill(&b, &random, round % 2);
        kernels->gemm_tile(depth, a.data, b.data, c.data);
        for (size_t i = 0; i < c.count; i++) {
            float expected = product(kernels, depth, a.data, b.data, i / kernels->tile_columns,
                                     i % kernels->tile_columns);
            assert_memory_equal(&c.data[i], &expected, sizeof expected);
        }
        assert_true(guarded_intact(&c));
        guarded_free(&a);
        guarded_free(&b);
        guarded_free(&c);
    }
}

static struct plane_geometry random_geometry(uint64_t *random)
{
    struct plane_geometry g = {.channels = random_whole(random, 1, 3)};
    int64_t extent[2], out[2];

    for (int axis = 0; axis < 2; axis++) {
        struct window *window = &g.window;
        window->kernel[axis] = random_whole(random, 1, 4);
        window->stride[axis] = random_whole(random, 1, 3);
        window->pad[axis] = random_whole(random, 0, 3);
        window->dilation[axis] = random_whole(random, 1, 2);
        int64_t span = window->dilation[axis] * (window->kernel[axis] - 1) + 1;
        extent[axis] = random_whole(
            random, span > 2 * window->pad[axis] ? span - 2 * window->pad[axis] : 1, 30);
        out[axis] = (extent[axis] + 2 * window->pad[axis] - span) / window->stride[axis] + 1;
    }
    g.height = extent[0];
    g.width = extent[1];
    g.out_height = out[0];
    g.out_width = out[1];
    return g;
}

static float element(const struct plane_geometry *g, const float *image, int64_t row,
                     int64_t column)
{
    const struct window *w = &g->window;
    int64_t kx = row % w->kernel[1], ky = row / w->kernel[1] % w->kernel[0];
    int64_t channel = row / w->kernel[1] / w->kernel[0];
    int64_t y = column / g->out_width * w->stride[0] - w->pad[0] + ky * w->dilation[0];
    int64_t x = column % g->out_width * w->stride[1] - w->pad[1] + kx * w->dilation[1];

    if (y < 0 || y >= g->height || x < 0 || x >= g->width)
        return 0;
    return image[(channel * g->height + y) * g->width + x];
}

static void compare_columns(const struct kernels *kernels, const struct plane_geometry *g,
                            const struct guarded *image, size_t first, size_t count)
{
    size_t rows = (size_t)(g->channels * g->window.kernel[0] * g->window.kernel[1]);
    size_t tile = kernels->tile_columns, panels = (count + tile - 1) / tile;
    struct guarded out = guarded_create(panels * tile * rows);

    kernels->pack_columns(g, image->data, first, count, out.data);
    for (size_t i = 0; i < out.count; i++) {
        size_t column = i / tile / rows * tile + i % tile, row = i / tile % rows;
        float expected =
            column < count ? element(g, image->data, (int64_t)row, (int64_t)(first + column)) : 0;
        assert_memory_equal(&out.data[i], &expected, sizeof expected);
    }
    assert_true(guarded_intact(&out));
    guarded_free(&out);
}

static void packed_columns_are_the_column_matrix(void **state)
{
    const struct kernels *kernels = kernels_reference();
    uint64_t random = 2;

    (void)state;
    for (int round = 0; round < 10 * ROUNDS; round++) {
        struct plane_geometry g = random_geometry(&random);
        size_t columns = (size_t)(g.out_height * g.out_width);
        size_t first = random_below(&random, (uint32_t)columns);
        struct guarded image = guarded_create((size_t)(g.channels * g.height * g.width));
        guarded_fill(&image, &random, false);
        compare_columns(kernels, &g, &image, 0, columns);
        compare_columns(kernels, &g, &image, first, columns - first);
        compare_columns(kernels, &g, &image, first, 1);
        guarded_free(&image);
    }
}

static void the_environment_can_name_the_kernel(void **state)
{
    const struct kernels *kernels;
    struct error error = {""};

    (void)state;
    setenv("CARMLBENCH_KERNEL", "ref", 1);
    assert_int_equal(kernels_choose(&kernels, &error), STATUS_OK);
    assert_string_equal(kernels->name, "ref");
    setenv("CARMLBENCH_KERNEL", "warp", 1);
    assert_int_equal(kernels_choose(&kernels, &error), STATUS_CONFIG);
    assert_non_null(strstr(error.text, "CARMLBENCH_KERNEL: 'warp'"));
    unsetenv("CARMLBENCH_KERNEL");
    assert_int_equal(kernels_choose(&kernels, &error), STATUS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tile_is_the_sum_of_products_in_order),
        cmocka_unit_test(packed_columns_are_the_column_matrix),
        cmocka_unit_test(the_environment_can_name_the_kernel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
