#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "model/format/numpy/crc32.h"
#include "model/format/mapping.h"
#include "model/format/numpy/npz.h"
#include "model/model.h"
#include "model/names.h"
#include "tests/lib/net.h"

enum { BUF_LIMIT = 1 << 20, PATH_SIZE = 64 };

static const char prototxt[] =
    "input: 'data' input_shape { dim: 2 dim: 2 dim: 5 dim: 5 }\n"
    "layer { name: 'a/conv' type: 'Convolution' bottom: 'data' top: 'c'\n"
    "  convolution_param { num_output: 3 kernel_size: 2 } }\n"
    "layer { name: 'r' type: 'ReLU' bottom: 'c' top: 'c' relu_param { negative_slope: 0.1 } }\n"
    "layer { name: 'fc' type: 'InnerProduct' bottom: 'c' top: 'fc'\n"
    "  inner_product_param { num_output: 2 } }\n"
    "layer { name: 'prob' type: 'Softmax' bottom: 'fc' top: 'prob' }\n";

static const struct shape shapes[] = {{4, {3, 2, 2, 2}}, {1, {3}}, {2, {2, 48}}, {1, {2}}};
static float numbers[24 + 3 + 96 + 2];
static char folder[] = "/tmp/carmlbench-numpy-XXXXXX";
static char stem[PATH_SIZE], npz[PATH_SIZE], json[PATH_SIZE];

static int make_folder(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        numbers[i] = (float)i + 0.5F;
    if (!mkdtemp(folder))
        return -1;
    snprintf(stem, sizeof stem, "%s/m", folder);
    snprintf(npz, sizeof npz, "%s/m.npz", folder);
    snprintf(json, sizeof json, "%s/m.json", folder);
    return 0;
}

static int remove_files(void **state)
{
    (void)state;
    unlink(npz);
    unlink(json);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

static struct graph *load_caffe(void)
{
    struct error error = {""};
    struct buf weights;
    struct graph *graph;

    buf_init(&weights, BUF_LIMIT);
    net_weights(&weights, "a/conv", 2, shapes, numbers);
    net_weights(&weights, "fc", 2, shapes + 2, numbers + 27);
    if (net_load(prototxt, &weights, &graph, &error))
        fail_msg("%s", error.text);
    buf_free(&weights);
    return graph;
}

static void write_model(void)
{
    const struct model_write_options options = {.format = MODEL_NUMPY};
    struct graph *graph = load_caffe();
    struct error error = {""};

    if (model_write(graph, &options, stem, &error))
        fail_msg("%s", error.text);
    graph_free(graph);
}

static void expect_numbers(const struct graph *graph)
{
    static const size_t nodes[] = {1, 1, 3, 3}, weights[] = {0, 1, 0, 1};
    const float *at = numbers;

    for (size_t i = 0; i < 4; i++) {
        const struct weight *weight = &graph->nodes[nodes[i]].weights[weights[i]];
        float values[96];
        weight_copy(weight, values);
        assert_memory_equal(values, at, weight->count * sizeof *values);
        at += weight->count;
    }
}

static void expect_load(void)
{
    struct error error = {""};
    struct graph *graph;

    if (model_load(npz, NULL, &graph, &error))
        fail_msg("%s", error.text);
    expect_numbers(graph);
    graph_free(graph);
}

static void expect_refusal(enum status expected, const char *text)
{
    struct error error = {""};
    struct graph *graph;
    enum status status = model_load(npz, NULL, &graph, &error);

    if (status != expected || !strstr(error.text, text))
        fail_msg("status %d, '%s' instead of %d, '%s'", status, error.text, expected, text);
    assert_null(graph);
    assert_null(strchr(error.text, '\n'));
}

static void read_file(const char *path, struct buf *out)
{
    struct mapping *mapping;
    struct error error;

    buf_init(out, BUF_LIMIT);
    assert_int_equal(mapping_open(path, &mapping, &error), STATUS_OK);
    assert_int_equal(buf_append(out, mapping->bytes, mapping->size), STATUS_OK);
    mapping_close(mapping);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void a_network_comes_back_with_its_names_shapes_and_numbers(void **state)
{
    struct graph *before = load_caffe(), *after;
    struct error error = {""};
    struct names *names;

    (void)state;
    write_model();
    assert_int_equal(model_load(npz, NULL, &after, &error), STATUS_OK);
    assert_int_equal(names_create(before, &names, &error), STATUS_OK);
    assert_int_equal(after->node_count, before->node_count);
    assert_int_equal(after->value_count, before->value_count);
    for (uint32_t i = 0; i < before->value_count; i++) {
        assert_string_equal(after->values[i].name, names_value(names, i));
        assert_memory_equal(after->values[i].shape.dim, before->values[i].shape.dim,
                            before->values[i].shape.dims * sizeof(int64_t));
    }
    assert_true(after->nodes[2].parameters.relu.negative_slope == 0.1F);
    assert_int_equal(after->output_count, 1);
    assert_string_equal(after->values[after->outputs[0]].name, "prob");
    expect_numbers(after);
    names_free(names);
    graph_free(before);
    graph_free(after);
}

static void weights_stay_in_the_mapped_archive_at_multiples_of_64(void **state)
{
    struct error error = {""};
    struct graph *graph;

    (void)state;
    write_model();
    assert_int_equal(model_load(npz, NULL, &graph, &error), STATUS_OK);
    const unsigned char *map = graph->mappings->mapping->bytes;
    for (size_t i = 0; i < graph->node_count; i++) {
        for (uint32_t j = 0; j < graph->nodes[i].weight_count; j++) {
            const unsigned char *bytes = graph->nodes[i].weights[j].bytes;
            assert_true(bytes > map && bytes < map + graph->mappings->mapping->size);
            assert_int_equal((bytes - map) % 64, 0);
        }
    }
    graph_free(graph);
}

static void files_that_exist_are_not_touched(void **state)
{
    const struct model_write_options options = {.format = MODEL_NUMPY};
    struct graph *graph = load_caffe();
    struct error error = {""};

    (void)state;
    write_file(json, "mine", 4);
    assert_int_equal(model_write(graph, &options, stem, &error), STATUS_IO);
    assert_int_equal(access(npz, F_OK), -1);
    assert_int_equal(access(json, F_OK), 0);
    graph_free(graph);
}

static void each_of_both_files_cut_at_any_byte_is_refused(void **state)
{
    const char *const paths[] = {npz, json};

    (void)state;
    write_model();
    for (int i = 0; i < 2; i++) {
        struct buf whole;
        read_file(paths[i], &whole);
        /* The line feed behind the last brace may go. */
        for (size_t size = 0; size + 1 < whole.size; size++) {
            struct error error = {""};
            struct graph *graph;
            write_file(paths[i], whole.data, size);
            assert_int_not_equal(model_load(npz, NULL, &graph, &error), STATUS_OK);
            assert_true(error.text[0]);
        }
        write_file(paths[i], whole.data, whole.size);
        buf_free(&whole);
    }
    expect_load();
}

static void any_flipped_byte_gives_a_graph_or_an_error(void **state)
{
    static const char masks[] = {0x01, (char)0x80, (char)0xff};
    const char *const paths[] = {npz, json};

    (void)state;
    write_model();
    for (int i = 0; i < 2; i++) {
        struct buf whole;
        read_file(paths[i], &whole);
        for (size_t at = 0; at < whole.size; at++) {
            for (size_t mask = 0; mask < sizeof masks; mask++) {
                struct error error = {""};
                struct graph *graph;
                whole.data[at] ^= masks[mask];
                write_file(paths[i], whole.data, whole.size);
                enum status status = model_load(npz, NULL, &graph, &error);
                whole.data[at] ^= masks[mask];
                assert_int_equal(status == STATUS_OK, graph != NULL);
                assert_true(status == STATUS_OK || error.text[0]);
                graph_free(graph);
            }
        }
        write_file(paths[i], whole.data, whole.size);
        buf_free(&whole);
    }
}

/* Replaces the first `from` in the .json by `to`. */
static void edit_json(const char *from, const char *to)
{
    struct buf whole;

    write_model();
    read_file(json, &whole);
    char *at = strstr(whole.data, from);
    assert_non_null(at);
    FILE *file = fopen(json, "wb");
    assert_non_null(file);
    fwrite(whole.data, 1, (size_t)(at - whole.data), file);
    fputs(to, file);
    fputs(at + strlen(from), file);
    fclose(file);
    buf_free(&whole);
}

static void what_is_wrong_in_the_json_is_said(void **state)
{
    static const struct {
        const char *from, *to;
        enum status status;
        const char *text;
    } cases[] = {
        {"carmlbench graph", "a poem", STATUS_DATA, "is not a graph"},
        {"\"version\": 1", "\"version\": 2", STATUS_UNSUPPORTED, "is of version 2"},
        {"\"Softmax\"", "\"Hardmax\"", STATUS_UNSUPPORTED, "'prob' (Hardmax)"},
        {"\"name\": \"fc\"", "\"name\": \"fc\", \"name\": \"fc\"", STATUS_DATA, "is not JSON"},
        {"\"inputs\": [\"fc\"]", "\"inputs\": [\"prob\"]", STATUS_DATA,
         "'prob' is made by no node"},
        {"a/conv/weights", "b/conv/weights", STATUS_DATA, "holds no array called 'b/conv/weights'"},
        {"\"shape\": [3, 2, 2, 2]", "\"shape\": [3, 2, 4]", STATUS_DATA, "says 3x2x4"},
        {"\"shape\": [3, 2, 2, 2]", "\"shape\": [3, -2, 2, 2]", STATUS_DATA, "an extent must be"},
        {"\"group\": 1", "\"group\": 0", STATUS_DATA, "layer 'a/conv': parameter 'group' must be"},
        {"\"group\": 1", "\"group\": 2", STATUS_DATA, "group 2"},
        {"{\"name\": \"prob\", \"shape\"", "{\"name\": \"fc\", \"shape\"", STATUS_DATA,
         "does not name those of the graph"},
        {"\"outputs\": [\n", "\"outputs\": [\n    {\"name\": \"prob\"},\n", STATUS_DATA,
         "names 'prob' twice"},
        {"\"negative_slope\": 0.1", "\"negative_slope\": 1e999", STATUS_DATA, "is not JSON"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        edit_json(cases[i].from, cases[i].to);
        expect_refusal(cases[i].status, cases[i].text);
        remove_files(state);
    }
}

static void parameters_that_came_later_need_not_be_said(void **state)
{
    struct error error = {""};
    struct graph *graph;

    edit_json(", \"logarithm\": false", "");
    if (model_load(npz, NULL, &graph, &error))
        fail_msg("%s", error.text);
    graph_free(graph);
    remove_files(state);
    edit_json("\"group\": 1, ", "");
    expect_refusal(STATUS_DATA, "'group' is missing");
    remove_files(state);
}

static void what_a_node_reads_may_be_an_output_too(void **state)
{
    struct error error = {""};
    struct graph *graph;

    edit_json("\"outputs\": [\n", "\"outputs\": [\n    {\"name\": \"fc\"},\n");
    if (model_load(npz, NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_int_equal(graph->output_count, 2);
    assert_string_equal(graph->values[graph->outputs[0]].name, "fc");
    assert_string_equal(graph->values[graph->outputs[1]].name, "prob");
    graph_free(graph);
    remove_files(state);
}

static void a_network_without_weights_comes_back(void **state)
{
    const struct model_write_options options = {.format = MODEL_NUMPY};
    struct error error = {""};
    struct graph *graph;

    if (net_load("input: 'data' input_shape { dim: 1 dim: 2 }\n"
                 "layer { name: 'a' type: 'ReLU' bottom: 'data' top: 'a' }\n",
                 NULL, &graph, &error) ||
        model_write(graph, &options, stem, &error))
        fail_msg("%s", error.text);
    graph_free(graph);
    if (model_load(npz, NULL, &graph, &error))
        fail_msg("%s", error.text);
    assert_int_equal(graph->node_count, 2);
    graph_free(graph);
    remove_files(state);
}

static void a_json_alone_or_an_archive_alone_says_what_is_missing(void **state)
{
    (void)state;
    write_model();
    unlink(json);
    expect_refusal(STATUS_IO, "needs the .json written with it");
}

static void a_json_of_endless_depth_is_refused(void **state)
{
    enum { DEPTH = 1 << 20 };
    char *deep = malloc(DEPTH);

    (void)state;
    assert_non_null(deep);
    write_model();
    memset(deep, '[', DEPTH);
    write_file(json, deep, DEPTH);
    expect_refusal(STATUS_DATA, "is not JSON");
    free(deep);
}

static void what_json_cannot_say_names_every_layer_and_writes_nothing(void **state)
{
    const struct model_write_options options = {.format = MODEL_NUMPY};
    struct graph *graph = load_caffe();
    struct error error = {""};

    (void)state;
    graph->nodes[2].parameters.relu.negative_slope = NAN;
    graph->nodes[3].name = "\xff";
    assert_int_equal(model_write(graph, &options, stem, &error), STATUS_UNSUPPORTED);
    assert_non_null(strstr(error.text, "2 layers"));
    assert_non_null(strstr(error.text, "'r' (ReLU), "));
    assert_int_equal(access(npz, F_OK), -1);
    assert_int_equal(access(json, F_OK), -1);
    graph_free(graph);
}

/* ---- archives of others ---- */

static size_t find(const struct buf *buf, const char *bytes, size_t size, size_t from)
{
    for (size_t at = from; at + size <= buf->size; at++) {
        if (!memcmp(buf->data + at, bytes, size))
            return at;
    }
    fail();
    return 0;
}

/* Changes a byte of the second entry in the archive's directory. */
static void edit_directory(size_t field, const void *bytes, size_t size)
{
    struct buf whole;

    write_model();
    read_file(npz, &whole);
    size_t first = find(&whole, "PK\1\2", 4, 0), second = find(&whole, "PK\1\2", 4, first + 4);
    memcpy(whole.data + second + field, bytes, size);
    write_file(npz, whole.data, whole.size);
    buf_free(&whole);
}

static void a_directory_that_lies_is_refused(void **state)
{
    enum { METHOD = 10, STORED_SIZE = 20, SIZE = 24, OFFSET = 42, NAME = 46 };
    static const struct {
        size_t field;
        const char *bytes;
        size_t size;
        enum status status;
        const char *text;
    } cases[] = {
        {METHOD, "\10", 1, STATUS_UNSUPPORTED, "save it with numpy.savez()"},
        {STORED_SIZE, "\377\377\0\0\377\377\0\0", 8, STATUS_DATA, "passes the end of the file"},
        {STORED_SIZE, "\1", 1, STATUS_DATA, "two sizes"},
        {OFFSET, "\377\377\377\177", 4, STATUS_DATA, "points nowhere"},
        {OFFSET, "\0\0\0\0", 4, STATUS_DATA, "contradict"},
        {NAME, "A/conv/weights", 14, STATUS_DATA, "contradict"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        edit_directory(cases[i].field, cases[i].bytes, cases[i].size);
        expect_refusal(cases[i].status, cases[i].text);
        remove_files(state);
    }
}

/* Two entries of the directory that lead to the same bytes. */
static void entries_that_overlap_or_share_a_name_are_refused(void **state)
{
    struct buf whole;

    (void)state;
    write_model();
    read_file(npz, &whole);
    size_t first = find(&whole, "PK\1\2", 4, 0), second = find(&whole, "PK\1\2", 4, first + 4);
    /* "a/conv/weights.npy" and "a/conv/biases.npy" differ in length: "fc/..." likewise. */
    size_t third = find(&whole, "PK\1\2", 4, second + 4);
    assert_true(third > second);
    struct buf twice;
    buf_init(&twice, BUF_LIMIT);
    assert_int_equal(buf_append(&twice, whole.data, second), STATUS_OK);
    assert_int_equal(buf_append(&twice, whole.data + first, second - first), STATUS_OK);
    assert_int_equal(buf_append(&twice, whole.data + third, whole.size - third), STATUS_OK);
    /* The directory has grown by the difference of two names. */
    unsigned char *end = (unsigned char *)twice.data + twice.size - 22;
    end[12] = (unsigned char)(end[12] + (second - first) - (third - second));
    write_file(npz, twice.data, twice.size);
    expect_refusal(STATUS_DATA, "overlap");
    buf_free(&twice);
    buf_free(&whole);
}

static void put(struct buf *out, const void *bytes, size_t size)
{
    assert_int_equal(buf_append(out, bytes, size), STATUS_OK);
}

static void put_number(struct buf *out, uint64_t number, size_t width)
{
    unsigned char bytes[8];

    for (size_t i = 0; i < width; i++)
        bytes[i] = (unsigned char)(number >> 8 * i);
    put(out, bytes, width);
}

/* numpy.savez() writes local headers with force_zip64; here the directory, too, is in that form. */
static void sizes_in_the_form_of_zip64_are_read(void **state)
{
    static const int64_t extents[] = {3};
    char header[NPY_HEADER_MAX];
    size_t header_size = npy_header(1, extents, header), size = header_size + 12;
    struct npy_array array;
    struct npz *archive;
    struct error error = {""};
    struct buf out;

    (void)state;
    buf_init(&out, BUF_LIMIT);
    put(&out, "PK\3\4\55\0\0\0\0\0\0\0\41\0\0\0\0\0\377\377\377\377\377\377\377\377", 26);
    put_number(&out, 5, 2);
    put_number(&out, 20, 2);
    put(&out, "x.npy\1\0\20\0", 9);
    put_number(&out, size, 8);
    put_number(&out, size, 8);
    put(&out, header, header_size);
    put(&out, numbers, 12);
    size_t directory = out.size;
    put(&out, "PK\1\2\55\0\55\0\0\0\0\0\0\0\41\0", 16);
    put_number(&out, crc32_update(crc32_update(0, header, header_size), numbers, 12), 4);
    put(&out, "\377\377\377\377\377\377\377\377", 8);
    put_number(&out, 5, 2);
    put_number(&out, 28, 2);
    put(&out, "\0\0\0\0\0\0\0\0\0\0\377\377\377\377x.npy\1\0\30\0", 23);
    put_number(&out, size, 8);
    put_number(&out, size, 8);
    put_number(&out, 0, 8);
    size_t directory_size = out.size - directory, end = out.size;
    put(&out, "PK\6\6\54\0\0\0\0\0\0\0\55\0\55\0\0\0\0\0\0\0\0\0", 24);
    put_number(&out, 1, 8);
    put_number(&out, 1, 8);
    put_number(&out, directory_size, 8);
    put_number(&out, directory, 8);
    put(&out, "PK\6\7\0\0\0\0", 8);
    put_number(&out, end, 8);
    put_number(&out, 1, 4);
    put(&out, "PK\5\6\0\0\0\0\377\377\377\377\377\377\377\377\377\377\377\377\0\0", 22);
    write_file(npz, out.data, out.size);
    assert_int_equal(npz_open(npz, &archive, &error), STATUS_OK);
    assert_int_equal(npz_count(archive), 1);
    assert_int_equal(npz_find(archive, "x", &array, &error), STATUS_OK);
    assert_memory_equal(array.data, numbers, 12);
    npy_free(&array);
    npz_close(archive);
    buf_free(&out);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_teardown(name, remove_files)
    const struct CMUnitTest tests[] = {
        TEST(a_network_comes_back_with_its_names_shapes_and_numbers),
        TEST(weights_stay_in_the_mapped_archive_at_multiples_of_64),
        TEST(files_that_exist_are_not_touched),
        TEST(parameters_that_came_later_need_not_be_said),
        TEST(what_a_node_reads_may_be_an_output_too),
        TEST(a_network_without_weights_comes_back),
        TEST(each_of_both_files_cut_at_any_byte_is_refused),
        TEST(any_flipped_byte_gives_a_graph_or_an_error),
        TEST(what_is_wrong_in_the_json_is_said),
        TEST(a_json_alone_or_an_archive_alone_says_what_is_missing),
        TEST(a_json_of_endless_depth_is_refused),
        TEST(what_json_cannot_say_names_every_layer_and_writes_nothing),
        TEST(a_directory_that_lies_is_refused),
        TEST(entries_that_overlap_or_share_a_name_are_refused),
        TEST(sizes_in_the_form_of_zip64_are_read),
    };
#undef TEST
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
