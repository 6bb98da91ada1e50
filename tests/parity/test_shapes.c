/* The committed weights of config/models, through the whole local road. Run from the root. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "common/file.h"
#include "engine/classifier.h"
#include "tests/lib/shapes.h"

/* demo/train.sh trains on seed 1 and looks at seed 2; the demo draws seed 2017. */
enum { UNSEEN_SEED = 20260101, PICTURES = 30, SIZE_MAX_BYTES = 300000 };

struct fixture {
    struct manifest *manifest;
    struct classifier *classifier;
    struct classifier_session *session;
};

static int open_model(void **state)
{
    static struct fixture fixture;
    const struct engine_options options = {.threads = 1};
    struct error error = {{0}};
    enum status status = manifest_read("config/models/shapes.yml", &fixture.manifest, &error);

    if (!status)
        status = classifier_open(fixture.manifest, &options, &fixture.classifier, &error);
    if (!status)
        status = classifier_session_create(fixture.classifier, &fixture.session, &error);
    if (status)
        print_error("%s\n", error.text);
    *state = &fixture;
    return status ? -1 : 0;
}

static int close_model(void **state)
{
    struct fixture *fixture = *state;

    classifier_session_free(fixture->session);
    classifier_free(fixture->classifier);
    manifest_free(fixture->manifest);
    return 0;
}

static bool picture_is_right(struct fixture *fixture, unsigned class, uint32_t number)
{
    struct image_limits limits = image_default_limits();
    struct error error = {{0}};
    const float *probabilities;
    struct ranked best;
    enum reason reason;
    struct buf file;

    buf_init(&file, 1 << 20);
    assert_int_equal(shapes_draw_jpeg(class, UNSEEN_SEED, number, &file), STATUS_OK);
    assert_int_equal(classifier_run(fixture->session, file.data, file.size, &limits, &probabilities,
                                    &reason, &error),
                     STATUS_OK);
    assert_int_equal(top_k(probabilities, SHAPES_CLASSES, &best, 1), 1);
    buf_free(&file);
    return best.index == class;
}

static void at_least_95_of_100_unseen_pictures_are_told_right(void **state)
{
    unsigned right = 0;

    for (unsigned class = 0; class < SHAPES_CLASSES; class ++)
        for (uint32_t number = 0; number < PICTURES; number++)
            right += picture_is_right(*state, class, number);
    print_message("%u of %u right\n", right, SHAPES_CLASSES * PICTURES);
    assert_true(right * 100 >= 95 * SHAPES_CLASSES * PICTURES);
}

static void probabilities_of_a_picture_sum_to_one(void **state)
{
    struct fixture *fixture = *state;
    struct image_limits limits = image_default_limits();
    struct error error = {{0}};
    const float *probabilities;
    enum reason reason;
    struct buf file;
    double sum = 0.0;

    buf_init(&file, 1 << 20);
    assert_int_equal(shapes_draw_jpeg(5, UNSEEN_SEED, 1, &file), STATUS_OK);
    assert_int_equal(classifier_run(fixture->session, file.data, file.size, &limits, &probabilities,
                                    &reason, &error),
                     STATUS_OK);
    for (size_t i = 0; i < classifier_classes(fixture->classifier); i++)
        sum += (double)probabilities[i];
    assert_true(sum > 1.0 - 1e-5 && sum < 1.0 + 1e-5);
    buf_free(&file);
}

static void label_file_names_the_classes_as_drawn(void **state)
{
    struct fixture *fixture = *state;
    const struct labels *labels = classifier_labels(fixture->classifier);

    assert_int_equal(labels_count(labels), SHAPES_CLASSES);
    assert_int_equal(classifier_classes(fixture->classifier), SHAPES_CLASSES);
    for (unsigned class = 0; class < SHAPES_CLASSES; class ++) {
        char wnid[WNID_SIZE], drawn[WNID_SIZE];
        const char *name;

        label_split(labels_line(labels, class), wnid, &name);
        shapes_wnid(class, drawn);
        assert_string_equal(wnid, drawn);
        assert_string_equal(name, shapes_name(class));
    }
}

static void manifest_states_the_checksums_of_files_below_300_kb(void **state)
{
    struct fixture *fixture = *state;
    struct error error = {{0}};
    struct buf weights;

    assert_non_null(fixture->manifest->graph_md5);
    assert_non_null(fixture->manifest->weights_md5);
    assert_non_null(fixture->manifest->labels_md5);
    assert_int_equal(manifest_verify(fixture->manifest, &error), STATUS_OK);
    buf_init(&weights, SIZE_MAX_BYTES);
    assert_int_equal(file_read(fixture->manifest->weights_path, &weights, &error), STATUS_OK);
    buf_free(&weights);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at_least_95_of_100_unseen_pictures_are_told_right),
        cmocka_unit_test(probabilities_of_a_picture_sum_to_one),
        cmocka_unit_test(label_file_names_the_classes_as_drawn),
        cmocka_unit_test(manifest_states_the_checksums_of_files_below_300_kb),
    };

    return cmocka_run_group_tests_name("shapes model", tests, open_model, close_model);
}
