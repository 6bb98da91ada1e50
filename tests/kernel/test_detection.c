/* SSD's boxes and detections against a second, slow implementation of what their layers say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "model/shape.h"
#include "tests/lib/operator.h"
#include "tests/lib/random.h"

enum { ROUNDS = 300, PRIORS = 12, CLASSES = 4, IMAGES = 2, MOST = IMAGES * PRIORS * CLASSES };

static void expect_near(float value, double expected)
{
    if (!(fabs((double)value - expected) <= 1e-5 * fmax(1, fabs(expected))))
        fail_msg("%.9g instead of %.9g", (double)value, expected);
}

/* ---- PriorBox ---- */

struct prior_test {
    struct operator_test test;
    float min_sizes[2], max_sizes[2], ratios[3], variances[4];
};

static double width_of(double size, double ratio)
{
    return size * sqrt(ratio);
}

/* The boxes of one cell in the order of prior_box_layer.cpp: width and height. */
static size_t cell_boxes(const struct prior_box_parameters *p, double boxes[32][2])
{
    double ratios[8];
    size_t ratio_count = 0, count = 0;

    for (size_t i = 0; i < p->ratio_count; i++) {
        bool known = fabs((double)p->ratios[i] - 1) < 1e-6;
        for (size_t j = 0; j < ratio_count; j++)
            known = known || fabs((double)p->ratios[i] - ratios[j]) < 1e-6;
        if (known)
            continue;
        ratios[ratio_count++] = (double)p->ratios[i];
        if (p->flip)
            ratios[ratio_count++] = 1 / (double)p->ratios[i];
    }
    for (size_t s = 0; s < p->min_count; s++) {
        double size = floor((double)p->min_sizes[s]);
        boxes[count][0] = boxes[count][1] = size;
        count++;
        if (p->max_count) {
            boxes[count][0] = boxes[count][1] = sqrt(size * floor((double)p->max_sizes[s]));
            count++;
        }
        for (size_t r = 0; r < ratio_count; r++, count++) {
            boxes[count][0] = width_of(size, ratios[r]);
            boxes[count][1] = width_of(size, 1 / ratios[r]);
        }
    }
    return count;
}

static void compare_priors(const struct operator_test *test)
{
    const struct prior_box_parameters *p = &test->parameters.prior_box;
    const struct shape *plane = &test->shapes[0], *image = &test->shapes[1];
    double boxes[32][2], side[2], step[2];
    size_t each = cell_boxes(p, boxes), half = test->output.count / 2;
    const float *value = test->output.data;

    assert_int_equal(half, each * 4 * shape_product(plane, 2, 4));
    for (int axis = 0; axis < 2; axis++) {
        side[axis] = p->image[0] > 0 ? (double)p->image[axis] : (double)image->dim[2 + axis];
        step[axis] =
            p->step[0] > 0 ? (double)p->step[axis] : side[axis] / (double)plane->dim[2 + axis];
    }
    for (int64_t y = 0; y < plane->dim[2]; y++) {
        for (int64_t x = 0; x < plane->dim[3]; x++) {
            double cx = ((double)x + (double)p->offset) * step[1];
            double cy = ((double)y + (double)p->offset) * step[0];
            for (size_t b = 0; b < each; b++, value += 4) {
                double box[4] = {(cx - boxes[b][0] / 2) / side[1], (cy - boxes[b][1] / 2) / side[0],
                                 (cx + boxes[b][0] / 2) / side[1],
                                 (cy + boxes[b][1] / 2) / side[0]};
                for (int i = 0; i < 4; i++)
                    expect_near(value[i], p->clip ? fmin(fmax(box[i], 0), 1) : box[i]);
            }
        }
    }
    for (size_t i = 0; i < half; i++) {
        float expected = p->variance_count == 0   ? 0.1F
                         : p->variance_count == 1 ? p->variances[0]
                                                  : p->variances[i % 4];
        assert_true(test->output.data[half + i] == expected);
    }
}

static void prior_boxes_stand_around_each_cell(void **state)
{
    uint64_t random = 41;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        static const float ratios[] = {1, 2, 3, 0.5F};
        struct prior_test prior = {.min_sizes = {30.7F, 60}, .max_sizes = {60.2F, 111}};
        struct operator_test *test = &prior.test;
        struct prior_box_parameters *p = &test->parameters.prior_box;
        *test = (struct operator_test){.kind = OPERATOR_PRIOR_BOX, .input_count = 2};
        test->shapes[0] =
            (struct shape){4, {1, 2, 1 + random_below(&random, 5), 1 + random_below(&random, 5)}};
        test->shapes[1] = (struct shape){
            4, {1, 3, 50 + random_below(&random, 300), 50 + random_below(&random, 300)}};
        for (int i = 0; i < 3; i++)
            prior.ratios[i] = ratios[random_below(&random, 4)];
        for (int i = 0; i < 4; i++)
            prior.variances[i] = 0.1F * (float)(i + 1);
        *p = (struct prior_box_parameters){.min_count = 1 + random_below(&random, 2),
                                           .ratio_count = random_below(&random, 4),
                                           .variance_count =
                                               (size_t)(round % 3 == 2 ? 4 : round % 3),
                                           .min_sizes = prior.min_sizes,
                                           .max_sizes = prior.max_sizes,
                                           .ratios = prior.ratios,
                                           .variances = prior.variances,
                                           .flip = random_below(&random, 2),
                                           .clip = random_below(&random, 2),
                                           .offset = round % 2 ? 0.5F : 0};
        p->max_count = random_below(&random, 2) ? p->min_count : 0;
        if (random_below(&random, 2)) {
            p->step[0] = 8;
            p->step[1] = 16;
        }
        if (random_below(&random, 2)) {
            p->image[0] = 200;
            p->image[1] = 300;
        }
        assert_true(operator_open(test, &random, false));
        assert_true(operator_run(test, false));
        compare_priors(test);
        operator_close(test);
    }
}

/* ---- DetectionOutput ---- */

struct found {
    double image, label, score, box[4];
    size_t prior;
};

/* The box of a prior as the code type says. */
static void decode(const struct operator_test *test, size_t image, size_t label, size_t prior,
                   double box[4])
{
    const struct detection_output_parameters *p = &test->parameters.detection_output;
    size_t sets = p->share_location ? 1 : CLASSES, set = p->share_location ? 0 : label;
    const float *l = test->inputs[0].data + ((image * PRIORS + prior) * sets + set) * 4;
    const float *b = test->inputs[2].data + prior * 4, *v = b + PRIORS * 4;
    double w = (double)b[2] - (double)b[0], h = (double)b[3] - (double)b[1], d[4];

    for (int i = 0; i < 4; i++)
        d[i] = (double)l[i] * (p->variance_in_target ? 1 : (double)v[i]);
    if (p->code == DETECTION_CENTER_SIZE) {
        double cx = ((double)b[0] + (double)b[2]) / 2 + d[0] * w;
        double cy = ((double)b[1] + (double)b[3]) / 2 + d[1] * h;
        box[0] = cx - exp(d[2]) * w / 2;
        box[1] = cy - exp(d[3]) * h / 2;
        box[2] = cx + exp(d[2]) * w / 2;
        box[3] = cy + exp(d[3]) * h / 2;
        return;
    }
    for (int i = 0; i < 4; i++)
        box[i] = (double)b[i] + d[i] * (p->code == DETECTION_CORNER ? 1 : i % 2 ? h : w);
}

static double size_of(const double box[4])
{
    return box[2] < box[0] || box[3] < box[1] ? 0 : (box[2] - box[0]) * (box[3] - box[1]);
}

static double shared_part(const double a[4], const double b[4])
{
    double w = fmin(a[2], b[2]) - fmax(a[0], b[0]), h = fmin(a[3], b[3]) - fmax(a[1], b[1]);

    return w > 0 && h > 0 ? w * h / (size_of(a) + size_of(b) - w * h) : 0;
}

static double score_of(const struct operator_test *test, size_t image, size_t label, size_t prior)
{
    return (double)test->inputs[1].data[(image * PRIORS + prior) * CLASSES + label];
}

/* Takes the best prior that is left, again and again. */
static size_t detect_class(const struct operator_test *test, size_t image, size_t label,
                           struct found *out)
{
    const struct detection_output_parameters *p = &test->parameters.detection_output;
    int64_t tries = p->nms_top_k < 0 ? PRIORS : p->nms_top_k;
    double threshold = (double)p->nms_threshold;
    bool used[PRIORS] = {false};
    size_t count = 0;

    for (; tries > 0; tries--) {
        size_t best = PRIORS;
        bool free_place = true;
        for (size_t i = 0; i < PRIORS; i++) {
            double score = score_of(test, image, label, i);
            if (!used[i] && score > (double)p->confidence_threshold &&
                (best == PRIORS || score > score_of(test, image, label, best)))
                best = i;
        }
        if (best == PRIORS)
            break;
        used[best] = true;
        out[count] = (struct found){.image = (double)image,
                                    .label = (double)label,
                                    .score = score_of(test, image, label, best),
                                    .prior = best};
        decode(test, image, label, best, out[count].box);
        for (size_t k = 0; k < count; k++)
            free_place = free_place && shared_part(out[count].box, out[k].box) <= threshold;
        if (!free_place)
            continue;
        count++;
        if (threshold > 0.5)
            threshold *= (double)p->nms_eta;
    }
    return count;
}

/* Drops the worst until at most `most` are left: of equals the one of the highest label, and then
 * of the highest prior. */
static size_t drop_worst(struct found *list, size_t count, size_t most)
{
    while (count > most) {
        size_t worst = 0;
        for (size_t i = 1; i < count; i++) {
            if (list[i].score <= list[worst].score)
                worst = i;
        }
        memmove(list + worst, list + worst + 1, (count - worst - 1) * sizeof *list);
        count--;
    }
    return count;
}

static size_t detect(const struct operator_test *test, struct found *out)
{
    const struct detection_output_parameters *p = &test->parameters.detection_output;
    size_t total = 0;

    for (size_t image = 0; image < IMAGES; image++) {
        size_t count = 0;
        for (size_t label = 0; label < CLASSES; label++) {
            if ((int64_t)label != p->background)
                count += detect_class(test, image, label, out + total + count);
        }
        if (p->keep_top_k >= 0)
            count = drop_worst(out + total, count, (size_t)p->keep_top_k);
        total += count;
    }
    return total;
}

static void compare_detections(const struct operator_test *test, size_t *detections)
{
    static struct found expected[MOST + 1];
    size_t count = detect(test, expected);
    const float *row = test->output.data;

    *detections += count;
    assert_int_equal(test->output_shape.dim[2], count ? count : IMAGES);
    for (size_t i = 0; i < count; i++, row += 7) {
        expect_near(row[0], expected[i].image);
        expect_near(row[1], expected[i].label);
        expect_near(row[2], expected[i].score);
        for (int j = 0; j < 4; j++)
            expect_near(row[3 + j], expected[i].box[j]);
    }
    for (size_t i = 0; i < IMAGES * 7 && !count; i++)
        assert_true(row[i] == (i % 7 ? -1 : (float)(i / 7)));
}

static void random_parameters(struct detection_output_parameters *p, uint64_t *random)
{
    *p = (struct detection_output_parameters){
        .classes = CLASSES,
        .background = (int64_t)random_below(random, CLASSES + 2) - 1,
        .nms_top_k = (int64_t)random_below(random, PRIORS + 3) - 1,
        .keep_top_k = (int64_t)random_below(random, PRIORS) - 1,
        .share_location = random_below(random, 2),
        .variance_in_target = random_below(random, 2),
        .code = (enum detection_code)(1 + random_below(random, 3)),
        .nms_threshold = (float)random_between(random, 0, 1),
        .nms_eta = random_below(random, 2) ? 1 : 0.8F,
        .confidence_threshold = random_below(random, 8) ? 0.3F : 2,
    };
}

/* Boxes that overlap much, and scores of which many are equal. */
static void fill_inputs(struct operator_test *test, uint64_t *random)
{
    float *prior = test->inputs[2].data, *score = test->inputs[1].data;

    for (size_t i = 0; i < PRIORS; i++) {
        for (size_t j = 0; j < 2; j++) {
            prior[i * 4 + j] = (float)random_between(random, 0, 0.4);
            prior[i * 4 + 2 + j] = prior[i * 4 + j] + (float)random_between(random, 0.2, 0.6);
        }
        for (size_t j = 0; j < 4; j++)
            prior[(PRIORS + i) * 4 + j] = 0.1F * (float)(1 + random_below(random, 3));
    }
    for (size_t i = 0; i < test->inputs[1].count; i++)
        score[i] = random_below(random, 40) ? (float)random_below(random, 11) / 10 : NAN;
}

static struct operator_test detection_test(const struct detection_output_parameters *p)
{
    struct operator_test test = {.kind = OPERATOR_DETECTION_OUTPUT, .input_count = 3};

    test.parameters.detection_output = *p;
    test.shapes[0] = (struct shape){2, {IMAGES, PRIORS * 4 * (p->share_location ? 1 : CLASSES)}};
    test.shapes[1] = (struct shape){2, {IMAGES, PRIORS * CLASSES}};
    test.shapes[2] = (struct shape){3, {1, 2, PRIORS * 4}};
    return test;
}

static void detections_are_those_of_the_slow_way(void **state)
{
    uint64_t random = 42;
    size_t detections = 0;

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct detection_output_parameters p;
        random_parameters(&p, &random);
        struct operator_test test = detection_test(&p);
        assert_true(operator_open(&test, &random, false));
        fill_inputs(&test, &random);
        assert_true(operator_run(&test, false));
        assert_int_equal(test.status, STATUS_OK);
        compare_detections(&test, &detections);
        operator_close(&test);
    }
    assert_true(detections > ROUNDS);
}

static void a_prior_without_size_is_an_error(void **state)
{
    struct detection_output_parameters p = {.classes = CLASSES,
                                            .nms_top_k = -1,
                                            .keep_top_k = -1,
                                            .share_location = true,
                                            .code = DETECTION_CENTER_SIZE,
                                            .nms_eta = 1};
    struct operator_test test = detection_test(&p);
    uint64_t random = 43;

    (void)state;
    assert_true(operator_open(&test, &random, false));
    fill_inputs(&test, &random);
    test.inputs[2].data[4 * 3 + 2] = test.inputs[2].data[4 * 3];
    assert_true(operator_run(&test, false));
    assert_int_equal(test.status, STATUS_DATA);
    operator_close(&test);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prior_boxes_stand_around_each_cell),
        cmocka_unit_test(detections_are_those_of_the_slow_way),
        cmocka_unit_test(a_prior_without_size_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
