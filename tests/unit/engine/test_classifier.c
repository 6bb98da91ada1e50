/* A network small enough to know its answers: the mean of each colour, an inner product, softmax.
 */
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
#include "common/hash.h"
#include "engine/classifier.h"

enum { SIDE = 4, MANY = 21841, FILE_LIMIT = 4 << 20 };

static char folder[] = "/tmp/test_classifier_XXXXXX";
static const char *const names[] = {"m.yml", "net.prototxt", "net.caffemodel", "labels.txt"};

static const char *at(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(at(name), "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

/* ---- protobuf wire format: just enough for one caffemodel ---- */

static void put(struct buf *out, const void *bytes, size_t size)
{
    assert_int_equal(buf_append(out, bytes, size), STATUS_OK);
}

static void put_varint(struct buf *out, uint64_t value)
{
    for (; value > 127; value >>= 7)
        put(out, &(uint8_t){(uint8_t)(value | 128)}, 1);
    put(out, &(uint8_t){(uint8_t)value}, 1);
}

static void put_bytes(struct buf *out, unsigned field, const void *bytes, size_t size)
{
    put_varint(out, field << 3 | 2);
    put_varint(out, size);
    put(out, bytes, size);
}

/* Caffe's NetParameter with one layer "fc" and one blob of classes x 3: `row` gives its values. */
static void write_weights(size_t classes, void (*row)(size_t class, float weights[3]))
{
    struct buf data, blob, layer, net;
    struct buf *all[] = {&data, &blob, &layer, &net};
    for (size_t i = 0; i < 4; i++)
        buf_init(all[i], FILE_LIMIT);
    for (size_t i = 0; i < classes; i++) {
        float weights[3];
        row(i, weights);
        put(&data, weights, sizeof weights);
    }
    struct buf shape;
    buf_init(&shape, FILE_LIMIT);
    put_varint(&shape, 1 << 3);
    put_varint(&shape, classes);
    put_varint(&shape, 1 << 3);
    put_varint(&shape, 3);
    put_bytes(&blob, 7, shape.data, shape.size);
    put_bytes(&blob, 5, data.data, data.size);
    put_bytes(&layer, 1, "fc", 2);
    put_bytes(&layer, 2, "InnerProduct", 12);
    put_bytes(&layer, 7, blob.data, blob.size);
    put_bytes(&net, 1, "colors", 6);
    put_bytes(&net, 100, layer.data, layer.size);
    write_file("net.caffemodel", net.data, net.size);
    buf_free(&shape);
    for (size_t i = 0; i < 4; i++)
        buf_free(all[i]);
}

/* ---- the model ---- */

static void write_graph(size_t classes, const char *tail)
{
    char text[1024];
    int size = snprintf(text, sizeof text,
                        "name: 'colors'\n"
                        "layer { name: 'data' type: 'Input' top: 'data'\n"
                        "  input_param { shape { dim: 10 dim: 3 dim: %d dim: %d } } }\n"
                        "layer { name: 'mean' type: 'Pooling' bottom: 'data' top: 'mean'\n"
                        "  pooling_param { pool: AVE global_pooling: true } }\n"
                        "layer { name: 'fc' type: 'InnerProduct' bottom: 'mean' top: 'fc'\n"
                        "  inner_product_param { num_output: %zu bias_term: false } }\n%s",
                        SIDE, SIDE, classes, tail);
    write_file("net.prototxt", text, (size_t)size);
}

static const char softmax_layer[] =
    "layer { name: 'prob' type: 'Softmax' bottom: 'fc' top: 'prob' }\n";

static void write_labels(size_t count)
{
    struct buf text;
    buf_init(&text, FILE_LIMIT);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(buf_printf(&text, "n%08zu class %zu\n", i, i), STATUS_OK);
    write_file("labels.txt", text.data ? text.data : "", text.size);
    buf_free(&text);
}

static void write_manifest(const char *dimensions, const char *output)
{
    char text[1024];
    int size = snprintf(text, sizeof text,
                        "name: Colors\nversion: 1.0\nframework: {name: Caffe, version: 1.0}\n"
                        "inputs:\n  - type: image\n    parameters:\n      dimensions: %s\n"
                        "      color_mode: RGB\n      scale: 64\n"
                        "output:\n  parameters:\n    features_url: labels.txt\n    %s\n"
                        "model: {graph_path: net.prototxt, weights_path: net.caffemodel}\n",
                        dimensions, output);
    write_file("m.yml", text, (size_t)size);
}

/* Class 0 answers to red, 1 to green, 2 to blue. */
static void primary_colors(size_t class, float weights[3])
{
    for (size_t i = 0; i < 3; i++)
        weights[i] = i == class ? 1 : 0;
}

/* Only the last class answers. */
static void last_of_many(size_t class, float weights[3])
{
    for (size_t i = 0; i < 3; i++)
        weights[i] = class == MANY - 1 ? 1 : 0;
}

static void write_model(void)
{
    write_weights(3, primary_colors);
    write_graph(3, softmax_layer);
    write_labels(3);
    write_manifest("[3, 4, 4]", "probabilities_layer: 0");
}

static enum status open_model(struct manifest **manifest, struct classifier **classifier,
                              struct error *error)
{
    struct engine_options options = {.threads = 1, .batch = 7};
    *error = (struct error){""};
    *classifier = NULL;
    assert_int_equal(manifest_read(at("m.yml"), manifest, error), STATUS_OK);
    return classifier_open(*manifest, &options, classifier, error);
}

static void write_color(uint8_t r, uint8_t g, uint8_t b, struct buf *png)
{
    uint8_t pixels[9 * 7 * 3];
    struct image picture = {9, 7, pixels};
    for (size_t i = 0; i < sizeof pixels; i += 3)
        memcpy(pixels + i, ((uint8_t[]){r, g, b}), 3);
    buf_init(png, FILE_LIMIT);
    assert_int_equal(image_write_png(&picture, png), STATUS_OK);
}

static const float *classify(struct classifier_session *session, uint8_t r, uint8_t g, uint8_t b)
{
    const float *probabilities = NULL;
    struct buf png;
    struct image_limits limits = image_default_limits();
    enum reason reason;
    struct error error;
    write_color(r, g, b, &png);
    assert_int_equal(
        classifier_run(session, png.data, png.size, &limits, &probabilities, &reason, &error),
        STATUS_OK);
    buf_free(&png);
    return probabilities;
}

/* Softmax of (r, g, b) / 64. */
static void assert_probabilities(const float *probabilities, const double color[3])
{
    double sum = 0;
    for (int i = 0; i < 3; i++)
        sum += exp(color[i] / 64);
    for (int i = 0; i < 3; i++)
        assert_true(fabs(probabilities[i] - exp(color[i] / 64) / sum) < 1e-6);
}

/* Opens what is written, classifies three colours and closes. */
static void assert_colors_are_told_apart(void)
{
    struct manifest *manifest;
    struct classifier *classifier;
    struct classifier_session *session;
    struct error error;
    if (open_model(&manifest, &classifier, &error))
        fail_msg("%s", error.text);
    assert_int_equal(classifier_classes(classifier), 3);
    assert_int_equal(classifier_session_create(classifier, &session, &error), STATUS_OK);
    assert_probabilities(classify(session, 255, 0, 64), (double[]){255, 0, 64});
    assert_probabilities(classify(session, 0, 128, 0), (double[]){0, 128, 0});
    assert_probabilities(classify(session, 1, 2, 3), (double[]){1, 2, 3});
    classifier_session_free(session);
    classifier_free(classifier);
    manifest_free(manifest);
}

static void picture_becomes_probabilities(void **state)
{
    (void)state;
    write_model();
    assert_colors_are_told_apart();
}

static void softmax_is_applied_only_when_the_manifest_says_so(void **state)
{
    (void)state;
    write_model();
    write_graph(3, "");
    write_manifest("[3, 4, 4]", "probabilities_transform: softmax");
    assert_colors_are_told_apart();
    write_manifest("[3, 4, 4]", "probabilities_layer: fc");
    struct manifest *manifest;
    struct classifier *classifier;
    struct classifier_session *session;
    struct error error;
    assert_int_equal(open_model(&manifest, &classifier, &error), STATUS_OK);
    assert_int_equal(classifier_session_create(classifier, &session, &error), STATUS_OK);
    const float *scores = classify(session, 255, 0, 64);
    assert_true(scores[0] == 255.0f / 64 && scores[1] == 0 && scores[2] == 1);
    classifier_session_free(session);
    classifier_free(classifier);
    manifest_free(manifest);
}

static void what_produced_a_result_is_told(void **state)
{
    (void)state;
    struct manifest *manifest;
    struct classifier *classifier;
    struct error error;
    struct buf files;
    char sha256[SHA256_HEX_SIZE];
    write_model();
    assert_int_equal(open_model(&manifest, &classifier, &error), STATUS_OK);
    buf_init(&files, FILE_LIMIT);
    assert_int_equal(file_read(at("net.prototxt"), &files, &error), STATUS_OK);
    assert_int_equal(file_read(at("net.caffemodel"), &files, &error), STATUS_OK);
    assert_int_equal(hash_sha256(files.data, files.size, sha256), STATUS_OK);
    assert_string_equal(classifier_model_sha256(classifier), sha256);
    assert_true(*classifier_kernel_name(classifier) != '\0');
    assert_ptr_equal(classifier_manifest(classifier), manifest);
    assert_string_equal(labels_line(classifier_labels(classifier), 2), "n00000002 class 2");
    buf_free(&files);
    classifier_free(classifier);
    manifest_free(manifest);
}

static void network_of_21841_classes_works(void **state)
{
    (void)state;
    struct manifest *manifest;
    struct classifier *classifier;
    struct classifier_session *session;
    struct error error;
    struct ranked best[3];
    write_model();
    write_weights(MANY, last_of_many);
    write_graph(MANY, softmax_layer);
    write_labels(MANY);
    assert_int_equal(open_model(&manifest, &classifier, &error), STATUS_OK);
    assert_int_equal(classifier_classes(classifier), MANY);
    assert_int_equal(classifier_session_create(classifier, &session, &error), STATUS_OK);
    assert_int_equal(top_k(classify(session, 255, 255, 255), MANY, best, 3), 3);
    assert_int_equal(best[0].index, MANY - 1);
    assert_int_equal(best[1].index, 0);
    assert_true(best[0].probability > 0.8f && best[1].probability < 0.0001f);
    classifier_session_free(session);
    classifier_free(classifier);
    manifest_free(manifest);
}

static void bad_pictures_are_refused_and_the_session_lives_on(void **state)
{
    (void)state;
    struct manifest *manifest;
    struct classifier *classifier;
    struct classifier_session *session;
    struct error error;
    enum reason reason;
    const float *probabilities;
    struct image_limits limits = image_default_limits();
    write_model();
    assert_int_equal(open_model(&manifest, &classifier, &error), STATUS_OK);
    assert_int_equal(classifier_session_create(classifier, &session, &error), STATUS_OK);
    assert_int_equal(classifier_run(session, "<html>", 6, &limits, &probabilities, &reason, &error),
                     STATUS_DATA);
    assert_int_equal(reason, REASON_html);
    assert_probabilities(classify(session, 9, 8, 7), (double[]){9, 8, 7});
    classifier_session_free(session);
    classifier_free(classifier);
    manifest_free(manifest);
}

static void assert_refused(enum status status, const char *words)
{
    struct manifest *manifest;
    struct classifier *classifier;
    struct error error;
    assert_int_equal(open_model(&manifest, &classifier, &error), status);
    assert_null(classifier);
    if (!strstr(error.text, words))
        fail_msg("'%s' does not say '%s'", error.text, words);
    manifest_free(manifest);
}

static void what_does_not_fit_together_is_refused(void **state)
{
    (void)state;
    write_model();
    write_labels(2);
    assert_refused(STATUS_DATA, "2 labels for 3 classes");
    write_model();
    write_manifest("[3, 5, 4]", "");
    assert_refused(STATUS_DATA, "1x3x5x4");
    write_manifest("[3, 4, 4]\n      layout: HWC", "");
    assert_refused(STATUS_DATA, "1x4x4x3");
    write_manifest("[3, 4, 4]", "probabilities_layer: softmax");
    assert_refused(STATUS_DATA, "no output called 'softmax'; the first is prob");
    write_manifest("", "");
    assert_refused(STATUS_UNSUPPORTED, "dimensions: missing");
    write_manifest("[3, 4, 4]", "features_checksum: 00000000000000000000000000000000");
    assert_refused(STATUS_DATA, "MD5");
    write_model();
    write_graph(3, "layer { name: 'x' type: 'Softmax' bottom: 'fc' top: 'x' }\n"
                   "layer { name: 'y' type: 'Softmax' bottom: 'fc' top: 'y' }\n");
    assert_refused(STATUS_DATA, "2 outputs");
    write_model();
    write_file("net.prototxt", "\x93NUMPY", 6);
    assert_refused(STATUS_DATA, ".npy");
    unlink(at("net.prototxt"));
    assert_refused(STATUS_UNAVAILABLE, at("net.prototxt"));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(at(names[i]));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picture_becomes_probabilities),
        cmocka_unit_test(softmax_is_applied_only_when_the_manifest_says_so),
        cmocka_unit_test(what_produced_a_result_is_told),
        cmocka_unit_test(network_of_21841_classes_works),
        cmocka_unit_test(bad_pictures_are_refused_and_the_session_lives_on),
        cmocka_unit_test(what_does_not_fit_together_is_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
