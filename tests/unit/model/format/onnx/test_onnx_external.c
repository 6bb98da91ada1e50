/* Tensors whose numbers lie in a file beside the model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/format/onnx/onnx_proto.h"
#include "tests/lib/net.h"
#include "tests/lib/onnx_model.h"
#include "tests/lib/protobuf.h"

enum { BUF_LIMIT = 1 << 16, PATH_SIZE = 96 };

static char folder[] = "/tmp/carmlbench-onnx-XXXXXX";
static char path[PATH_SIZE], data_path[PATH_SIZE], link_path[PATH_SIZE], outside[32];
static const float numbers[] = {9, 1.5F, 2.5F, 3.5F};

static void write_file(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/m.onnx", folder);
    snprintf(data_path, sizeof data_path, "%s/m.data", folder);
    snprintf(link_path, sizeof link_path, "%s/link", folder);
    write_file(data_path, numbers, sizeof numbers);
    net_temporary(numbers, sizeof numbers, outside);
    return symlink(outside, link_path);
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    unlink(data_path);
    unlink(link_path);
    unlink(outside);
    return rmdir(folder);
}

static void put_entry(struct buf *tensor, const char *key, const char *value)
{
    struct buf entry;

    if (!value)
        return;
    buf_init(&entry, BUF_LIMIT);
    protobuf_text(&entry, ONNX_ENTRY_KEY, key);
    protobuf_text(&entry, ONNX_ENTRY_VALUE, value);
    protobuf_message(tensor, ONNX_TENSOR_EXTERNAL_DATA, &entry);
    buf_free(&entry);
}

/* y = PRelu(x, three numbers of another file) */
static enum status load(const char *location, const char *offset, const char *length,
                        struct graph **out, struct error *error)
{
    struct onnx_model model;
    struct buf tensor;
    enum status status;

    onnx_model_begin(&model, 13);
    onnx_model_input(&model, "x", 2, (const int64_t[]){0, 3});
    buf_init(&tensor, BUF_LIMIT);
    protobuf_varint(&tensor, ONNX_TENSOR_DIMS, 3);
    protobuf_varint(&tensor, ONNX_TENSOR_DATA_TYPE, ONNX_FLOAT);
    protobuf_text(&tensor, ONNX_TENSOR_NAME, "slope");
    protobuf_varint(&tensor, ONNX_TENSOR_DATA_LOCATION, 1);
    put_entry(&tensor, "location", location);
    put_entry(&tensor, "offset", offset);
    put_entry(&tensor, "length", length);
    onnx_model_tensor(&model, &tensor);
    onnx_model_node(&model, "PRelu", "x slope", "y");
    onnx_model_output(&model, "y");
    onnx_model_end(&model);
    write_file(path, model.bytes.data, model.bytes.size);
    status = model_load(path, NULL, out, error);
    onnx_model_free(&model);
    return status;
}

static void numbers_are_seen_where_they_lie_in_the_file_beside(void **state)
{
    struct error error = {""};
    struct graph *graph;
    float slope[3];

    (void)state;
    if (load("m.data", "4", "12", &graph, &error))
        fail_msg("%s", error.text);
    assert_int_equal(graph->nodes[1].weights[0].count, 3);
    weight_copy(&graph->nodes[1].weights[0], slope);
    assert_memory_equal(slope, numbers + 1, sizeof slope);
    graph_free(graph);
}

static bool reads(const struct graph *graph, const char *file)
{
    struct stat info;

    assert_int_equal(stat(file, &info), 0);
    return model_reads(graph, path, &info);
}

static void the_model_knows_the_files_it_was_read_from(void **state)
{
    struct error error = {""};
    struct graph *graph;

    (void)state;
    if (load("m.data", "0", "12", &graph, &error))
        fail_msg("%s", error.text);
    assert_true(reads(graph, path));
    assert_true(reads(graph, data_path));
    assert_false(reads(graph, outside));
    graph_free(graph);
}

static void no_file_outside_of_the_folder_is_read(void **state)
{
    char up[PATH_SIZE];

    (void)state;
    snprintf(up, sizeof up, "../%s", strrchr(outside, '/') + 1);
    const char *const locations[] = {outside, up, "./../m.data", "link", "", NULL, ".", "absent"};
    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        struct error error = {""};
        struct graph *graph;
        enum status status = load(locations[i], "0", "12", &graph, &error);
        if ((status != STATUS_DATA && status != STATUS_IO) || graph)
            fail_msg("'%s': status %d, '%s'", locations[i] ? locations[i] : "(none)", status,
                     error.text);
    }
}

static void places_lie_inside_of_the_file(void **state)
{
    static const char *const places[][2] = {{"8", "12"},
                                            {"0", "8"},
                                            {"0", "16"},
                                            {"18446744073709551615", "12"},
                                            {"99999999999999999999999", "12"},
                                            {"-4", "12"},
                                            {"4x", "12"},
                                            {"0", "12 "}};

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        struct error error = {""};
        struct graph *graph;
        if (load("m.data", places[i][0], places[i][1], &graph, &error) != STATUS_DATA)
            fail_msg("offset %s, length %s: '%s'", places[i][0], places[i][1], error.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_seen_where_they_lie_in_the_file_beside),
        cmocka_unit_test(the_model_knows_the_files_it_was_read_from),
        cmocka_unit_test(no_file_outside_of_the_folder_is_read),
        cmocka_unit_test(places_lie_inside_of_the_file)};

    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
