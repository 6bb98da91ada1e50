/* A real network over real photos against the results of BVLC Caffe. The network and the photos are
 * not part of this repository: CARMLBENCH_SHARED names the folder that has them. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"
#include "engine/classifier.h"

enum { MAX_PICTURES = 16, LISTED = 5 };

/* What Caffe found in one picture. */
struct expectation {
    char name[64];
    struct ranked best[LISTED];
};

static struct {
    char shared[1024];
    struct expectation pictures[MAX_PICTURES];
    size_t count;
} fixture;

static const char *const clear_pictures[] = {"platypus.jpg", "penguin.png", "cheeseburger.jpg",
                                             "cat.jpg", "chicken.jpg"};

static void read_expectations(void)
{
    char path[1100], line[256];
    snprintf(path, sizeof path, "%s/images/squeezenet_v1.0_top5.txt", fixture.shared);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    size_t rank = LISTED;
    struct expectation *picture = fixture.pictures - 1;
    while (fgets(line, sizeof line, file) && fixture.count < MAX_PICTURES) {
        if (line[0] != ' ') {
            picture++;
            fixture.count++;
            sscanf(line, "%63s", picture->name);
            rank = 0;
        } else if (rank < LISTED) {
            struct ranked *best = &picture->best[rank++];
            assert_int_equal(sscanf(line, "%u %f", &best->index, &best->probability), 2);
        }
    }
    fclose(file);
}

/* Opens SqueezeNet with that resize; the manifest goes to *manifest. */
static void open_squeezenet(const char *resize, struct manifest **manifest,
                            struct classifier **classifier)
{
    char path[] = "/tmp/test_pictures_XXXXXX";
    struct engine_options options = {.threads = 0};
    struct error error = {""};
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    dprintf(fd,
            "name: SqueezeNet\nversion: 1.0\nframework: {name: Caffe, version: 1.0}\n"
            "inputs:\n  - type: image\n    parameters:\n      dimensions: [3, 227, 227]\n"
            "      mean: [123, 117, 104]\n      resize: %s\n"
            "output:\n  parameters:\n    features_url: %s/images/synset_words.txt\n"
            "model:\n  base_url: %s/zoo/squeezenet_v1.0\n  graph_path: deploy.prototxt\n"
            "  weights_path: squeezenet_v1.0.caffemodel\n",
            resize, fixture.shared, fixture.shared);
    close(fd);
    enum status status = manifest_read(path, manifest, &error);
    if (!status)
        status = classifier_open(*manifest, &options, classifier, &error);
    unlink(path);
    if (status)
        fail_msg("%s", error.text);
}

static void classify(struct classifier_session *session, const char *name, float *probabilities)
{
    char path[1200];
    struct buf file;
    struct image_limits limits = image_default_limits();
    const float *result;
    enum reason reason;
    struct error error = {""};
    snprintf(path, sizeof path, "%s/images/%s", fixture.shared, name);
    buf_init(&file, 16 << 20);
    enum status status = file_read(path, &file, &error);
    if (!status)
        status = classifier_run(session, file.data, file.size, &limits, &result, &reason, &error);
    if (status)
        fail_msg("%s: %s", name, error.text);
    memcpy(probabilities, result, 1000 * sizeof *probabilities);
    buf_free(&file);
}

static void compare(const char *name, const float *probabilities, const struct expectation *picture,
                    float tolerance)
{
    struct ranked best;
    assert_int_equal(top_k(probabilities, 1000, &best, 1), 1);
    if (best.index != picture->best[0].index)
        fail_msg("%s: class %u instead of %u", name, best.index, picture->best[0].index);
    for (size_t i = 0; i < LISTED; i++) {
        float ours = probabilities[picture->best[i].index];
        if (!(fabsf(ours - picture->best[i].probability) <= tolerance))
            fail_msg("%s: class %u has %f instead of %f", name, picture->best[i].index,
                     (double)ours, (double)picture->best[i].probability);
    }
}

static bool is_clear(const char *name)
{
    for (size_t i = 0; i < sizeof clear_pictures / sizeof clear_pictures[0]; i++)
        if (strcmp(name, clear_pictures[i]) == 0)
            return true;
    return false;
}

static void run_over_pictures(const char *resize, bool only_clear, float tolerance)
{
    if (fixture.count == 0) {
        print_message("skipped: no pictures and reference results in '%s'; set "
                      "CARMLBENCH_SHARED\n",
                      fixture.shared);
        skip();
    }
    struct manifest *manifest;
    struct classifier *classifier;
    struct classifier_session *session;
    struct error error;
    size_t compared = 0;
    open_squeezenet(resize, &manifest, &classifier);
    assert_int_equal(classifier_classes(classifier), 1000);
    assert_int_equal(classifier_session_create(classifier, &session, &error), STATUS_OK);
    for (size_t i = 0; i < fixture.count; i++) {
        const struct expectation *picture = &fixture.pictures[i];
        float probabilities[1000];
        if (only_clear && !is_clear(picture->name))
            continue;
        classify(session, picture->name, probabilities);
        compare(picture->name, probabilities, picture, tolerance);
        compared++;
    }
    assert_int_equal(compared, only_clear ? 5 : 9);
    classifier_session_free(session);
    classifier_free(classifier);
    manifest_free(manifest);
}

static void probabilities_equal_those_of_caffe(void **state)
{
    (void)state;
    run_over_pictures("bilinear", false, 0.002f);
}

static void clear_pictures_keep_their_label_with_carmls_resize(void **state)
{
    (void)state;
    run_over_pictures("carml-b", true, 1.0f);
}

static void clear_pictures_keep_their_label_with_carmls_first_resize(void **state)
{
    (void)state;
    run_over_pictures("carml-a", true, 1.0f);
}

static int find_shared(void **state)
{
    (void)state;
    const char *shared = getenv("CARMLBENCH_SHARED");
    if (!shared)
        shared = "../shared";
    char *resolved = realpath(shared, NULL);
    snprintf(fixture.shared, sizeof fixture.shared, "%s", resolved ? resolved : shared);
    free(resolved);
    read_expectations();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(probabilities_equal_those_of_caffe),
        cmocka_unit_test(clear_pictures_keep_their_label_with_carmls_resize),
        cmocka_unit_test(clear_pictures_keep_their_label_with_carmls_first_resize),
    };
    return cmocka_run_group_tests(tests, find_shared, NULL);
}
