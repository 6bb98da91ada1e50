/* Files as they come out: weights of any view between other bytes, and disks that are too small. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "model/format/numpy/crc32.h"
#include "model/format/output.h"

static char folder[64], path[80];

static int make_folder(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/test_output-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    snprintf(path, sizeof path, "%s/out", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* A matrix above the sizes from which place is asked for, of no round extent, and its transpose. */
struct matrix {
    float *numbers;
    size_t size; /* in bytes */
    struct weight plain, turned;
};

static struct matrix make_matrix(void)
{
    enum { ROWS = 1231, COLUMNS = 877 };
    struct matrix matrix = {.size = (size_t)ROWS * COLUMNS * sizeof(float)};

    matrix.numbers = malloc(matrix.size);
    assert_non_null(matrix.numbers);
    for (size_t i = 0; i < (size_t)ROWS * COLUMNS; i++)
        matrix.numbers[i] = (float)i;
    matrix.plain = weight_make(&(struct shape){2, {ROWS, COLUMNS}}, matrix.numbers);
    matrix.turned = matrix.plain;
    assert_true(weight_permute(&matrix.turned, (const uint8_t[]){1, 0}));
    return matrix;
}

static enum status write_weights(const struct matrix *matrix, uint32_t crc[2], struct error *error)
{
    struct output *output;

    assert_int_equal(output_create(path, &output, error), STATUS_OK);
    output_write(output, "head", 4);
    crc[0] = output_weight_crc(output, &matrix->turned);
    output_write(output, "middle", 6);
    crc[1] = output_weight_crc(output, &matrix->plain);
    output_weight(output, &matrix->turned);
    output_weight(output, &matrix->plain);
    output_write(output, "tail", 4);
    assert_int_equal(output_size(output), 4 * matrix->size + 14);
    return output_close(output, error);
}

static void assert_written(const struct matrix *matrix, const uint32_t crc[2])
{
    size_t total = 4 * matrix->size + 14;
    char *bytes = malloc(total + 1), *turned = malloc(matrix->size);
    FILE *file = fopen(path, "rb");

    assert_true(bytes && turned && file);
    assert_int_equal(fread(bytes, 1, total + 1, file), total);
    fclose(file);
    weight_copy(&matrix->turned, (float *)(void *)turned);
    assert_memory_equal(bytes, "head", 4);
    assert_memory_equal(bytes + 4, turned, matrix->size);
    assert_memory_equal(bytes + 4 + matrix->size, "middle", 6);
    assert_memory_equal(bytes + 10 + matrix->size, matrix->numbers, matrix->size);
    assert_memory_equal(bytes + 10 + 2 * matrix->size, turned, matrix->size);
    assert_memory_equal(bytes + 10 + 3 * matrix->size, matrix->numbers, matrix->size);
    assert_memory_equal(bytes + total - 4, "tail", 4);
    assert_int_equal(crc[0], crc32_update(0, turned, matrix->size));
    assert_int_equal(crc[1], crc32_update(0, matrix->numbers, matrix->size));
    free(turned);
    free(bytes);
}

static void weights_come_out_byte_for_byte(void **state)
{
    struct matrix matrix = make_matrix();
    struct error error = {""};
    uint32_t crc[2];

    (void)state;
    assert_int_equal(write_weights(&matrix, crc, &error), STATUS_OK);
    assert_written(&matrix, crc);
    unlink(path);
    free(matrix.numbers);
}

static void mount_or_skip(const char *type, const char *options)
{
    if (mount("none", folder, type, 0, options) == 0)
        return;
    print_message("cannot mount a file system: skipped\n");
    skip();
}

/* ramfs has no fallocate(). */
static void a_file_system_that_cannot_set_place_aside_will_do(void **state)
{
    struct matrix matrix;
    struct error error = {""};
    uint32_t crc[2];

    (void)state;
    mount_or_skip("ramfs", NULL);
    matrix = make_matrix();
    assert_int_equal(write_weights(&matrix, crc, &error), STATUS_OK);
    assert_written(&matrix, crc);
    assert_int_equal(umount(folder), 0);
    free(matrix.numbers);
}

static void assert_refused(const struct matrix *matrix, enum status expected)
{
    struct error error = {""};
    uint32_t crc[2];

    assert_int_equal(write_weights(matrix, crc, &error), expected);
    assert_non_null(strstr(error.text, path));
    assert_non_null(strstr(error.text, "cannot be written"));
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_full_disk_is_told_and_nothing_stays(void **state)
{
    struct matrix matrix;

    (void)state;
    mount_or_skip("tmpfs", "size=6m");
    matrix = make_matrix();
    assert_refused(&matrix, STATUS_FULL);
    assert_int_equal(umount(folder), 0);
    free(matrix.numbers);
}

static void a_file_that_may_not_grow_is_told_and_nothing_stays(void **state)
{
    struct matrix matrix = make_matrix();
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    struct rlimit before, small;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 6 << 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_refused(&matrix, STATUS_IO);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    free(matrix.numbers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_come_out_byte_for_byte),
        cmocka_unit_test(a_file_system_that_cannot_set_place_aside_will_do),
        cmocka_unit_test(a_full_disk_is_told_and_nothing_stays),
        cmocka_unit_test(a_file_that_may_not_grow_is_told_and_nothing_stays),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
