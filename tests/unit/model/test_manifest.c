#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/catalogue.h"
#include "model/manifest.h"

static char folder[] = "/tmp/test_manifest_XXXXXX";

static const char *at(const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name, const char *text)
{
    FILE *file = fopen(at(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static enum status read_text(const char *text, struct manifest **manifest, struct error *error)
{
    write_file("m.yml", text);
    return manifest_read(at("m.yml"), manifest, error);
}

static const char generation_b[] = "name: Bear Net # its name\n"
                                   "framework:\n"
                                   "  name: Caffe\n"
                                   "  version: 1.0\n"
                                   "version: 2.0\n"
                                   "container:\n"
                                   "  amd64:\n"
                                   "    cpu: some/image\n"
                                   "license: unrestricted\n"
                                   "inputs:\n"
                                   "  - type: image\n"
                                   "    parameters:\n"
                                   "      element_type: float32\n"
                                   "      input_layer: 0\n"
                                   "      layout: 'CHW'\n"
                                   "      color_mode: 'bgr'\n"
                                   "      dimensions: [3, 112, 96]\n"
                                   "      mean: [123.68, 116.779, 103.939]\n"
                                   "      scale: [58.824, 2, 1]\n"
                                   "output:\n"
                                   "  type: classification\n"
                                   "  parameters:\n"
                                   "    probabilities_layer: 0\n"
                                   "    features_url: http://example.org/synset.txt\n"
                                   "    features_checksum: 4D234B5833ACA44928065A180DB3016A\n"
                                   "model:\n"
                                   "  graph_path: net.prototxt\n"
                                   "  weights_path: /data/net.caffemodel\n"
                                   "  is_archive:\n"
                                   "    false # not one\n"
                                   "  graph_checksum: fdb525acaa8d3db0f87c5577901f53ee\n";

static void manifest_of_generation_b_is_read(void **state)
{
    (void)state;
    struct manifest *manifest;
    struct error error;
    char line[256];
    assert_int_equal(read_text(generation_b, &manifest, &error), STATUS_OK);
    assert_string_equal(manifest->name, "Bear Net");
    assert_string_equal(manifest->version, "2.0");
    assert_string_equal(manifest->framework_name, "Caffe");
    assert_string_equal(manifest->framework_version, "1.0");
    assert_string_equal(manifest->path, at("m.yml"));
    assert_int_equal(strlen(manifest->sha256), 64);
    assert_null(manifest->input_layer);
    assert_null(manifest->output_layer);
    assert_string_equal(manifest->graph_path, at("net.prototxt"));
    assert_string_equal(manifest->weights_path, "/data/net.caffemodel");
    assert_string_equal(manifest->labels_path, "http://example.org/synset.txt");
    assert_string_equal(manifest->labels_md5, "4d234b5833aca44928065a180db3016a");
    assert_string_equal(manifest->graph_md5, "fdb525acaa8d3db0f87c5577901f53ee");
    assert_null(manifest->weights_md5);
    assert_string_equal(manifest->license, "unrestricted");
    assert_false(manifest->softmax || manifest->archive || manifest_is_local(manifest));
    preprocessing_describe(&manifest->preprocessing, line, sizeof line);
    assert_string_equal(line, "resize=carml-b size=96x112 mean=123.68,116.779,103.939 "
                              "scale=58.824,2,1 color=BGR layout=CHW");
    manifest_free(manifest);
}

static void manifest_of_generation_a_is_read(void **state)
{
    (void)state;
    static const char text[] = "name: Inception\n"
                               "framework:\n"
                               "  name: Tensorflow\n"
                               "  version: 1.2\n"
                               "version: 3.0\n"
                               "inputs:\n"
                               "  - type: image\n"
                               "    parameters:\n"
                               "      layer_name: \"input\"\n"
                               "      dimensions: [299]\n"
                               "      mean: 128\n"
                               "      scale: 0\n"
                               "      resize: carml-a\n"
                               "output:\n"
                               "  parameters:\n"
                               "    layer_name: InceptionV3/Predictions\n"
                               "    features_url: labels.txt\n"
                               "    probabilities_transform: softmax\n"
                               "model:\n"
                               "  base_url: http://example.org/models/\n"
                               "  graph_path: net.pb\n"
                               "  is_archive: true\n";
    struct manifest *manifest;
    struct error error;
    char line[256];
    assert_int_equal(read_text(text, &manifest, &error), STATUS_OK);
    assert_string_equal(manifest->input_layer, "input");
    assert_string_equal(manifest->output_layer, "InceptionV3/Predictions");
    assert_string_equal(manifest->graph_path, "http://example.org/models/net.pb");
    assert_string_equal(manifest->labels_path, at("labels.txt"));
    assert_null(manifest->weights_path);
    assert_true(manifest->softmax && manifest->archive);
    preprocessing_describe(&manifest->preprocessing, line, sizeof line);
    assert_string_equal(line, "resize=carml-a size=299x299 mean=128,128,128 scale=1,1,1 "
                              "color=RGB layout=HWC");
    manifest_free(manifest);
}

/* Replaces `from` by `to` in the text of generation B. */
static void change(const char *from, const char *to, char text[2048])
{
    const char *found = strstr(generation_b, from);
    assert_non_null(found);
    snprintf(text, 2048, "%.*s%s%s", (int)(found - generation_b), generation_b, to,
             found + strlen(from));
}

static void silent_manifest_gets_the_defaults_of_its_framework(void **state)
{
    (void)state;
    static const struct {
        const char *framework, *line;
    } cases[] = {
        {"  name: Caffe\n",
         "resize=carml-b size=96x112 mean=0,0,0 scale=1,1,1 color=BGR layout=CHW"},
        {"  name: TensorFlow\n",
         "resize=carml-b size=96x112 mean=0,0,0 scale=1,1,1 color=RGB layout=HWC"},
    };
    for (size_t i = 0; i < 2; i++) {
        char text[2048], line[256];
        struct manifest *manifest;
        struct error error;
        change("      layout: 'CHW'\n      color_mode: 'bgr'\n      dimensions: [3, 112, 96]\n"
               "      mean: [123.68, 116.779, 103.939]\n      scale: [58.824, 2, 1]\n",
               "      dimensions: [3, 112, 96]\n", text);
        char *name = strstr(text, "  name: Caffe\n");
        char changed[2048];
        snprintf(changed, sizeof changed, "%.*s%s%s", (int)(name - text), text, cases[i].framework,
                 name + strlen("  name: Caffe\n"));
        assert_int_equal(read_text(changed, &manifest, &error), STATUS_OK);
        preprocessing_describe(&manifest->preprocessing, line, sizeof line);
        assert_string_equal(line, cases[i].line);
        manifest_free(manifest);
    }
}

static void nonsense_is_refused_by_line_and_key(void **state)
{
    (void)state;
    static const struct {
        const char *from, *to, *error;
    } cases[] = {
        {"name: Bear Net # its name\n", "", ":1: name: missing"},
        {"version: 2.0\n", "", ":1: version: missing"},
        {"framework:\n  name: Caffe\n  version: 1.0\n", "", ":1: framework: missing"},
        {"  version: 1.0\n", "", ":2: version: missing"},
        {"  graph_path: net.prototxt\n", "", ":26: graph_path: missing"},
        {"    features_url: http://example.org/synset.txt\n", "", ":22: features_url: missing"},
        {"type: image", "type: text", ":11: type: expected"},
        {"'CHW'", "NCHW", ":15: layout: expected HWC or CHW"},
        {"'bgr'", "BRG", ":16: color_mode: expected RGB or BGR"},
        {"[3, 112, 96]", "[3, -112, 96]", ":17: dimensions: expected"},
        {"[3, 112, 96]", "[3, 112, 16385]", ":17: dimensions: expected"},
        {"[3, 112, 96]", "[1, 28, 28]", ":17: dimensions: expected"},
        {"[3, 112, 96]", "[3, 112]", ":17: dimensions: expected"},
        {"[3, 112, 96]", "[1, 3, 112, 96]", ":17: dimensions: expected"},
        {"[3, 112, 96]", "112", ":17: dimensions: expected"},
        {"[3, 112, 96]", "[3, x, 96]", ":17: expected a whole number"},
        {"[58.824, 2, 1]", "[58.824, 0, 1]", ":19: scale: expected"},
        {"[58.824, 2, 1]", "[58.824, 2]", ":19: scale: expected"},
        {"[58.824, 2, 1]", "{a: 1}", ":19: "},
        {"[58.824, 2, 1]", "1e300", ":19: scale: expected"},
        {"[58.824, 2, 1]", "1\n      resize: cubic", ":20: resize: expected"},
        {"4D234B5833ACA44928065A180DB3016A", "4D23", ":25: features_checksum: expected"},
        {"false # not one", "perhaps", ":29: is_archive: expected"},
        {"model:\n", "model: []\nmodels:\n", ":26: graph_path: missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[2048];
        struct manifest *manifest;
        struct error error = {""};
        change(cases[i].from, cases[i].to, text);
        assert_int_equal(read_text(text, &manifest, &error), STATUS_DATA);
        assert_null(manifest);
        if (strncmp(error.text + strlen(at("m.yml")), cases[i].error, strlen(cases[i].error)) != 0)
            fail_msg("case %zu: %s", i, error.text);
    }
}

static void every_prefix_gives_a_verdict(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof generation_b; size++) {
        char text[2048];
        struct manifest *manifest;
        struct error error = {""};
        snprintf(text, sizeof text, "%.*s", (int)size, generation_b);
        enum status status = read_text(text, &manifest, &error);
        assert_true(status == STATUS_OK || (status == STATUS_DATA && *error.text));
        manifest_free(manifest);
    }
}

/* MD5 of "a\n" by the md5sum tool. */
static void checksums_of_local_files_are_compared(void **state)
{
    (void)state;
    struct manifest manifest = {.graph_md5 = (char[]){"60b725f10c9c85c70d97880dfe8191b3"}};
    struct error error;
    write_file("graph", "a\n");
    char graph[128];
    snprintf(graph, sizeof graph, "%s", at("graph"));
    manifest.graph_path = manifest.labels_path = graph;
    assert_true(manifest_is_local(&manifest));
    assert_int_equal(manifest_verify(&manifest, &error), STATUS_OK);
    write_file("graph", "b\n");
    assert_int_equal(manifest_verify(&manifest, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, graph));
    unlink(graph);
    assert_false(manifest_is_local(&manifest));
    assert_ptr_equal(manifest_missing(&manifest), graph);
    assert_int_equal(manifest_verify(&manifest, &error), STATUS_IO);
    manifest.graph_path = (char[]){"http://example.org/graph"};
    assert_int_equal(manifest_verify(&manifest, &error), STATUS_OK);
    assert_false(manifest_is_local(&manifest));
}

static void resize_methods_have_names(void **state)
{
    (void)state;
    for (enum resize_method i = RESIZE_CARML_B; i <= RESIZE_BILINEAR; i++) {
        enum resize_method method;
        assert_int_equal(resize_method_parse(resize_method_name(i), &method), STATUS_OK);
        assert_int_equal(method, i);
    }
    enum resize_method method;
    assert_int_equal(resize_method_parse("cubic", &method), STATUS_USAGE);
}

static void names_compare_as_carml_does(void **state)
{
    (void)state;
    assert_true(catalogue_same_name("BVLC-AlexNet", "bvlc_alexnet"));
    assert_true(catalogue_same_name("Bear Net", "bear-net"));
    assert_false(catalogue_same_name("BVLC-AlexNet", "bvlc_alexnet1"));
    assert_false(catalogue_same_name("BVLC-AlexNet", "bvlc.alexnet"));
    assert_true(catalogue_same_name("", ""));
}

static void catalogue_finds_the_first_match_of_its_folders(void **state)
{
    (void)state;
    char text[2048], paths[512];
    struct catalogue *catalogue;
    struct error error;
    char second[128];
    snprintf(second, sizeof second, "%s", at("second"));
    assert_int_equal(mkdir(second, 0700), 0);
    write_file("m.yml", generation_b);
    write_file("broken.yml", "name: [\n");
    write_file("notes.txt", "name: notes\n");
    change("version: 2.0\n", "version: 3.0\n", text);
    write_file("second/a.yml", text);
    snprintf(paths, sizeof paths, "/nowhere:%s::%s", folder, second);
    assert_int_equal(catalogue_open(paths, &catalogue, &error), STATUS_OK);
    assert_int_equal(catalogue_count(catalogue), 2);
    assert_string_equal(catalogue_find(catalogue, "bear-net", NULL, NULL, NULL)->version, "2.0");
    assert_string_equal(catalogue_find(catalogue, "BEAR_NET", "3.0", "caffe", NULL)->version,
                        "3.0");
    assert_ptr_equal(catalogue_find(catalogue, NULL, NULL, NULL, NULL), catalogue_at(catalogue, 0));
    assert_null(catalogue_find(catalogue, "bear", NULL, NULL, NULL));
    assert_null(catalogue_find(catalogue, NULL, NULL, "TensorFlow", NULL));
    assert_null(catalogue_at(catalogue, 2));
    catalogue_free(catalogue);
    unlink(at("second/a.yml"));
    rmdir(second);
    unlink(at("broken.yml"));
    unlink(at("notes.txt"));
}

static void a_name_means_the_original_before_a_conversion(void **state)
{
    (void)state;
    char text[2048];
    struct catalogue *catalogue;
    struct error error;
    change("  name: Caffe\n", "  name: TensorFlow\n", text);
    size_t used = strlen(text);
    snprintf(text + used, sizeof text - used, "attributes:\n  converted_from: Caffe\n");
    write_file("a.yml", text); /* found first */
    write_file("m.yml", generation_b);
    assert_int_equal(catalogue_open(folder, &catalogue, &error), STATUS_OK);
    assert_int_equal(catalogue_count(catalogue), 2);
    const struct manifest *converted = catalogue_find(catalogue, NULL, NULL, "tensorflow", "1.0");
    assert_ptr_equal(converted, catalogue_at(catalogue, 0));
    assert_string_equal(converted->converted_from, "Caffe");
    assert_null(catalogue_find(catalogue, NULL, NULL, "tensorflow", "1.15"));
    assert_string_equal(
        catalogue_find(catalogue, converted->name, NULL, NULL, NULL)->framework_name, "Caffe");
    catalogue_free(catalogue);
    unlink(at("a.yml"));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(at("m.yml"));
    return rmdir(folder);
}

/* Would hang where a FIFO is opened; the alarm turns that into a failure. */
static void catalogue_leaves_out_what_is_no_file(void **state)
{
    (void)state;
    char fifo[128];
    struct error error;
    struct catalogue *catalogue;
    write_file("m.yml", generation_b);
    snprintf(fifo, sizeof fifo, "%s", at("fifo.yml"));
    assert_int_equal(mkfifo(fifo, 0600), 0);
    alarm(20);
    assert_int_equal(catalogue_open(folder, &catalogue, &error), STATUS_OK);
    alarm(0);
    assert_int_equal(catalogue_count(catalogue), 1);
    catalogue_free(catalogue);
    unlink(fifo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(manifest_of_generation_b_is_read),
        cmocka_unit_test(manifest_of_generation_a_is_read),
        cmocka_unit_test(silent_manifest_gets_the_defaults_of_its_framework),
        cmocka_unit_test(nonsense_is_refused_by_line_and_key),
        cmocka_unit_test(every_prefix_gives_a_verdict),
        cmocka_unit_test(checksums_of_local_files_are_compared),
        cmocka_unit_test(resize_methods_have_names),
        cmocka_unit_test(names_compare_as_carml_does),
        cmocka_unit_test(catalogue_finds_the_first_match_of_its_folders),
        cmocka_unit_test(a_name_means_the_original_before_a_conversion),
        cmocka_unit_test(catalogue_leaves_out_what_is_no_file),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
