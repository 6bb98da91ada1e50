#include "common/store/summary.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/store/connection.h"
#include "common/store/group.h"
#include "common/store/lacking.h"
#include "common/store/sql.h"
#include "common/store/view.h"

enum { FREEZE_TRIES = 1000 };

/* ---- one moment for all --------------------------------------------------------------------- */

/* A table that takes a view's place is renamed while other views ask for the view: without the old
 * ALTER TABLE that would be an error where the database itself has no view of that name. */
static enum status begin_reading(struct store *store, struct error *error)
{
    int64_t ignored;
    enum status status = connection_execute(
        store, "PRAGMA temp_store = FILE; PRAGMA legacy_alter_table = ON; BEGIN", error);
    if (!status)
        status = connection_integer(store, "SELECT count(*) FROM sqlite_schema", &ignored, error);
    return status;
}

static void end_reading(struct store *store)
{
    if (!sqlite3_get_autocommit(store->db))
        sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
}

/* The last of them tells whether anyone wrote between its two looks, and the others began to read
 * between these. */
static enum status try_to_freeze(struct store *const *stores, size_t count, bool *frozen,
                                 struct error *error)
{
    struct store *last = stores[count - 1];
    int64_t before, after = 0;
    enum status status = connection_integer(last, "PRAGMA data_version", &before, error);
    for (size_t i = 0; !status && i < count; i++)
        status = begin_reading(stores[i], error);
    if (!status)
        status = connection_integer(last, "PRAGMA data_version", &after, error);
    *frozen = !status && before == after;
    for (size_t i = 0; !*frozen && i < count; i++)
        end_reading(stores[i]);
    return status;
}

enum status store_freeze(struct store *const *stores, size_t count, struct error *error)
{
    bool frozen = false;
    enum status status = STATUS_OK;
    for (int i = 0; !status && !frozen && i < FREEZE_TRIES; i++)
        status = try_to_freeze(stores, count, &frozen, error);
    if (!status && !frozen)
        status = error_set(error, STATUS_UNAVAILABLE,
                           "%s: others write so often that no two readers see the same; try "
                           "again",
                           stores[0]->path);
    return status;
}

/* ---- the targets that are wanted ------------------------------------------------------------ */

/* `ids` NULL: all. */
struct choice {
    int64_t *ids;
    size_t count;
    char *list; /* "1,5", for SQL */
};

static void free_choice(struct choice *choice)
{
    free(choice->ids);
    sqlite3_free(choice->list);
}

static enum status add_choice(struct choice *choice, int64_t id)
{
    int64_t *ids = realloc(choice->ids, (choice->count + 1) * sizeof *ids);
    if (!ids)
        return STATUS_MEMORY;
    choice->ids = ids;
    ids[choice->count] = id;
    char *list = choice->count++ ? sqlite3_mprintf("%s,%lld", choice->list, (long long)id)
                                 : sqlite3_mprintf("%lld", (long long)id);
    sqlite3_free(choice->list);
    choice->list = list;
    return list ? STATUS_OK : STATUS_MEMORY;
}

/* No target has the number 0. */
static enum status choose_targets(struct store *store, const struct store_summary_options *options,
                                  struct choice *choice, struct error *error)
{
    sqlite3_stmt *stmt = NULL;
    if (!options->takes)
        return STATUS_OK;
    enum status status = add_choice(choice, 0);
    if (!status)
        status = statement_bind(store, STATEMENT_summary_targets, NULL, 0, &stmt, error);
    while (!status && !(status = statement_step(store, stmt, error))) {
        const struct store_target target = {statement_text(stmt, 0), statement_text(stmt, 1),
                                            statement_text(stmt, 2), statement_text(stmt, 3),
                                            statement_text(stmt, 4)};
        if (options->takes(options->takes_context, &target))
            status = add_choice(choice, sqlite3_column_int64(stmt, 5));
        if (status)
            sqlite3_reset(stmt);
    }
    return status == STATUS_NO ? STATUS_OK : status;
}

/* ---- the connection's own views ------------------------------------------------------------- */

PRINTF_LIKE(3, 4)
static enum status execute_format(struct store *store, struct error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = sqlite3_vmprintf(format, arguments);
    va_end(arguments);
    enum status status = text ? connection_execute(store, text, error) : STATUS_MEMORY;
    sqlite3_free(text);
    return status;
}

/* Pairs that cannot be scored are always of interest: they agree or they do not. */
static const char *scorings_of(const char *name, const char *scoring)
{
    if (strcmp(name, "lacking") == 0)
        return strcmp(scoring, "isa") == 0 ? "= 'isa'" : "= 'substring'";
    if (strcmp(name, "score") == 0)
        return strcmp(scoring, "isa") == 0    ? "= 'isa'"
               : strcmp(scoring, "seed") == 0 ? "= 'seed'"
                                              : "= 'substring'";
    if (strcmp(name, "pair_score") == 0)
        return strcmp(scoring, "isa") == 0 ? "IN ('isa', 'not isa', 'none')"
                                           : "IN ('substring', 'not substring', 'none')";
    return NULL;
}

/* What the view is narrowed to; NULL: nothing. Freed with sqlite3_free. */
static char *condition_of(const struct text_file *view, const struct store_summary_options *options,
                          int64_t run_id, const struct choice *choice)
{
    const char *scorings = scorings_of(view->name, options->scoring);
    if (choice->list && strcmp(view->name, "stage_time") == 0)
        return sqlite3_mprintf("target_id IN (%s)", choice->list);
    if (!scorings)
        return NULL;
    if (run_id && strstr(view->text, "run_id"))
        return sqlite3_mprintf("scoring %s AND run_id = %lld", scorings, (long long)run_id);
    return sqlite3_mprintf("scoring %s", scorings);
}

/* Of the run (0: of all) and the scorings only, where a view has scorings; times only of the
 * targets that are wanted. */
static enum status create_views(struct store *store, const struct store_summary_options *options,
                                int64_t run_id, const struct choice *choice, struct error *error)
{
    enum status status = STATUS_OK;
    for (size_t i = 0; !status && i < sql_views_count; i++) {
        char *condition = condition_of(&sql_views[i], options, run_id, choice);
        status = view_create_temporary(store, &sql_views[i], condition, error);
        sqlite3_free(condition);
    }
    return status;
}

/* ---- what is computed once ------------------------------------------------------------------ */

static const struct group_form cell_form = {
    .rows = STATEMENT_summary_cell, .table = "cell", .keys = 6, .rest = "+++++"};
static const struct group_form latency_form = {
    .rows = STATEMENT_summary_latency, .table = "latency_cell", .keys = 5, .rest = "^"};
static const struct group_form lacking_form = {.table = "lacking"};
static const struct group_form pair_form = {
    .rows = STATEMENT_summary_pair, .table = "pair_cell", .keys = 7, .rest = "+++++++^"};

static enum status fill(struct store *store, const struct group_form *form, struct group_top *top,
                        struct error *error)
{
    return form->keys ? group_rows(store, form, top, error) : lacking_rows(store, error);
}

/* The view becomes a table of the same columns and rows. Where there are too many groups the view
 * stays, which takes longer. */
static enum status compute(struct store *store, const struct group_form *form,
                           struct group_top *top, struct error *error)
{
    size_t length;
    const char *view = form->table, *text = view_find(view);
    if (!text)
        return error_set(error, STATUS_INTERNAL, "%s: view %s was not built in", store->path, view);
    const char *body = view_body(text, &length);
    enum status status = execute_format(store, error, "CREATE TEMP TABLE computed AS %.*s LIMIT 0",
                                        (int)length, body);
    if (!status)
        status = fill(store, form, top, error);
    if (status == STATUS_LIMIT)
        return execute_format(store, error, "DROP TABLE temp.computed");
    return status ? status
                  : execute_format(store, error,
                                   "DROP VIEW temp.%s; ALTER TABLE temp.computed RENAME TO %s",
                                   view, view);
}

/* Of one scoring pair_cell has each pair once: that is what agreement_cell sums up. */
static enum status sum_agreement(struct store *store, struct error *error)
{
    return execute_format(
        store, error,
        "DROP VIEW temp.agreement_cell;"
        "CREATE TEMP TABLE agreement_cell AS SELECT run_id, target_a, target_b, producer_a, "
        "producer_b, left_out, sum(images) AS images, sum(same_first) AS same_first, "
        "sum(same_three) AS same_three, sum(apart) AS apart, max(apart_at_most) AS apart_at_most "
        "FROM pair_cell GROUP BY 1, 2, 3, 4, 5, 6");
}

/* Looks for each text in each label once, where that is less work than to do it for each answer. */
static enum status look_for_texts(struct store *store, struct error *error)
{
    int64_t fewer = 0;
    enum status status =
        connection_integer(store,
                           "SELECT (SELECT count(*) FROM expectation WHERE text IS NOT NULL) "
                           "* (SELECT count(*) FROM label) < (SELECT total(done) FROM tally)",
                           &fewer, error);
    if (status || !fewer)
        return status;
    return execute_format(
        store, error,
        "CREATE TEMP TABLE looked (expectation_id INTEGER, label_id INTEGER, folded INTEGER, "
        "exact INTEGER, envelope INTEGER, PRIMARY KEY (expectation_id, label_id)) WITHOUT ROWID;"
        "INSERT INTO looked SELECT expectation_id, label_id, folded, exact, envelope FROM says;"
        "DROP VIEW temp.says;"
        "ALTER TABLE temp.looked RENAME TO says");
}

/* From now on the view pair holds the most telling pairs only. */
static enum status choose_pairs(struct store *store, const struct group_top *top, int64_t run_id,
                                const struct choice *choice, struct error *error)
{
    const char *targets = choice->list ? choice->list : "target_a,target_b";
    sqlite3_str *items = sqlite3_str_new(store->db);
    for (size_t i = 0; i < top->count; i++)
        sqlite3_str_appendf(items, "%s%lld", i ? "," : "", (long long)top->ids[i]);
    char *list = sqlite3_str_finish(items);
    enum status status =
        execute_format(store, error,
                       "CREATE TEMP TABLE telling AS SELECT * FROM pair "
                       "WHERE left_out = 0 AND (NOT same_first OR apart > 0) AND item_id IN (%s) "
                       "AND (%lld = 0 OR run_id = %lld) AND target_a IN (%s) AND target_b IN (%s) "
                       "ORDER BY apart DESC, run_id, item_id, target_a, target_b LIMIT %lld;"
                       "DROP VIEW temp.pair;"
                       "CREATE TEMP VIEW pair AS SELECT * FROM telling",
                       list ? list : "", (long long)run_id, (long long)run_id, targets, targets,
                       (long long)top->room);
    sqlite3_free(list);
    return status;
}

static enum status compare(struct store *store, size_t disagreements, int64_t run_id,
                           const struct choice *choice, struct error *error)
{
    struct group_top top = {
        .room = disagreements, .among = choice->ids, .among_count = choice->count};
    top.ids = calloc(disagreements + 1, sizeof *top.ids);
    top.values = calloc(disagreements + 1, sizeof *top.values);
    enum status status =
        top.ids && top.values ? compute(store, &pair_form, &top, error) : STATUS_MEMORY;
    if (!status)
        status = sum_agreement(store, error);
    if (!status)
        status = choose_pairs(store, &top, run_id, choice, error);
    free(top.ids);
    free(top.values);
    return status;
}

static enum status sum_accuracy(struct store *store, const struct store_summary_options *options,
                                struct error *error)
{
    bool by_text = strcmp(options->scoring, "isa") != 0;
    enum status status = by_text ? look_for_texts(store, error) : STATUS_OK;
    if (!status)
        status = compute(store, &cell_form, NULL, error);
    if (!status && by_text)
        status = compute(store, &lacking_form, NULL, error);
    return status;
}

static enum status create_settings(struct store *store, const struct store_summary_options *options,
                                   struct error *error)
{
    return execute_format(
        store, error,
        "CREATE TEMP TABLE setting AS SELECT name, CASE name "
        "WHEN 'include_placeholders' THEN %d WHEN 'include_duplicates' THEN %d ELSE value END "
        "AS value, meaning FROM main.setting",
        options->include_placeholders, options->include_duplicates);
}

static enum status find_run(struct store *store, const char *run, int64_t *run_id,
                            struct error *error)
{
    enum status status =
        statement_integer(store, STATEMENT_run_find, BINDS(TEXT(run)), run_id, error);
    if (status == STATUS_NO)
        return error_set(error, STATUS_NO, "run %s: there is none of this name", run);
    return status;
}

enum status store_summarize(struct store *store, const struct store_summary_options *options,
                            struct error *error)
{
    int64_t run_id = 0;
    struct choice choice = {0};
    enum status status = options->run ? find_run(store, options->run, &run_id, error) : STATUS_OK;
    if (!status)
        status = create_settings(store, options, error);
    if (!status)
        status = choose_targets(store, options, &choice, error);
    if (!status)
        status = create_views(store, options, run_id, &choice, error);
    if (!status && (options->parts & STORE_SUMMARY_ACCURACY))
        status = sum_accuracy(store, options, error);
    if (!status && (options->parts & STORE_SUMMARY_LATENCY))
        status = compute(store, &latency_form, NULL, error);
    if (!status && (options->parts & STORE_SUMMARY_COMPARISON))
        status = compare(store, options->disagreements, run_id, &choice, error);
    free_choice(&choice);
    return status;
}
