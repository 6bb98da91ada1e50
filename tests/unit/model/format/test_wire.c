#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "model/format/wire.h"
#include "tests/lib/protobuf.h"

static struct wire open_buf(const struct buf *buf)
{
    return wire_open("f", (const unsigned char *)buf->data, buf->size);
}

static void every_wire_type_is_read_in_place(void **state)
{
    struct wire_field field;
    struct error error;
    struct buf buf;

    (void)state;
    buf_init(&buf, 1000);
    protobuf_varint(&buf, 1, UINT64_MAX);
    protobuf_fixed32(&buf, 2, 0x01020304);
    protobuf_fixed64(&buf, 536870911, 0x0102030405060708);
    protobuf_text(&buf, 4, "hello");
    struct wire wire = open_buf(&buf);
    assert_true(wire_next(&wire, &field));
    assert_true(field.number == 1 && field.type == WIRE_VARINT && field.value == UINT64_MAX);
    assert_true(wire_next(&wire, &field));
    assert_true(field.type == WIRE_FIXED32 && field.value == 0x01020304);
    assert_true(wire_next(&wire, &field));
    assert_true(field.number == 536870911 && field.value == 0x0102030405060708);
    assert_true(wire_next(&wire, &field));
    assert_true(field.size == 5 && !memcmp(field.bytes, "hello", 5));
    assert_ptr_equal(field.bytes, buf.data + buf.size - 5);
    assert_false(wire_next(&wire, &field));
    assert_int_equal(wire_status(&wire, &error), STATUS_OK);
    buf_free(&buf);
}

/* A file that is cut is either refused or ends between two fields. */
static void a_cut_file_is_never_read_past_its_end(void **state)
{
    struct buf buf;
    size_t whole = 0;

    (void)state;
    buf_init(&buf, 1000);
    protobuf_varint(&buf, 1, 300);
    protobuf_text(&buf, 100, "0123456789");
    protobuf_fixed64(&buf, 3, 1);
    for (size_t size = 0; size < buf.size; size++) {
        unsigned char *copy = test_malloc(size ? size : 1);
        struct error error;
        struct wire_field field;
        memcpy(copy, buf.data, size);
        struct wire wire = wire_open("f", copy, size);
        while (wire_next(&wire, &field))
            ;
        whole += wire_status(&wire, &error) == STATUS_OK;
        test_free(copy);
    }
    assert_int_equal(whole, 3);
    buf_free(&buf);
}

static void refuse(const char *bytes, size_t size, const char *expected)
{
    struct wire wire = wire_open("f", (const unsigned char *)bytes, size);
    struct wire_field field;
    struct error error;

    while (wire_next(&wire, &field))
        ;
    assert_int_equal(wire_status(&wire, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, expected));
}

static void lying_numbers_are_refused(void **state)
{
    (void)state;
    refuse("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "a length passes the end");
    refuse("\x0a\x05"
           "abcd",
           6, "a length passes the end");
    refuse("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, "does not fit 64 bits");
    refuse("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13, "does not fit 64 bits");
    refuse("\x00\x01", 2, "not a protobuf field");
    refuse("\x0b", 1, "not a protobuf field");
    refuse("\xff\xff\xff\xff\xff\xff\xff\xff\x7f\x00", 10, "not a protobuf field");
}

static void nesting_has_a_limit(void **state)
{
    struct buf inner, outer;
    struct wire_field field;
    struct error error;

    (void)state;
    buf_init(&inner, 1000);
    buf_init(&outer, 1000);
    for (int i = 0; i < 40; i++) {
        protobuf_message(&outer, 1, &inner);
        assert_int_equal(buf_append(&inner, outer.data, outer.size), STATUS_OK);
        buf_clear(&outer);
    }
    struct wire wire = open_buf(&inner);
    unsigned depth = 0;
    while (wire_next(&wire, &field)) {
        wire = wire_enter(&wire, &field);
        depth++;
    }
    assert_int_equal(depth, WIRE_MAX_DEPTH + 1);
    assert_int_equal(wire_status(&wire, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "too deeply"));
    buf_free(&inner);
    buf_free(&outer);
}

static void a_number_is_no_message(void **state)
{
    struct wire_field field;
    struct error error;
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    protobuf_varint(&buf, 1, 7);
    struct wire wire = open_buf(&buf);
    assert_true(wire_next(&wire, &field));
    struct wire inner = wire_enter(&wire, &field);
    assert_false(wire_next(&inner, &field));
    assert_int_equal(wire_status(&inner, &error), STATUS_DATA);
    buf_free(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_wire_type_is_read_in_place),
        cmocka_unit_test(a_cut_file_is_never_read_past_its_end),
        cmocka_unit_test(lying_numbers_are_refused),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(a_number_is_no_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
