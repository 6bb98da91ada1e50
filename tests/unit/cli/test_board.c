#include "cli/board.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <cmocka.h>

struct fixture {
    struct board board;
    struct board_lines lines;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture || !setlocale(LC_CTYPE, "C.UTF-8"))
        return -1;
    board_init(&fixture->board);
    buf_init(&fixture->lines.text, 1 << 20);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    board_free(&fixture->board);
    buf_free(&fixture->lines.text);
    free(fixture);
    return 0;
}

/* A run of two targets, with failures, retries, and a daemon at work. */
static void fill(struct board *board)
{
    struct progress caffe = {
        .enqueued = 200, .pending = 90, .leased = 10, .done = 80, .failed = 20};
    struct progress onnx = {.enqueued = 200, .done = 195, .failed = 5};
    assert_int_equal(board_add_target(board, "squeezenet", "Caffe", "auto", &caffe), STATUS_OK);
    assert_int_equal(board_add_target(board, "squeezenet", "ONNX", "auto", &onnx), STATUS_OK);
    assert_int_equal(board_add_reason(board, "validate", "html", 5, 0), STATUS_OK);
    assert_int_equal(board_add_reason(board, "fetch", "http_not_found", 20, 0), STATUS_OK);
    assert_int_equal(board_add_reason(board, "fetch", "dns_failed", 0, 3), STATUS_OK);
    assert_int_equal(board_add_reason(board, "fetch", "dns_failed", 0, 4), STATUS_OK);
    assert_int_equal(board_add_stage(board, "fetch", "working", "", 7, 64), STATUS_OK);
    assert_int_equal(
        board_add_stage(board, "carml", "half-open", "the last call was refused", 1, 8), STATUS_OK);
    board_sort(board);
}

static const char *draw(struct fixture *fixture, struct board_shape shape)
{
    assert_int_equal(board_draw(&fixture->board, &shape, &fixture->lines), STATUS_OK);
    return fixture->lines.text.data;
}

/* Columns of each line; fails for what is not printable. */
static size_t widest(const char *text)
{
    size_t widest = 0, width = 0;
    wchar_t c;
    mbstate_t memory = {0};
    for (size_t left = strlen(text), length; left; text += length, left -= length) {
        length = mbrtowc(&c, text, left, &memory);
        assert_true(length > 0 && length <= 4);
        if (c == L'\n') {
            width = 0;
            continue;
        }
        assert_true(wcwidth(c) >= 0);
        width += (size_t)wcwidth(c);
        widest = width > widest ? width : widest;
    }
    return widest;
}

static void a_board_shows_targets_reasons_and_the_daemon(void **state)
{
    struct fixture *fixture = *state;
    fill(&fixture->board);
    fixture->board.total.rate = 4;
    assert_string_equal(
        draw(fixture, (struct board_shape){.columns = 110, .rows = 24}),
        "[####################x-------]  75 %  300/400  4.0/s  25s left  25 failed\n"
        "squeezenet Caffe auto  [############xx--------------]  50 %   80 done  20 failed  90 "
        "pending  "
        "10 in flight\n"
        "squeezenet ONNX auto   [###########################x] 100 %  195 done   5 failed   0 "
        "pending   "
        "0 in flight\n"
        "failed   20  fetch http_not_found\n"
        "failed    5  validate html\n"
        "waiting   7  fetch dns_failed\n"
        "fetch  working  7/64 in flight\n"
        "carml  half-open  1/8 in flight  the last call was refused\n");
}

static void bars_are_of_blocks_where_the_locale_has_them(void **state)
{
    struct fixture *fixture = *state;
    struct progress half = {.enqueued = 10, .pending = 5, .done = 4, .failed = 1};
    assert_int_equal(board_add_target(&fixture->board, "m", "", "local", &half), STATUS_OK);
    assert_string_equal(draw(fixture, (struct board_shape){.columns = 40, .rows = 1, .utf8 = true}),
                        "███████▓░░░░░░░░  50 %  5/10  1 failed\n");
    assert_string_equal(
        draw(fixture, (struct board_shape){.columns = 40, .rows = 1, .color = true}),
        "[\033[32m######\033[0m\033[31mx\033[0m-------]  50 %  5/10  1 failed\n");
}

static void counts_of_several_runs_are_added(void **state)
{
    struct fixture *fixture = *state;
    const struct board_target *targets;
    struct progress counts = {.enqueued = 2, .pending = 1, .done = 1};
    for (int i = 0; i < 3; i++)
        assert_int_equal(board_add_target(&fixture->board, "m", NULL, "auto", &counts), STATUS_OK);
    assert_int_equal(board_targets(&fixture->board, &targets), 1);
    assert_int_equal(targets[0].counts.enqueued, 6);
    assert_int_equal(fixture->board.total.pending, 3);
}

static void no_shape_is_overdrawn(void **state)
{
    struct fixture *fixture = *state;
    fill(&fixture->board);
    fixture->board.total.rate = 1234.5;
    for (unsigned columns = 1; columns < 130; columns++)
        for (unsigned rows = 1; rows < 12; rows++)
            for (int utf8 = 0; utf8 < 2; utf8++) {
                struct board_shape shape = {.columns = columns, .rows = rows, .utf8 = utf8};
                const char *text = draw(fixture, shape);
                size_t wide = widest(text), counted = 0;
                assert_true(wide <= columns);
                for (size_t i = 0; i < fixture->lines.count; i++)
                    if (fixture->lines.widths[i] > counted)
                        counted = fixture->lines.widths[i];
                assert_int_equal(counted, wide);
                assert_true(fixture->lines.count >= 1 && fixture->lines.count <= rows);
            }
}

static void a_low_terminal_says_how_much_it_leaves_out(void **state)
{
    struct fixture *fixture = *state;
    fill(&fixture->board);
    assert_string_equal(draw(fixture, (struct board_shape){.columns = 30, .rows = 4, .utf8 = true}),
                        " 75 %  300/400  25 failed\n"
                        "squeezenet Caffe auto   50 %\n"
                        "failed   20  http_not_found\n"
                        "…and 5 more\n");
    struct progress counts = {.enqueued = 1, .pending = 1};
    for (int i = 0; i < 50; i++) {
        char name[32];
        snprintf(name, sizeof name, "model%d", i);
        assert_int_equal(board_add_target(&fixture->board, name, "", "auto", &counts), STATUS_OK);
    }
    const char *text = draw(fixture, (struct board_shape){.columns = 60, .rows = 12});
    assert_non_null(strstr(text, "\n...and 47 more\n"));
    assert_non_null(strstr(text, "carml  half-open"));
    assert_int_equal(fixture->lines.count, 12);
}

static void a_narrow_terminal_never_shows_half_a_number(void **state)
{
    struct fixture *fixture = *state;
    struct progress big = {.enqueued = 2000000, .pending = 1000000, .done = 1000000};
    assert_int_equal(board_add_target(&fixture->board, "m", "", "auto", &big), STATUS_OK);
    assert_string_equal(draw(fixture, (struct board_shape){.columns = 22, .rows = 1}),
                        " 50 %  1000000/2000000\n");
    assert_string_equal(draw(fixture, (struct board_shape){.columns = 21, .rows = 1}),
                        "[#####------]  50 %\n");
}

static void strangers_names_cannot_reach_the_terminal(void **state)
{
    struct fixture *fixture = *state;
    struct progress counts = {.enqueued = 1, .pending = 1};
    /* ESC, CSI of C1, DEL, newline, a direction override, what is no UTF-8, wide characters. */
    const char *name = "a\033[2J\xc2\x9b\x7f\n\xe2\x80\xae\xff熊";
    assert_int_equal(board_add_target(&fixture->board, name, "\x07", "auto", &counts), STATUS_OK);
    assert_int_equal(board_add_reason(&fixture->board, "\033", "\033]0;x\007", 1, 0), STATUS_OK);
    assert_int_equal(board_add_stage(&fixture->board, "\n", "\r", "\033", 0, 0), STATUS_OK);
    const char *text = draw(fixture, (struct board_shape){.columns = 100, .rows = 9, .utf8 = true});
    assert_non_null(strstr(text, "a?[2J?????熊 ? auto"));
    assert_null(strpbrk(text, "\033\007\r\x7f"));
    assert_int_equal(fixture->lines.count, 4);
    text = draw(fixture, (struct board_shape){.columns = 100, .rows = 9});
    assert_non_null(strstr(text, "a?[2J?????? ? auto"));
}

static void an_idle_database_says_so_and_shows_no_stale_activity(void **state)
{
    struct fixture *fixture = *state;
    fill(&fixture->board);
    fixture->board.idle = true;
    const char *text = draw(fixture, (struct board_shape){.columns = 80, .rows = 24});
    assert_non_null(strstr(text, "\nno daemon is working on this database\n"));
    assert_null(strstr(text, "half-open"));
    fixture->board.total.pending = fixture->board.total.leased = 0;
    text = draw(fixture, (struct board_shape){.columns = 80, .rows = 24});
    assert_null(strstr(text, "no daemon"));
    assert_null(strstr(text, "half-open"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_board_shows_targets_reasons_and_the_daemon),
        TEST(bars_are_of_blocks_where_the_locale_has_them),
        TEST(counts_of_several_runs_are_added),
        TEST(no_shape_is_overdrawn),
        TEST(a_low_terminal_says_how_much_it_leaves_out),
        TEST(a_narrow_terminal_never_shows_half_a_number),
        TEST(strangers_names_cannot_reach_the_terminal),
        TEST(an_idle_database_says_so_and_shows_no_stale_activity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
