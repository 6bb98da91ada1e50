#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/file.h"
#include "common/hash.h"

static char folder[] = "/tmp/test_file_XXXXXX";

static const char *at(const char *name)
{
    static char paths[2][128];
    static int turn;
    turn = !turn;
    snprintf(paths[turn], sizeof paths[turn], "%s/%s", folder, name);
    return paths[turn];
}

static enum status read_file(const char *path, size_t limit, struct buf *out)
{
    struct error error = {""};
    buf_init(out, limit);
    enum status status = file_read(path, out, &error);
    assert_true(status == STATUS_OK || strstr(error.text, path));
    return status;
}

static void written_file_reads_back(void **state)
{
    (void)state;
    struct error error;
    struct buf content;
    assert_int_equal(file_write(at("a"), "x\0y", 3, &error), STATUS_OK);
    assert_int_equal(read_file(at("a"), 3, &content), STATUS_OK);
    assert_int_equal(content.size, 3);
    assert_memory_equal(content.data, "x\0y", 3);
    buf_free(&content);
    assert_int_equal(file_write(at("a"), "z", 1, &error), STATUS_OK);
    assert_int_equal(read_file(at("a"), 3, &content), STATUS_OK);
    assert_string_equal(content.data, "z");
    buf_free(&content);
}

static void ceiling_and_kind_are_checked(void **state)
{
    (void)state;
    struct error error;
    struct buf content;
    assert_int_equal(file_write(at("a"), "1234", 4, &error), STATUS_OK);
    assert_int_equal(read_file(at("a"), 3, &content), STATUS_LIMIT);
    buf_free(&content);
    assert_int_equal(read_file(at("absent"), 3, &content), STATUS_IO);
    assert_int_equal(read_file(folder, 3, &content), STATUS_IO);
    assert_int_equal(read_file("/dev/zero", 100000, &content), STATUS_LIMIT);
    buf_free(&content);
    assert_int_equal(read_file("/dev/null", 3, &content), STATUS_OK);
    assert_int_equal(content.size, 0);
}

static void copy_equals_its_source(void **state)
{
    (void)state;
    struct error error;
    struct buf content;
    assert_int_equal(file_write(at("a"), "bear", 4, &error), STATUS_OK);
    assert_int_equal(file_copy(at("a"), at("b"), &error), STATUS_OK);
    assert_int_equal(read_file(at("b"), 10, &content), STATUS_OK);
    assert_string_equal(content.data, "bear");
    buf_free(&content);
    assert_int_equal(file_copy(at("absent"), at("b"), &error), STATUS_IO);
}

static void pipe_stays_a_pipe_and_gets_the_bytes(void **state)
{
    (void)state;
    struct error error;
    struct stat kind;
    char got[8] = "";
    assert_int_equal(mkfifo(at("c"), 0600), 0);
    int reader = open(at("c"), O_RDONLY | O_NONBLOCK);
    assert_true(reader >= 0);
    assert_int_equal(file_write(at("c"), "bear", 4, &error), STATUS_OK);
    assert_int_equal(read(reader, got, sizeof got), 4);
    assert_string_equal(got, "bear");
    close(reader);
    assert_int_equal(stat(at("c"), &kind), 0);
    assert_true(S_ISFIFO(kind.st_mode));
    unlink(at("c"));
}

/* By way of a link, so that a failure costs the link and not the machine's device. */
static void full_device_is_told(void **state)
{
    (void)state;
    struct error error = {""};
    struct stat kind;
    assert_int_equal(symlink("/dev/full", at("c")), 0);
    assert_int_equal(file_write(at("c"), "bear", 4, &error), STATUS_FULL);
    assert_non_null(strstr(error.text, "free some space"));
    assert_int_equal(lstat(at("c"), &kind), 0);
    assert_true(S_ISLNK(kind.st_mode));
    unlink(at("c"));
}

static void link_stays_a_link_to_the_new_content(void **state)
{
    (void)state;
    struct error error;
    struct stat kind;
    struct buf content;
    assert_int_equal(file_write(at("a"), "old", 3, &error), STATUS_OK);
    assert_int_equal(symlink("a", at("c")), 0);
    assert_int_equal(file_write(at("c"), "new", 3, &error), STATUS_OK);
    assert_int_equal(lstat(at("c"), &kind), 0);
    assert_true(S_ISLNK(kind.st_mode));
    assert_int_equal(read_file(at("a"), 3, &content), STATUS_OK);
    assert_string_equal(content.data, "new");
    buf_free(&content);
    unlink(at("c"));
}

/* A file that may not grow is what a full disk is: write() takes a part and then fails. */
static void file_that_does_not_fit_leaves_the_old_one(void **state)
{
    (void)state;
    static const char large[100001];
    struct error error = {""};
    struct buf content;
    struct rlimit before, small;
    assert_int_equal(file_write(at("a"), "old", 3, &error), STATUS_OK);
    assert_int_equal(file_write(at("b"), large, sizeof large, &error), STATUS_OK);
    void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    small = before;
    small.rlim_cur = 50000;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status written = file_write(at("a"), large, sizeof large, &error);
    enum status copied = file_copy(at("b"), at("a"), &error);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    signal(SIGXFSZ, handler);
    assert_int_equal(written, STATUS_IO);
    assert_int_equal(copied, STATUS_IO);
    assert_non_null(strstr(error.text, strerror(EFBIG)));
    assert_int_equal(read_file(at("a"), 3, &content), STATUS_OK);
    assert_string_equal(content.data, "old");
    buf_free(&content);
}

/* SHA-256 and MD5 of "abc": FIPS 180-2 appendix B.1, RFC 1321 appendix A.5. */
static void digests_of_files_are_those_of_their_bytes(void **state)
{
    (void)state;
    static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    struct error error;
    char sha256[SHA256_HEX_SIZE], md5[MD5_HEX_SIZE], first[128], second[128];
    assert_int_equal(file_write(at("a"), "abc", 3, &error), STATUS_OK);
    assert_int_equal(hash_sha256_file(at("a"), sha256, &error), STATUS_OK);
    assert_string_equal(sha256, abc);
    assert_int_equal(hash_md5_file(at("a"), md5, &error), STATUS_OK);
    assert_string_equal(md5, "900150983cd24fb0d6963f7d28e17f72");
    assert_int_equal(file_write(at("a"), "a", 1, &error), STATUS_OK);
    assert_int_equal(file_write(at("b"), "bc", 2, &error), STATUS_OK);
    snprintf(first, sizeof first, "%s", at("a"));
    snprintf(second, sizeof second, "%s", at("b"));
    const char *const paths[] = {first, second};
    assert_int_equal(hash_sha256_files(paths, 2, sha256, &error), STATUS_OK);
    assert_string_equal(sha256, abc);
    unlink(second);
    assert_int_equal(hash_sha256_files(paths, 2, sha256, &error), STATUS_IO);
    assert_non_null(strstr(error.text, second));
}

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(at("a"));
    unlink(at("b"));
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_file_reads_back),
        cmocka_unit_test(ceiling_and_kind_are_checked),
        cmocka_unit_test(copy_equals_its_source),
        cmocka_unit_test(pipe_stays_a_pipe_and_gets_the_bytes),
        cmocka_unit_test(full_device_is_told),
        cmocka_unit_test(link_stays_a_link_to_the_new_content),
        cmocka_unit_test(file_that_does_not_fit_leaves_the_old_one),
        cmocka_unit_test(digests_of_files_are_those_of_their_bytes),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
