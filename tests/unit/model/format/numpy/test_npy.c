#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/format/numpy/npy.h"

enum { SIZE = 512 };

/* Builds an array with format version 1.0 around a header text; returns its size. */
static size_t build(char *out, const char *header, const void *data, size_t size)
{
    size_t length = strlen(header);

    memcpy(out, "\x93NUMPY\1\0", 8);
    out[8] = (char)length;
    out[9] = (char)(length >> 8);
    memcpy(out + 10, header, length);
    if (size)
        memcpy(out + 10 + length, data, size);
    return 10 + length + size;
}

/* Parses a copy of exactly that size, so that reading past the end shows. */
static enum status parse(const char *bytes, size_t size, struct npy_array *out, struct error *error)
{
    char *copy = malloc(size ? size : 1);
    enum status status;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    status = npy_parse("f", copy, size, out, error);
    free(copy);
    return status;
}

static void plain_types_are_read(void **state)
{
    static const struct {
        const char *descr;
        enum npy_type type;
        size_t size;
    } cases[] = {{"<f4", NPY_F4, 4}, {"<f8", NPY_F8, 8}, {"<i4", NPY_I4, 4},
                 {"<i8", NPY_I8, 8}, {"|u1", NPY_U1, 1}, {"|S5", NPY_S, 5}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char header[200], bytes[SIZE], data[64];
        struct npy_array array;
        struct error error = {""};
        for (size_t j = 0; j < sizeof data; j++)
            data[j] = (char)(j + 1);
        snprintf(header, sizeof header,
                 "{'descr': '%s', 'fortran_order': False, 'shape': (2, 3), }  \n", cases[i].descr);
        size_t size = build(bytes, header, data, 6 * cases[i].size);
        if (parse(bytes, size, &array, &error))
            fail_msg("%s", error.text);
        assert_true(array.type == cases[i].type && array.item_size == cases[i].size);
        assert_true(array.dims == 2 && array.shape[0] == 2 && array.shape[1] == 3);
        assert_int_equal(array.count, 6);
        assert_memory_equal(array.data, data, 6 * cases[i].size);
        npy_free(&array);
    }
}

static void numbers_become_floats(void **state)
{
    static const int64_t data[] = {1, -2, 1 << 20};
    struct npy_array array;
    struct error error;
    char bytes[SIZE];

    (void)state;
    size_t size = build(bytes, "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", data,
                        sizeof data);
    assert_int_equal(parse(bytes, size, &array, &error), STATUS_OK);
    assert_int_equal(npy_to_float(&array, &error), STATUS_OK);
    assert_true(array.type == NPY_F4 && array.item_size == 4);
    for (size_t i = 0; i < 3; i++)
        assert_true(((float *)array.data)[i] == (float)data[i]);
    npy_free(&array);
    size = build(bytes, "{'descr': '|S1', 'fortran_order': False, 'shape': (), }", "x", 1);
    assert_int_equal(parse(bytes, size, &array, &error), STATUS_OK);
    assert_int_equal(array.count, 1);
    assert_int_equal(npy_to_float(&array, &error), STATUS_DATA);
    npy_free(&array);
}

static void what_cannot_be_read_is_said(void **state)
{
    static const struct {
        const char *header;
        enum status status;
        const char *text;
    } cases[] = {
        {"{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }", STATUS_UNSUPPORTED, "'>f4'"},
        {"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", STATUS_UNSUPPORTED, "'|O'"},
        {"{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", STATUS_UNSUPPORTED,
         "structured"},
        {"{'descr': '<f4', 'fortran_order': True, 'shape': (1,), }", STATUS_UNSUPPORTED,
         "Fortran order"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", STATUS_DATA,
         "should hold 8 bytes of numbers but holds 4"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
         STATUS_DATA, "absurd"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
         STATUS_DATA, "its shape cannot be read"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", STATUS_DATA,
         "its shape cannot be read"},
        {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }", STATUS_DATA,
         "more than 8 dimensions"},
        {"{'descr': '<f4', 'shape': (1,), }", STATUS_DATA, "not complete"},
        {"[]", STATUS_DATA, "not a dictionary"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct npy_array array;
        struct error error = {""};
        char bytes[SIZE];
        size_t size = build(bytes, cases[i].header, "\0\0\0\0", 4);
        assert_int_equal(parse(bytes, size, &array, &error), cases[i].status);
        if (!strstr(error.text, cases[i].text))
            fail_msg("'%s' lacks '%s'", error.text, cases[i].text);
        assert_null(array.data);
    }
}

static void an_array_cut_at_any_byte_is_refused(void **state)
{
    char bytes[SIZE];
    size_t size =
        build(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", "12345678", 8);

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        struct npy_array array;
        struct error error;
        assert_int_equal(parse(bytes, cut, &array, &error), STATUS_DATA);
    }
}

static void bytes_behind_the_numbers_are_refused(void **state)
{
    char bytes[SIZE];
    size_t size =
        build(bytes, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n", "123456789", 9);
    struct npy_array array;
    struct error error;

    (void)state;
    assert_int_equal(parse(bytes, size, &array, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "should hold 8 bytes of numbers but holds 9"));
}

static void a_header_of_ours_is_read_back(void **state)
{
    static const int64_t shapes[][3] = {{7, 0, 0}, {2, 3, 0}, {1, 2, 3}};
    static const float data[8] = {1, 2, 3, 4, 5, 6, 7, 8};

    (void)state;
    for (unsigned dims = 0; dims <= 3; dims++) {
        char bytes[SIZE];
        struct npy_array array;
        struct error error;
        const int64_t *shape = shapes[dims ? dims - 1 : 0];
        size_t count = dims == 0 ? 1 : dims == 1 ? 7 : 6, size = npy_header(dims, shape, bytes);
        assert_int_equal(size % 64, 0);
        memcpy(bytes + size, data, count * sizeof *data);
        assert_int_equal(parse(bytes, size + count * sizeof *data, &array, &error), STATUS_OK);
        assert_int_equal(array.dims, dims);
        assert_memory_equal(array.data, data, count * sizeof *data);
        npy_free(&array);
    }
    char header[NPY_HEADER_MAX];
    assert_int_equal(npy_header(NPY_MAX_DIMS + 1, shapes[0], header), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_types_are_read),
        cmocka_unit_test(numbers_become_floats),
        cmocka_unit_test(what_cannot_be_read_is_said),
        cmocka_unit_test(an_array_cut_at_any_byte_is_refused),
        cmocka_unit_test(bytes_behind_the_numbers_are_refused),
        cmocka_unit_test(a_header_of_ours_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
