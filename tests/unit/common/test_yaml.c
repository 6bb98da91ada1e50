#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/yaml.h"

static enum status read_text(const char *text, struct yaml **yaml, struct error *error)
{
    error->text[0] = '\0';
    return yaml_read_text("x.yml", text, strlen(text), yaml, error);
}

static void document_becomes_a_tree_with_lines(void **state)
{
    (void)state;
    static const char text[] = "# a comment\n"
                               "name: AlexNet # its name\n"
                               "framework:\n"
                               "  name: 'Caffe'\n"
                               "inputs:\n"
                               "  - type: image\n"
                               "    dimensions: [3, 227, 227]\n"
                               "text: >\n"
                               "  folded\n"
                               "  text\n";
    struct yaml *yaml;
    struct error error;
    assert_int_equal(read_text(text, &yaml, &error), STATUS_OK);
    const struct yaml_node *root = yaml_root(yaml);
    assert_int_equal(root->kind, YAML_MAP);
    assert_string_equal(yaml_get(root, "name")->text, "AlexNet");
    assert_int_equal(yaml_get(root, "name")->line, 2);
    const struct yaml_node *framework = yaml_get(root, "framework");
    assert_int_equal(framework->line, 3);
    assert_true(yaml_get(framework, "name")->quoted);
    const struct yaml_node *input = yaml_get(root, "inputs")->first;
    assert_null(input->key);
    assert_null(input->next);
    const struct yaml_node *sizes = yaml_get(input, "dimensions");
    assert_int_equal(sizes->kind, YAML_LIST);
    assert_int_equal(sizes->line, 7);
    assert_string_equal(sizes->first->next->text, "227");
    assert_string_equal(yaml_get(root, "text")->text, "folded text\n");
    assert_null(yaml_get(root, "absent"));
    assert_null(yaml_get(NULL, "absent"));
    assert_null(yaml_get(sizes, "absent"));
    assert_string_equal(yaml_name(yaml), "x.yml");
    yaml_close(yaml);
}

static void empty_document_is_an_empty_map(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "\n", "# only a comment\n", "---\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct yaml *yaml;
        struct error error;
        assert_int_equal(read_text(texts[i], &yaml, &error), STATUS_OK);
        assert_int_equal(yaml_root(yaml)->kind, YAML_MAP);
        assert_null(yaml_root(yaml)->first);
        yaml_close(yaml);
    }
}

static void what_is_refused_is_named_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
        enum status status;
    } cases[] = {
        {"a: &x 1\nb: *x\n", "x.yml:2: aliases", STATUS_DATA},
        {"a: 1\nb: [1, 2\nc: 3\n", "x.yml:3: ", STATUS_DATA},
        {"a: 1\na: 2\n", "x.yml:2: a: given twice", STATUS_DATA},
        {"a: 1\n---\nb: 2\n", "x.yml:2: a second document", STATUS_DATA},
        {"[1]: 2\n", "x.yml:1: expected a word as key", STATUS_DATA},
        {"a: \"x\\0y\"\n", "x.yml:1: a text with a NUL", STATUS_DATA},
        {"a:\n\t- 1\n", "x.yml:2: ", STATUS_DATA},
        {"a: \xff\xfe\n", "x.yml:", STATUS_DATA},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct yaml *yaml;
        struct error error;
        assert_int_equal(read_text(cases[i].text, &yaml, &error), cases[i].status);
        assert_null(yaml);
        if (strncmp(error.text, cases[i].error, strlen(cases[i].error)) != 0)
            fail_msg("case %zu: %s", i, error.text);
    }
}

static char *repeat(const char *piece, size_t times)
{
    size_t length = strlen(piece);
    char *text = malloc(length * times + 1);
    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * length, piece, length);
    text[length * times] = '\0';
    return text;
}

static void ceilings_are_held(void **state)
{
    (void)state;
    static const struct {
        const char *piece;
        size_t times;
        enum status status;
    } cases[] = {
        {"[", 33, STATUS_LIMIT},          {"- ", 33, STATUS_LIMIT},
        {"- 1\n", 99999, STATUS_OK},      {"- 1\n", 100000, STATUS_LIMIT},
        {"#123456\n", 131072, STATUS_OK}, {"#123456\n", 131073, STATUS_LIMIT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct yaml *yaml;
        struct error error;
        char *text = repeat(cases[i].piece, cases[i].times);
        assert_int_equal(read_text(text, &yaml, &error), cases[i].status);
        yaml_close(yaml);
        free(text);
    }
}

static void numbers_and_words_are_read_by_type(void **state)
{
    (void)state;
    struct yaml *yaml;
    struct error error;
    double number;
    int64_t whole;
    bool flag;
    assert_int_equal(read_text("d: -59.88e0\ni: 42\nb: Yes\nq: '42'\nw: bear\nx: 0x10\nn: .inf\n"
                               "big: 9223372036854775808\nnull:\nl: [1]\n",
                               &yaml, &error),
                     STATUS_OK);
    const struct yaml_node *root = yaml_root(yaml);
    assert_int_equal(yaml_to_double(yaml, yaml_get(root, "d"), &number, &error), STATUS_OK);
    assert_true(number == -59.88);
    assert_int_equal(yaml_to_double(yaml, yaml_get(root, "i"), &number, &error), STATUS_OK);
    assert_true(number == 42);
    assert_int_equal(yaml_to_int(yaml, yaml_get(root, "i"), &whole, &error), STATUS_OK);
    assert_int_equal(whole, 42);
    assert_int_equal(yaml_to_bool(yaml, yaml_get(root, "b"), &flag, &error), STATUS_OK);
    assert_true(flag);
    static const char *const wrong[] = {"q", "w", "x", "n", "big", "null", "l"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct yaml_node *node = yaml_get(root, wrong[i]);
        assert_int_equal(yaml_to_int(yaml, node, &whole, &error), STATUS_DATA);
        assert_int_equal(yaml_to_bool(yaml, node, &flag, &error), STATUS_DATA);
        if (strcmp(wrong[i], "big") != 0)
            assert_int_equal(yaml_to_double(yaml, node, &number, &error), STATUS_DATA);
    }
    assert_int_equal(yaml_to_double(yaml, yaml_get(root, "w"), &number, &error), STATUS_DATA);
    assert_string_equal(error.text, "x.yml:5: w: expected a number, not 'bear'");
    assert_int_equal(yaml_to_int(yaml, NULL, &whole, &error), STATUS_DATA);
    yaml_close(yaml);
}

static void files_are_read_and_missing_ones_named(void **state)
{
    (void)state;
    char path[] = "/tmp/test_yaml_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0 && write(fd, "a: b\n", 5) == 5);
    close(fd);
    struct yaml *yaml;
    struct error error;
    assert_int_equal(yaml_read_file(path, &yaml, &error), STATUS_OK);
    assert_string_equal(yaml_get(yaml_root(yaml), "a")->text, "b");
    yaml_close(yaml);
    unlink(path);
    assert_int_equal(yaml_read_file(path, &yaml, &error), STATUS_IO);
    assert_non_null(strstr(error.text, path));
    assert_int_equal(yaml_read_file("/tmp", &yaml, &error), STATUS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_becomes_a_tree_with_lines),
        cmocka_unit_test(empty_document_is_an_empty_map),
        cmocka_unit_test(what_is_refused_is_named_with_its_line),
        cmocka_unit_test(ceilings_are_held),
        cmocka_unit_test(numbers_and_words_are_read_by_type),
        cmocka_unit_test(files_are_read_and_missing_ones_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
