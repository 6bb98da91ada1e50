#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/labels.h"

static enum status read_labels(const char *text, size_t size, struct labels **labels)
{
    char path[] = "/tmp/test_labels_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    close(fd);
    struct error error = {""};
    enum status status = labels_read(path, labels, &error);
    assert_true(status == STATUS_OK || strstr(error.text, path));
    unlink(path);
    return status;
}

static void line_number_is_the_class(void **state)
{
    (void)state;
    static const char *const texts[] = {"a b\nc\n\nd\n", "a b\r\nc\r\n\r\nd", "a b\nc\n\nd"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct labels *labels;
        assert_int_equal(read_labels(texts[i], strlen(texts[i]), &labels), STATUS_OK);
        assert_int_equal(labels_count(labels), 4);
        assert_string_equal(labels_line(labels, 0), "a b");
        assert_string_equal(labels_line(labels, 1), "c");
        assert_string_equal(labels_line(labels, 2), "");
        assert_string_equal(labels_line(labels, 3), "d");
        assert_null(labels_line(labels, 4));
        labels_free(labels);
    }
}

static void labels_are_utf8_whatever_the_file_is(void **state)
{
    (void)state;
    static const char *const texts[] = {"n00000001 b\xe4r\nK\xc3\xb6\n",
                                        "\xef\xbb\xbfn00000001 b\xc3\xa4r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct labels *labels;
        char wnid[WNID_SIZE];
        const char *name;
        assert_int_equal(read_labels(texts[i], strlen(texts[i]), &labels), STATUS_OK);
        label_split(labels_line(labels, 0), wnid, &name);
        assert_string_equal(wnid, "n00000001");
        assert_string_equal(name, "b\xc3\xa4r");
        labels_free(labels);
    }
    struct labels *labels = NULL;
    assert_int_equal(read_labels("\xef\xbb\xbf", 3, &labels), STATUS_DATA);
}

static void file_of_21841_classes_is_read(void **state)
{
    (void)state;
    enum { CLASSES = 21841, WIDTH = 12 };
    char *text = malloc(CLASSES * WIDTH + 1);
    assert_non_null(text);
    for (int i = 0; i < CLASSES; i++) {
        char line[32];
        snprintf(line, sizeof line, "n%08d x\n", i);
        memcpy(text + i * WIDTH, line, WIDTH);
    }
    struct labels *labels;
    assert_int_equal(read_labels(text, CLASSES * WIDTH, &labels), STATUS_OK);
    assert_int_equal(labels_count(labels), CLASSES);
    assert_string_equal(labels_line(labels, CLASSES - 1), "n00021840 x");
    labels_free(labels);
    free(text);
}

static void files_that_hold_no_labels_are_refused(void **state)
{
    (void)state;
    struct labels *labels;
    struct error error;
    char *lines = malloc(100001);
    assert_non_null(lines);
    memset(lines, '\n', 100001);
    assert_int_equal(read_labels("", 0, &labels), STATUS_DATA);
    assert_int_equal(read_labels("a\0b\n", 4, &labels), STATUS_DATA);
    assert_int_equal(read_labels(lines, 100001, &labels), STATUS_LIMIT);
    assert_int_equal(labels_read("/nowhere/labels.txt", &labels, &error), STATUS_IO);
    assert_null(labels);
    labels_free(NULL);
    free(lines);
}

static void line_splits_into_synset_and_names(void **state)
{
    (void)state;
    static const struct {
        const char *line, *wnid, *name;
    } cases[] = {
        {"n02132136 brown bear, bruin", "n02132136", "brown bear, bruin"},
        {"<> n02132136 brown bear", "n02132136", "brown bear"},
        {"n02132136", "n02132136", ""},
        {"n0213213 brown bear", "", "n0213213 brown bear"},
        {"n021321361 brown bear", "", "n021321361 brown bear"},
        {"nail", "", "nail"},
        {"", "", ""},
        {"<> circle", "", "circle"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char wnid[WNID_SIZE];
        const char *name;
        label_split(cases[i].line, wnid, &name);
        assert_string_equal(wnid, cases[i].wnid);
        assert_string_equal(name, cases[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line_number_is_the_class),
        cmocka_unit_test(labels_are_utf8_whatever_the_file_is),
        cmocka_unit_test(file_of_21841_classes_is_read),
        cmocka_unit_test(files_that_hold_no_labels_are_refused),
        cmocka_unit_test(line_splits_into_synset_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
