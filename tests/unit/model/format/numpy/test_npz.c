#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/format/numpy/crc32.h"
#include "model/format/mapping.h"
#include "model/format/numpy/npz.h"

static char folder[] = "/tmp/carmlbench-npz-XXXXXX", path[64];

static int make_folder(void **state)
{
    (void)state;
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/a.npz", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(folder);
}

static size_t files_in_folder(void)
{
    DIR *list = opendir(folder);
    size_t count = 0;

    assert_non_null(list);
    for (struct dirent *entry = readdir(list); entry; entry = readdir(list))
        count += entry->d_name[0] != '.';
    closedir(list);
    return count;
}

static const int64_t shape[] = {2, 3};
static const float numbers[] = {1, 2, 3, 4, 5, 6};

static void write_archive(void)
{
    struct npz_writer *writer;
    struct error error;

    assert_int_equal(npz_write_begin(path, &writer, &error), STATUS_OK);
    assert_int_equal(npz_write_add(writer, "a", 2, shape, numbers, &error), STATUS_OK);
    assert_int_equal(npz_write_add(writer, "dir/b", 1, shape, numbers, &error), STATUS_OK);
    assert_int_equal(npz_write_finish(writer, &error), STATUS_OK);
}

static void what_was_written_is_read_back(void **state)
{
    struct npy_array array;
    struct error error = {""};
    struct npz *npz;

    (void)state;
    write_archive();
    assert_int_equal(files_in_folder(), 1);
    assert_int_equal(npz_open(path, &npz, &error), STATUS_OK);
    assert_int_equal(npz_count(npz), 2);
    assert_string_equal(npz_name(npz, 1), "dir/b");
    assert_int_equal(npz_find(npz, "a", &array, &error), STATUS_OK);
    assert_true(array.dims == 2 && array.shape[1] == 3);
    assert_memory_equal(array.data, numbers, sizeof numbers);
    npy_free(&array);
    assert_int_equal(npz_find(npz, "c", &array, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "holds no array called 'c'"));
    npz_close(npz);
}

static void a_cancelled_archive_leaves_nothing(void **state)
{
    struct npz_writer *writer;
    struct error error;

    (void)state;
    unlink(path);
    assert_int_equal(npz_write_begin(path, &writer, &error), STATUS_OK);
    assert_int_equal(npz_write_add(writer, "a", 2, shape, numbers, &error), STATUS_OK);
    assert_int_equal(files_in_folder(), 1);
    npz_write_cancel(writer);
    assert_int_equal(files_in_folder(), 0);
}

static void one_name_cannot_be_written_twice(void **state)
{
    struct npz_writer *writer;
    struct error error;

    (void)state;
    assert_int_equal(npz_write_begin(path, &writer, &error), STATUS_OK);
    assert_int_equal(npz_write_add(writer, "a", 2, shape, numbers, &error), STATUS_OK);
    assert_int_equal(npz_write_add(writer, "b", 2, shape, numbers, &error), STATUS_OK);
    assert_int_equal(npz_write_add(writer, "a", 2, shape, numbers, &error), STATUS_DATA);
    npz_write_cancel(writer);
}

static void a_folder_that_is_not_there_is_an_error(void **state)
{
    struct npz_writer *writer;
    struct error error;

    (void)state;
    assert_int_equal(npz_write_begin("/nowhere/a.npz", &writer, &error), STATUS_IO);
    assert_non_null(strstr(error.text, "/nowhere/a.npz: "));
    assert_null(writer);
}

static void write_bytes(const void *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void read_all(void)
{
    struct error error = {""};
    struct npz *npz;

    if (npz_open(path, &npz, &error)) {
        assert_true(error.text[0]);
        return;
    }
    for (size_t i = 0; i < npz_count(npz); i++) {
        struct npy_array array;
        if (npz_find(npz, npz_name(npz, i), &array, &error))
            assert_true(error.text[0]);
        npy_free(&array);
    }
    npz_close(npz);
}

static void cut_and_damaged_archives_are_refused(void **state)
{
    struct mapping *mapping;
    struct error error;
    struct npz *npz;

    (void)state;
    write_archive();
    assert_int_equal(mapping_open(path, &mapping, &error), STATUS_OK);
    size_t size = mapping->size;
    unsigned char *bytes = malloc(size);
    assert_non_null(bytes);
    memcpy(bytes, mapping->bytes, size);
    mapping_close(mapping);
    for (size_t cut = 0; cut < size; cut++) {
        write_bytes(bytes, cut);
        assert_int_equal(npz_open(path, &npz, &error), STATUS_DATA);
    }
    for (size_t i = 0; i < size; i++) {
        bytes[i] ^= 0xff;
        write_bytes(bytes, size);
        read_all();
        bytes[i] ^= 0xff;
    }
    free(bytes);
}

static void a_changed_number_fails_its_checksum(void **state)
{
    enum { INSIDE_NUMBERS = 30 + 5 + 128 + 3 }; /* local header, "a.npy", .npy header */
    struct npy_array array;
    struct error error;
    struct npz *npz;

    (void)state;
    write_archive();
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, INSIDE_NUMBERS, SEEK_SET);
    fputc('!', file);
    fclose(file);
    assert_int_equal(npz_open(path, &npz, &error), STATUS_OK);
    assert_int_equal(npz_find(npz, "a", &array, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "its checksum is wrong"));
    npz_close(npz);
}

/* The check value that every catalogue of CRCs gives for CRC-32/ISO-HDLC. */
static void crc32_is_zips(void **state)
{
    (void)state;
    assert_int_equal(crc32_update(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(crc32_update(crc32_update(0, "1234", 4), "56789", 5), 0xCBF43926);
    assert_int_equal(crc32_update(0, "The quick brown fox jumps over the lazy dog", 43),
                     0x414FA339);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(a_cancelled_archive_leaves_nothing),
        cmocka_unit_test(one_name_cannot_be_written_twice),
        cmocka_unit_test(a_folder_that_is_not_there_is_an_error),
        cmocka_unit_test(cut_and_damaged_archives_are_refused),
        cmocka_unit_test(a_changed_number_fails_its_checksum),
        cmocka_unit_test(crc32_is_zips),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
