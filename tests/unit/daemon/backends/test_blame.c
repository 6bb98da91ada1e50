#include "daemon/backends/blame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const char target_a = 'a', target_b = 'b';

static bool broke(struct blame *blame, enum blame_kind kind, int64_t item, uint64_t mark)
{
    return blame_picture(blame, kind, item, &target_a, mark);
}

static void a_timeout_while_others_are_answered_is_the_pictures(void **state)
{
    (void)state;
    struct blame blame;
    blame_init(&blame);
    uint64_t mark = blame_mark(&blame);
    blame_answered(&blame);
    assert_true(broke(&blame, BLAME_STANDS, 1, mark));
}

static void a_timeout_in_silence_is_the_services(void **state)
{
    (void)state;
    struct blame blame;
    blame_init(&blame);
    blame_answered(&blame);
    assert_false(broke(&blame, BLAME_STANDS, 1, blame_mark(&blame)));
}

static void a_fall_takes_innocent_calls_with_it(void **state)
{
    (void)state;
    struct blame blame;
    blame_init(&blame);
    uint64_t mark = blame_mark(&blame);
    blame_answered(&blame);
    for (int64_t item = 1; item <= 8; item++)
        assert_false(broke(&blame, BLAME_FELL, item, mark));
}

static void the_second_fall_with_answers_between_is_the_pictures(void **state)
{
    (void)state;
    struct blame blame;
    blame_init(&blame);
    assert_false(broke(&blame, BLAME_FELL, 1, 0));
    blame_answered(&blame);
    assert_true(broke(&blame, BLAME_FELL, 1, 1));
    assert_false(broke(&blame, BLAME_FELL, 1, 1)); /* the slate is clean again */
}

static void the_third_time_in_a_row_is_the_pictures_in_any_case(void **state)
{
    (void)state;
    struct blame blame;
    blame_init(&blame);
    assert_false(broke(&blame, BLAME_FELL, 1, 0));
    assert_false(broke(&blame, BLAME_STANDS, 1, 0));
    assert_true(broke(&blame, BLAME_FELL, 1, 0));
}

static void an_answered_picture_is_no_suspect(void **state)
{
    (void)state;
    struct blame blame;
    blame_init(&blame);
    for (int i = 0; i < 10; i++) {
        assert_false(broke(&blame, BLAME_FELL, 1, 0));
        blame_answered(&blame);
        blame_clear(&blame, 1, &target_a);
    }
}

static void targets_of_a_picture_are_told_apart(void **state)
{
    (void)state;
    struct blame blame;
    blame_init(&blame);
    assert_false(blame_picture(&blame, BLAME_FELL, 1, &target_a, 0));
    blame_answered(&blame);
    assert_false(blame_picture(&blame, BLAME_FELL, 1, &target_b, 0));
    blame_clear(&blame, 1, &target_b);
    assert_true(blame_picture(&blame, BLAME_FELL, 1, &target_a, 0));
}

static void old_suspects_make_room_for_new_ones(void **state)
{
    (void)state;
    struct blame blame;
    blame_init(&blame);
    for (int64_t item = 1; item <= 1000; item++)
        assert_false(broke(&blame, BLAME_FELL, item, 0));
    blame_answered(&blame);
    assert_true(broke(&blame, BLAME_FELL, 1000, 0));
    assert_false(broke(&blame, BLAME_FELL, 1, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timeout_while_others_are_answered_is_the_pictures),
        cmocka_unit_test(a_timeout_in_silence_is_the_services),
        cmocka_unit_test(a_fall_takes_innocent_calls_with_it),
        cmocka_unit_test(the_second_fall_with_answers_between_is_the_pictures),
        cmocka_unit_test(the_third_time_in_a_row_is_the_pictures_in_any_case),
        cmocka_unit_test(an_answered_picture_is_no_suspect),
        cmocka_unit_test(targets_of_a_picture_are_told_apart),
        cmocka_unit_test(old_suspects_make_room_for_new_ones),
    };
    return cmocka_run_group_tests_name("blame", tests, NULL, NULL);
}
