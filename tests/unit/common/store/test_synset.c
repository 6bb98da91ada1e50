#include "common/store/synset.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "tests/lib/store_fixture.h"

/* "distance wnid name;" for each. */
static void note(void *context, const char *wnid, const char *name, unsigned distance)
{
    char *text = context;
    size_t used = strlen(text);
    snprintf(text + used, 1024 - used, "%u %s %s;", distance, wnid, name);
}

static void show(struct store_fixture *fixture, const char *wnid, const char *first, uint64_t below)
{
    char text[1024] = "";
    uint64_t found = 0;
    struct error error = {""};
    if (store_synset_show(fixture->store, wnid, note, text, &found, &error))
        fail_msg("%s", error.text);
    if (strncmp(text, first, strlen(first)) != 0)
        fail_msg("\"%s\" does not begin with \"%s\"", text, first);
    assert_int_equal(found, below);
}

static void a_new_database_knows_the_synsets_of_ilsvrc_2012(void **state)
{
    struct store_fixture *fixture = *state;
    show(fixture, "n02132136", "0 n02132136 brown bear;1 n02131653 bear;2 n02075296 carnivore;", 0);
    show(fixture, "n02131653", "0 n02131653 bear;1 n02075296 carnivore;", 4);
    show(fixture, "n00001740", "0 n00001740 entity;", 1859);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM synset WHERE wnid NOT IN "
                                          "(SELECT parent FROM isa)"),
                     1000);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM isa WHERE parent NOT IN "
                                          "(SELECT wnid FROM synset)"),
                     0);
}

static void what_nobody_knows_is_told(void **state)
{
    struct store_fixture *fixture = *state;
    char text[1024] = "";
    uint64_t below;
    struct error error = {""};
    assert_int_equal(store_synset_find(fixture->store, "n99999999", &error), STATUS_NO);
    assert_non_null(strstr(error.text, "n99999999"));
    assert_int_equal(store_synset_show(fixture->store, "n99999999", note, text, &below, NULL),
                     STATUS_NO);
    assert_string_equal(text, "");
}

static const uint32_t first[] = {0}, both[] = {0, 1};
static const struct wordnet_synset three[] = {
    {"n00000001", "thing", NULL, 0},
    {"n00000002", "animal", first, 1},
    {"n00000003", "bear's den", both, 2},
};

static void other_synsets_replace_all_of_them(void **state)
{
    struct store_fixture *fixture = *state;
    for (int i = 0; i < 2; i++)
        assert_int_equal(store_synset_replace(fixture->store, three, 3, NULL), STATUS_OK);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM synset"), 3);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM isa"), 3);
    show(fixture, "n00000003", "0 n00000003 bear's den;1 n00000001 thing;1 n00000002 animal;", 0);
    show(fixture, "n00000001", "0 n00000001 thing;", 2);
    fixture_reopen(fixture, STORE_CLIENT);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM synset"), 3);
}

static void a_replacement_that_fails_leaves_the_old(void **state)
{
    struct store_fixture *fixture = *state;
    const struct wordnet_synset twice[] = {three[0], three[1], three[0]};
    struct error error = {""};
    assert_int_equal(store_synset_replace(fixture->store, twice, 3, &error), STATUS_DATA);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM synset"), 1860);
    assert_int_equal(fixture_ask(fixture, "SELECT count(*) FROM isa"), 1937);
    fixture_reopen(fixture, STORE_READ);
    assert_true(store_synset_replace(fixture->store, three, 3, &error) != STATUS_OK);
}

static void a_circle_that_somebody_wrote_ends(void **state)
{
    struct store_fixture *fixture = *state;
    sqlite3 *db;
    assert_int_equal(sqlite3_open(fixture->path, &db), SQLITE_OK);
    sqlite3_exec(db, "INSERT INTO isa VALUES ('n00001740', 'n02132136')", NULL, NULL, NULL);
    sqlite3_close(db);
    show(fixture, "n02132136", "0 n02132136 brown bear;1 n02131653 bear;", 1860);
}

/* One picture, asked about by models with different lists: 1,001 classes with background first, the
 * order of ILSVRC 2015, the 21,000 of ImageNet, and one whose list has no ids. What counts is the
 * id in the label, whatever its place in the list. */
static void classes_are_told_by_synset_and_never_by_index(void **state)
{
    struct store_fixture *fixture = *state;
    static const struct {
        uint32_t index;
        const char *label;
        bool right;
    } answers[] = {
        {294, "n02132136 brown bear, bruin, Ursus arctos", true},
        {295, "<> n02132136 brown bear, bruin, Ursus arctos", true},
        {7, "n02132136 brown bear", true},
        {0, "n02134418 sloth bear, Melursus ursinus", true},
        {20999, "n02131653 bear", true},
        {294, "n02510455 giant panda, panda", false},
        {295, "n01882714 koala, koala bear", false},
        {296, "n04399382 teddy, teddy bear", false},
        {294, "brown bear", false},
    };
    enum { COUNT = sizeof answers / sizeof answers[0] };
    char sha256[65], query[200];
    fixture_enqueue(fixture->store, "r", 0, COUNT, 1);
    struct store_batch batch = fixture_lease(fixture->store, COUNT);
    assert_int_equal(batch.count, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        struct store_outcome done =
            fixture_done(&batch.items[i].jobs[0], fixture_sha256(i, sha256));
        done.prediction_count = 1;
        done.predictions[0].class_index = answers[i].index;
        done.predictions[0].label = answers[i].label;
        assert_int_equal(fixture_commit(fixture->store, &done), 0);
    }
    store_batch_free(&batch);
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(query, sizeof query,
                 "SELECT correct FROM scores WHERE scoring = 'isa' AND url LIKE '%%/%u.jpg'", i);
        if (fixture_ask(fixture, query) != answers[i].right)
            fail_msg("%s at %u", answers[i].label, answers[i].index);
    }
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        T(a_new_database_knows_the_synsets_of_ilsvrc_2012),
        T(what_nobody_knows_is_told),
        T(other_synsets_replace_all_of_them),
        T(a_replacement_that_fails_leaves_the_old),
        T(a_circle_that_somebody_wrote_ends),
        T(classes_are_told_by_synset_and_never_by_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
