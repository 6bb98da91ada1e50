#include "common/wordnet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/buf.h"
#include "common/file.h"

static char folder[] = "/tmp/carmlbench-wordnet-XXXXXX";
static char path[64];

static int setup(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "%s/data.noun", mkdtemp(folder));
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    rmdir(folder);
    return 0;
}

/* A small data.noun. Each line has "%" and a letter in the place of an offset: %a is that of the
 * first line. */
static const char *const nouns[] = {
    "%a 03 n 01 entity 0 002 ~ %b n 0000 ~ %e n 0000 | that which is  ",
    "%b 05 n 02 bear 0 big_one a 004 @ %a n 0000 + 02614181 v 0101 ~ %c n 0000 ~ %d n 0000 | a %  ",
    "%c 05 n 03 brown_bear 0 bruin 1 Ursus_arctos 0 002 @ %b n 0000 @ %e n 0000 | of Eurasia  ",
    "%d 05 n 01 Winnie 0 001 @i %b n 0000 | of the Hundred Acre Wood  ",
    "%e 05 n 01 predator 0 002 @ %a n 0000 ~ %c n 0000 | eats  ",
};
enum { NOUNS = sizeof nouns / sizeof nouns[0], OFFSET = 8 };
static const char header[] = "  1 This is a header  \n  2 WordNet 3.0 Copyright 2006  \n";

static size_t length_of(const char *line)
{
    size_t length = 1; /* the line end */
    for (; *line; line++) {
        bool offset = *line == '%' && line[1] >= 'a' && line[1] <= 'e';
        length += offset ? OFFSET : 1;
        line += offset;
    }
    return length;
}

/* Appends the lines with the offsets that they really have. */
static void build(const char *const *lines, struct buf *out)
{
    size_t offsets[NOUNS + 1] = {sizeof header - 1};
    for (size_t i = 0; i < NOUNS; i++)
        offsets[i + 1] = offsets[i] + length_of(lines[i]);
    buf_init(out, 1 << 16);
    enum status status = buf_append_text(out, header);
    for (size_t i = 0; i < NOUNS; i++) {
        for (const char *c = lines[i]; *c; c++) {
            if (*c == '%' && c[1] >= 'a' && c[1] <= 'e')
                status |= buf_printf(out, "%08zu", offsets[*++c - 'a']);
            else
                status |= buf_append(out, c, 1);
        }
        status |= buf_append_text(out, "\n");
    }
    assert_int_equal(status, STATUS_OK);
}

static void put(const void *bytes, size_t size)
{
    struct error error = {""};
    if (file_write(path, bytes, size, &error))
        fail_msg("%s", error.text);
}

/* What is in the file is refused with a line that says `why`. */
static void refused(const char *why)
{
    struct error error = {""};
    struct wordnet *wordnet;
    enum status status = wordnet_read(path, &wordnet, &error);
    if (status != STATUS_DATA || !strstr(error.text, why) || strchr(error.text, '\n'))
        fail_msg("%s: \"%s\" instead of \"%s\"", status_text(status), error.text, why);
    assert_null(wordnet);
}

/* The nouns with line `i` replaced are refused. */
static void refused_with(size_t i, const char *line, const char *why)
{
    const char *lines[NOUNS];
    struct buf text;
    memcpy(lines, nouns, sizeof nouns);
    lines[i] = line;
    build(lines, &text);
    put(text.data, text.size);
    buf_free(&text);
    refused(why);
}

static struct wordnet *read_nouns(const char *where)
{
    struct buf text;
    struct wordnet *wordnet;
    struct error error = {""};
    build(nouns, &text);
    put(text.data, text.size);
    buf_free(&text);
    if (wordnet_read(where, &wordnet, &error))
        fail_msg("%s", error.text);
    return wordnet;
}

static void synsets_have_their_first_word_and_what_is_above_them(void **state)
{
    (void)state;
    size_t count;
    struct wordnet *wordnet = read_nouns(path);
    const struct wordnet_synset *synsets = wordnet_synsets(wordnet, &count);
    assert_int_equal(count, NOUNS);
    assert_int_equal(wordnet_edges(wordnet), 5);
    assert_string_equal(synsets[0].wnid, "n00000056");
    assert_string_equal(synsets[0].name, "entity");
    assert_int_equal(synsets[0].parent_count, 0);
    assert_string_equal(synsets[2].name, "brown bear");
    assert_int_equal(synsets[2].parent_count, 2);
    assert_int_equal(synsets[2].parents[0], 1);
    assert_int_equal(synsets[2].parents[1], 4);
    assert_int_equal(synsets[3].parent_count, 1);
    assert_int_equal(synsets[3].parents[0], 1);
    assert_ptr_equal(wordnet_find(wordnet, synsets[3].wnid), &synsets[3]);
    assert_null(wordnet_find(wordnet, "n00000000"));
    assert_null(wordnet_find(wordnet, ""));
    wordnet_free(wordnet);
}

static void a_folder_means_its_data_noun(void **state)
{
    (void)state;
    wordnet_free(read_nouns(folder));
}

static void another_version_is_told_by_what_it_says(void **state)
{
    (void)state;
    struct error error = {""};
    struct wordnet *wordnet = read_nouns(path);
    assert_int_equal(wordnet_check_version(wordnet, &error), STATUS_DATA);
    assert_non_null(strstr(error.text, "WordNet 3.0"));
    assert_non_null(strstr(error.text, path));
    wordnet_free(wordnet);
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct buf text;
    build(nouns, &text);
    for (size_t size = 0; size < text.size; size++) {
        put(text.data, size);
        refused(path);
    }
    buf_free(&text);
}

/* Read or refused, but never worse; the sanitizers look on. */
static void a_turned_bit_does_no_harm(void **state)
{
    (void)state;
    struct buf text;
    build(nouns, &text);
    for (size_t i = sizeof header - 1; i < text.size; i++)
        for (unsigned bit = 0; bit < 8; bit += 3) {
            struct error error = {""};
            struct wordnet *wordnet;
            text.data[i] = (char)(text.data[i] ^ (1 << bit));
            put(text.data, text.size);
            enum status status = wordnet_read(path, &wordnet, &error);
            assert_true(status == STATUS_OK || status == STATUS_DATA);
            assert_true((status == STATUS_OK) == (wordnet != NULL));
            assert_null(strchr(error.text, '\n'));
            wordnet_free(wordnet);
            text.data[i] = (char)(text.data[i] ^ (1 << bit));
        }
    buf_free(&text);
}

static void a_line_that_moved_is_refused_by_its_number(void **state)
{
    (void)state;
    struct buf text;
    build(nouns, &text);
    char *bear = strstr(text.data, "bear 0 big");
    memmove(bear + 1, bear, text.size - (size_t)(bear - text.data));
    put(text.data, text.size);
    refused("data.noun:5: stands at byte");
    buf_free(&text);
}

static void malformed_lines_say_what_is_wrong(void **state)
{
    (void)state;
    refused_with(3, "%d 05 v 01 Winnie 0 001 @i %b n 0000 | x", "data.noun:6: not a noun");
    refused_with(3, "%d 05 n 00 001 @i %b n 0000 | x", "number of words");
    refused_with(3, "%d 05 n 1 Winnie 0 001 @i %b n 0000 | x", "number of words");
    refused_with(3, "%d 05 n 02 Winnie 0 001 @i %b n 0000 | x", "fewer words");
    refused_with(3, "%d 05 n 01  0 001 @i %b n 0000 | x", "fewer words");
    refused_with(3, "%d 05 n 01 W\xff 0 001 @i %b n 0000 | x", "none that can be read");
    refused_with(3, "%d 05 n 01 Winnie 0 1 @i %b n 0000 | x", "number of pointers");
    refused_with(3, "%d 05 n 01 Winnie 0 002 @i %b n 0000 | x", "fewer pointers");
    refused_with(3, "%d 05 n 01 Winnie 0 001 @i 1234 n 0000 | x", "fewer pointers");
    refused_with(3, "%d 05 n 01 Winnie 0 001 @i %b x 0000 | x", "fewer pointers");
    refused_with(3, "%d 05 n 01 Winnie 0 000 @i %b n 0000 | x", "no '|'");
    refused_with(3, "%d 05 n 01 Winnie 0 001 @i %b n 0000", "no '|'");
    refused_with(3, "%d -5 n 01 Winnie 0 001 @i %b n 0000 | x", "lexicographer");
    refused_with(3, "", "no byte offset");
    refused_with(3, "n%d 05 n 01 Winnie 0 001 @i %b n 0000 | x", "no byte offset");
}

static void a_pointer_to_nothing_is_refused(void **state)
{
    (void)state;
    refused_with(3, "%d 05 n 01 Winnie 0 001 @i 00000057 n 0000 | x",
                 "data.noun:6: points to 00000057");
    refused_with(3, "%d 05 n 01 Winnie 0 001 ~ 99999999 n 0000 | x",
                 "data.noun:6: points to 99999999");
}

static void what_is_above_itself_is_refused(void **state)
{
    (void)state;
    refused_with(0, "%a 03 n 01 entity 0 001 @ %a n 0000 | x",
                 "data.noun:3: n00000056 is a hypern");
    refused_with(0, "%a 03 n 01 entity 0 001 @ %c n 0000 | x", "is a hypernym of itself");
    refused_with(4, "%e 03 n 01 predator 0 001 @i %c n 0000 | x", "is a hypernym of itself");
}

static void a_zero_byte_is_refused(void **state)
{
    (void)state;
    struct buf text;
    build(nouns, &text);
    *strstr(text.data, "bear") = '\0';
    put(text.data, text.size);
    refused("value 0");
    buf_free(&text);
}

static void what_is_no_wordnet_is_refused(void **state)
{
    (void)state;
    struct wordnet *wordnet;
    put("", 0);
    refused("holds no synset");
    put(header, sizeof header - 1);
    refused("holds no synset");
    assert_int_equal(wordnet_read("/dev/zero", &wordnet, NULL), STATUS_LIMIT);
    assert_int_equal(wordnet_read("/nonexistent", &wordnet, NULL), STATUS_IO);
}

static void debians_wordnet_is_3_0(void **state)
{
    (void)state;
    size_t count;
    struct wordnet *wordnet;
    struct error error = {""};
    if (access("/usr/share/wordnet/data.noun", R_OK) != 0) {
        print_message("skipped: wordnet-base is not installed\n");
        skip();
    }
    if (wordnet_read("/usr/share/wordnet", &wordnet, &error) ||
        wordnet_check_version(wordnet, &error))
        fail_msg("%s", error.text);
    wordnet_synsets(wordnet, &count);
    assert_int_equal(count, 82115);
    assert_string_equal(wordnet_find(wordnet, "n02510455")->name, "giant panda");
    wordnet_free(wordnet);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synsets_have_their_first_word_and_what_is_above_them),
        cmocka_unit_test(a_folder_means_its_data_noun),
        cmocka_unit_test(another_version_is_told_by_what_it_says),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(a_turned_bit_does_no_harm),
        cmocka_unit_test(a_line_that_moved_is_refused_by_its_number),
        cmocka_unit_test(malformed_lines_say_what_is_wrong),
        cmocka_unit_test(a_pointer_to_nothing_is_refused),
        cmocka_unit_test(what_is_above_itself_is_refused),
        cmocka_unit_test(a_zero_byte_is_refused),
        cmocka_unit_test(what_is_no_wordnet_is_refused),
        cmocka_unit_test(debians_wordnet_is_3_0),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
