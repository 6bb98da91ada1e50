#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"
#include "common/hash.h"
#include "common/pictures.h"
#include "tests/lib/folder.h"

/* SHA-256 of "abc": FIPS 180-2 appendix B.1. */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"

static char base[] = "/tmp/test_pictures_XXXXXX";
static char folder[64];

static const char *path_of(const char *sha256, enum image_kind kind)
{
    static char text[200];
    struct buf path;
    struct error error = {""};
    buf_init(&path, sizeof text);
    assert_int_equal(picture_path(folder, sha256, kind, &path, &error), STATUS_OK);
    snprintf(text, sizeof text, "%s", path.data);
    buf_free(&path);
    return text;
}

static enum status read_picture(const char *sha256, size_t limit, struct buf *out,
                                struct error *error)
{
    error->text[0] = '\0';
    buf_init(out, limit);
    enum status status = picture_read(folder, sha256, out, error);
    assert_true(status ? out->size == 0 && *error->text : !*error->text);
    return status;
}

static void keep_abc(enum image_kind kind)
{
    struct error error = {""};
    assert_int_equal(picture_write(folder, ABC, kind, "abc", 3, &error), STATUS_OK);
}

static void path_is_told_by_the_hash_and_the_kind(void **state)
{
    (void)state;
    char expected[200];
    snprintf(expected, sizeof expected, "%s/ba/%s.jpg", folder, ABC);
    assert_string_equal(path_of(ABC, IMAGE_JPEG), expected);
    snprintf(expected, sizeof expected, "%s/ba/%s.png", folder, ABC);
    assert_string_equal(path_of(ABC, IMAGE_PNG), expected);
}

static void what_is_no_hash_leads_nowhere(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "ba",
        "../../../etc/passwd",
        ABC "0",
        "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "../816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buf out;
        struct error error = {""};
        buf_init(&out, 1000);
        assert_int_equal(picture_path(folder, bad[i], IMAGE_JPEG, &out, &error), STATUS_DATA);
        assert_int_equal(read_picture(bad[i], 10, &out, &error), STATUS_DATA);
        assert_int_equal(picture_write(folder, bad[i], IMAGE_JPEG, "abc", 3, &error), STATUS_DATA);
        assert_int_equal(picture_write(folder, ABC, IMAGE_GIF, "abc", 3, &error), STATUS_DATA);
        buf_free(&out);
    }
    assert_int_equal(access(folder, F_OK), -1);
}

static void kept_picture_reads_back(void **state)
{
    (void)state;
    struct buf bytes;
    struct error error;
    for (enum image_kind kind = IMAGE_JPEG; kind <= IMAGE_PNG; kind++) {
        assert_int_equal(read_picture(ABC, 3, &bytes, &error), STATUS_NO);
        assert_false(picture_is_kept(path_of(ABC, kind), 3));
        keep_abc(kind);
        assert_true(picture_is_kept(path_of(ABC, kind), 3));
        assert_false(picture_is_kept(path_of(ABC, kind), 2));
        assert_int_equal(read_picture(ABC, 3, &bytes, &error), STATUS_OK);
        assert_string_equal(bytes.data, "abc");
        buf_free(&bytes);
        unlink(path_of(ABC, kind));
    }
}

static void picture_that_is_not_what_its_name_says_is_not_read(void **state)
{
    (void)state;
    struct buf bytes;
    struct error error;
    keep_abc(IMAGE_JPEG);
    assert_int_equal(file_write(path_of(ABC, IMAGE_JPEG), "abd", 3, &error), STATUS_OK);
    assert_int_equal(read_picture(ABC, 3, &bytes, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, path_of(ABC, IMAGE_JPEG)));
    buf_free(&bytes);
    keep_abc(IMAGE_JPEG); /* mends it */
    assert_int_equal(read_picture(ABC, 3, &bytes, &error), STATUS_OK);
    buf_free(&bytes);
}

static void reading_is_bounded_and_waits_for_nothing(void **state)
{
    (void)state;
    struct buf bytes;
    struct error error;
    keep_abc(IMAGE_JPEG);
    assert_int_equal(read_picture(ABC, 2, &bytes, &error), STATUS_LIMIT);
    buf_free(&bytes);
    unlink(path_of(ABC, IMAGE_JPEG));
    assert_int_equal(mkfifo(path_of(ABC, IMAGE_JPEG), 0600), 0);
    assert_int_equal(read_picture(ABC, 3, &bytes, &error), STATUS_DATA);
    unlink(path_of(ABC, IMAGE_JPEG));
}

static void others_have_no_way_in(void **state)
{
    (void)state;
    struct stat found;
    char below[80];
    keep_abc(IMAGE_JPEG);
    snprintf(below, sizeof below, "%s/ba", folder);
    assert_int_equal(stat(folder, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0750);
    assert_int_equal(stat(below, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0750);
    assert_int_equal(stat(path_of(ABC, IMAGE_JPEG), &found), 0);
    assert_int_equal(found.st_mode & 0440, 0440);
}

static void failure_to_write_names_the_place(void **state)
{
    (void)state;
    struct error error = {""};
    assert_int_equal(file_write(folder, "in the way", 10, &error), STATUS_OK);
    assert_int_equal(picture_write(folder, ABC, IMAGE_JPEG, "abc", 3, &error), STATUS_IO);
    assert_non_null(strstr(error.text, folder));
    unlink(folder);
    assert_int_equal(picture_write("/nowhere/pictures", ABC, IMAGE_JPEG, "abc", 3, &error),
                     STATUS_IO);
    assert_non_null(strstr(error.text, "/nowhere/pictures: "));
}

static uint64_t measure(uint64_t enough)
{
    struct error error = {""};
    uint64_t room = 1;
    assert_int_equal(pictures_measure(folder, enough, &room, &error), STATUS_OK);
    return room;
}

static void room_is_that_of_all_kept_pictures_in_blocks(void **state)
{
    (void)state;
    struct error error = {""};
    static const char bytes[5000];
    char foreign[80];
    assert_int_equal(measure(UINT64_MAX), 0);
    keep_abc(IMAGE_JPEG);
    keep_abc(IMAGE_PNG);
    assert_int_equal(measure(UINT64_MAX), 2 * 4096);
    assert_int_equal(picture_write(folder, ZEROS, IMAGE_JPEG, bytes, sizeof bytes, &error), 0);
    assert_int_equal(measure(UINT64_MAX), 4 * 4096);
    snprintf(foreign, sizeof foreign, "%s/README", folder);
    assert_int_equal(file_write(foreign, "x", 1, &error), STATUS_OK);
    assert_int_equal(measure(UINT64_MAX), 4 * 4096);
    assert_int_equal(picture_room(4096), 4096);
    assert_int_equal(picture_room(4097), 8192);
}

static void measuring_ends_when_it_knows_enough(void **state)
{
    (void)state;
    struct error error = {""};
    for (unsigned i = 0; i < 100; i++) {
        char sha256[SHA256_HEX_SIZE], digits[16];
        snprintf(digits, sizeof digits, "%02x%08x", i % 3, i);
        snprintf(sha256, sizeof sha256, "%s", ZEROS);
        memcpy(sha256, digits, 10);
        assert_int_equal(picture_write(folder, sha256, IMAGE_PNG, "", 0, &error), STATUS_OK);
    }
    assert_int_equal(measure(UINT64_MAX), 100 * 4096); /* empty files are files */
    assert_int_equal(measure(10 * 4096), 11 * 4096);
}

static int empty_base(void **state)
{
    (void)state;
    return folder_empty(base);
}

static int make_base(void **state)
{
    (void)state;
    umask(022);
    if (!mkdtemp(base))
        return -1;
    snprintf(folder, sizeof folder, "%s/pictures", base);
    return 0;
}

static int remove_base(void **state)
{
    (void)state;
    return rmdir(base);
}

#define CASE(name) cmocka_unit_test_teardown(name, empty_base)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(path_is_told_by_the_hash_and_the_kind),
        CASE(what_is_no_hash_leads_nowhere),
        CASE(kept_picture_reads_back),
        CASE(picture_that_is_not_what_its_name_says_is_not_read),
        CASE(reading_is_bounded_and_waits_for_nothing),
        CASE(others_have_no_way_in),
        CASE(failure_to_write_names_the_place),
        CASE(room_is_that_of_all_kept_pictures_in_blocks),
        CASE(measuring_ends_when_it_knows_enough),
    };
    return cmocka_run_group_tests(tests, make_base, remove_base);
}
