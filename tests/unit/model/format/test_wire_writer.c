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

#include "model/format/output.h"
#include "model/format/wire.h"
#include "model/format/wire_writer.h"
#include "tests/lib/net.h"

static char path[64];

static int make_path(void **state)
{
    (void)state;
    net_temporary("", 0, path);
    unlink(path);
    return 0;
}

static size_t write_and_read(struct wire_message *message, unsigned char *bytes, size_t size)
{
    struct output *output;
    struct error error = {""};
    FILE *file;

    assert_int_equal(output_create(path, &output, &error), STATUS_OK);
    assert_int_equal(wire_write(message, path, output, &error), STATUS_OK);
    assert_int_equal(output_size(output), message->size);
    assert_int_equal(output_close(output, &error), STATUS_OK);
    file = fopen(path, "rb");
    assert_non_null(file);
    size = fread(bytes, 1, size, file);
    fclose(file);
    unlink(path);
    return size;
}

static void messages_nest_around_weights_that_stay_where_they_are(void **state)
{
    static const float numbers[6] = {1, 2, 3, 4, 5, 6};
    struct weight weight = weight_make(&(struct shape){2, {2, 3}}, numbers);
    struct wire_message inner, outer;
    unsigned char bytes[256];
    struct wire wire, nested;
    struct wire_field field;
    float read[6];

    (void)state;
    assert_true(weight_permute(&weight, (const uint8_t[]){1, 0}));
    wire_init(&inner);
    wire_init(&outer);
    wire_put_text(&inner, 1, "before");
    wire_put_weight(&inner, 2, &weight);
    wire_put_int(&inner, 3, -1);
    wire_put_message(&outer, 7, &inner);
    wire_put_float(&inner, 4, 0.25F);
    wire_put_message(&outer, 8, &inner);
    wire = wire_open("", bytes, write_and_read(&outer, bytes, sizeof bytes));

    assert_true(wire_next(&wire, &field));
    assert_int_equal(field.number, 7);
    nested = wire_enter(&wire, &field);
    assert_true(wire_next(&nested, &field));
    assert_memory_equal(field.bytes, "before", 6);
    assert_true(wire_next(&nested, &field));
    assert_int_equal(field.size, sizeof read);
    memcpy(read, field.bytes, sizeof read);
    assert_memory_equal(read, ((const float[]){1, 4, 2, 5, 3, 6}), sizeof read);
    assert_true(wire_next(&nested, &field));
    assert_true(field.value == UINT64_MAX);
    assert_false(wire_next(&nested, &field));
    assert_true(wire_next(&wire, &field));
    assert_int_equal(field.size, 5);
    assert_false(wire_next(&wire, &field));
    assert_int_equal(wire_status(&wire, NULL), STATUS_OK);
    wire_free(&inner);
    wire_free(&outer);
}

static void packed_numbers_and_long_varints_read_back(void **state)
{
    static const int64_t numbers[] = {0, 127, 128, 300, -1, INT64_MAX};
    struct wire_message message;
    unsigned char bytes[256];
    struct wire wire, packed;
    struct wire_field field;
    uint64_t value;

    (void)state;
    wire_init(&message);
    wire_put_ints(&message, 536870911, numbers, 6);
    wire_put_ints(&message, 1, numbers, 0);
    wire = wire_open("", bytes, write_and_read(&message, bytes, sizeof bytes));
    assert_true(wire_next(&wire, &field));
    assert_int_equal(field.number, 536870911);
    packed = wire_enter(&wire, &field);
    for (size_t i = 0; i < 6; i++) {
        assert_true(wire_varint(&packed, &value));
        assert_true(value == (uint64_t)numbers[i]);
    }
    assert_false(wire_next(&wire, &field));
    wire_free(&message);
}

/* 3 GB of weights that need not exist: their size alone is refused. */
static void a_message_above_two_gigabytes_is_refused(void **state)
{
    static const float number = 0;
    struct weight weight = weight_make(&(struct shape){1, {805306368}}, &number);
    struct wire_message message;
    struct output *output;
    struct error error = {""};

    (void)state;
    wire_init(&message);
    wire_put_weight(&message, 1, &weight);
    assert_int_equal(output_create(path, &output, &error), STATUS_OK);
    assert_int_equal(wire_write(&message, path, output, &error), STATUS_LIMIT);
    assert_non_null(strstr(error.text, "2 GB"));
    assert_int_equal(output_close(output, &error), STATUS_OK);
    unlink(path);
    wire_free(&message);
}

static void a_file_that_exists_is_not_written_over(void **state)
{
    static const char bytes[4096];
    struct output *output;
    struct error error = {""};

    (void)state;
    assert_int_equal(output_create(path, &output, &error), STATUS_OK);
    assert_int_equal(output_create(path, &(struct output *){NULL}, &error), STATUS_IO);
    output_write(output, bytes, sizeof bytes);
    assert_int_equal(output_close(output, &error), STATUS_OK);
    unlink(path);
    assert_int_equal(symlink("/dev/full", path), 0);
    assert_int_equal(output_create(path, &output, &error), STATUS_IO);
    assert_null(output);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_nest_around_weights_that_stay_where_they_are),
        cmocka_unit_test(packed_numbers_and_long_varints_read_back),
        cmocka_unit_test(a_message_above_two_gigabytes_is_refused),
        cmocka_unit_test(a_file_that_exists_is_not_written_over),
    };
    return cmocka_run_group_tests(tests, make_path, NULL);
}
