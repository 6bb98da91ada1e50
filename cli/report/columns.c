#include "cli/report/columns.h"

#include <stdlib.h>
#include <string.h>

#include "cli/terminal.h"
#include "common/buf.h"

enum { GAP = 2, GROUP_GAP = 4, INDENT = 2, TEXT_LEAST = 24 /* to break text into lines */ };

struct column {
    enum column_kind kind;
    const char *group, *title;
    size_t width; /* widest cell or title */
};

struct columns {
    struct column column[COLUMNS_MOST];
    size_t count, labels;
    size_t cells;
    struct buf text; /* the cells, each with its NUL */
    enum status status;
};

struct columns *columns_create(void)
{
    struct columns *columns = calloc(1, sizeof *columns);
    if (columns)
        buf_init(&columns->text, COLUMNS_LIMIT);
    return columns;
}

void columns_free(struct columns *columns)
{
    if (columns)
        buf_free(&columns->text);
    free(columns);
}

void columns_add(struct columns *columns, enum column_kind kind, const char *group,
                 const char *title)
{
    if (columns->count == COLUMNS_MOST) {
        columns->status = STATUS_LIMIT;
        return;
    }
    columns->labels += kind == COLUMN_LABEL;
    columns->column[columns->count++] = (struct column){kind, group, title, terminal_width(title)};
}

void columns_cell(struct columns *columns, const char *text)
{
    if (columns->status)
        return;
    struct column *column = &columns->column[columns->cells++ % columns->count];
    size_t width = terminal_width(text);
    if (width > column->width)
        column->width = width;
    columns->status = buf_append(&columns->text, text, strlen(text) + 1);
}

size_t columns_rows(const struct columns *columns)
{
    return columns->count ? columns->cells / columns->count : 0;
}

/* Whether the title above column `c` is another than that before it. */
static bool starts_group(const struct columns *columns, size_t c)
{
    const char *group = columns->column[c].group;
    return group && (c == 0 || group != columns->column[c - 1].group);
}

static size_t gap_before(const struct columns *columns, size_t first, size_t c)
{
    return c == first ? 0 : starts_group(columns, c) ? GROUP_GAP : GAP;
}

/* Where the columns from `c` end that share its group, counted from where `c` begins. */
static size_t group_width(const struct columns *columns, size_t c, size_t *end)
{
    size_t width = columns->column[c].width;
    for (*end = c + 1; *end < columns->count && !starts_group(columns, *end) &&
                       columns->column[*end].group == columns->column[c].group;
         ++*end)
        width += GAP + columns->column[*end].width;
    return width;
}

/* The last column of a group makes room for the group's title. */
static void fit_groups(struct columns *columns)
{
    for (size_t c = 0, end; c < columns->count; c = end) {
        size_t width = group_width(columns, c, &end);
        size_t title = columns->column[c].group ? terminal_width(columns->column[c].group) : 0;
        if (title > width)
            columns->column[end - 1].width += title - width;
    }
}

static size_t width_from(const struct columns *columns, size_t first)
{
    size_t width = 0;
    for (size_t c = first; c < columns->count; c++)
        width += gap_before(columns, first, c) + columns->column[c].width;
    return width;
}

size_t columns_width(const struct columns *columns)
{
    struct columns copy = *columns;
    fit_groups(&copy);
    return width_from(&copy, 0);
}

/* The same where the last column's text may be broken into lines. */
static size_t least_width(const struct columns *columns, size_t first)
{
    const struct column *last = &columns->column[columns->count - 1];
    size_t width = width_from(columns, first);
    if (last->kind == COLUMN_TEXT && columns->count > first && last->width > TEXT_LEAST)
        width -= last->width - TEXT_LEAST;
    return width;
}

static void style(FILE *out, bool styled, const char *sequence)
{
    if (styled)
        fputs(sequence, out);
}

#define BOLD "\033[1m"
#define PLAIN "\033[0m"

static void pad(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)n, "");
}

static void write_cell(const struct column *column, FILE *out, const char *text, bool last)
{
    size_t width = terminal_width(text);
    size_t room = width < column->width ? column->width - width : 0;
    if (column->kind == COLUMN_NUMBER)
        pad(out, room);
    terminal_write(out, text);
    if (column->kind != COLUMN_NUMBER && !last)
        pad(out, room);
}

/* One line of cells from column `first` on; `cell` points at that column's, and the pointer behind
 * the last one's is returned. */
static const char *write_line(const struct columns *columns, FILE *out, size_t first, size_t at,
                              size_t width, const char *cell)
{
    for (size_t c = first; c < columns->count; c++) {
        const struct column *column = &columns->column[c];
        size_t gap = gap_before(columns, first, c);
        bool last = c + 1 == columns->count;
        pad(out, gap);
        at += gap;
        if (last && column->kind == COLUMN_TEXT)
            terminal_wrap(out, cell, at, width);
        else
            write_cell(column, out, cell, last);
        at += column->width;
        cell += strlen(cell) + 1;
    }
    if (columns->column[columns->count - 1].kind != COLUMN_TEXT)
        fputc('\n', out);
    return cell;
}

static void write_titles(const struct columns *columns, FILE *out, size_t first, size_t at)
{
    pad(out, at);
    for (size_t c = first; c < columns->count; c++) {
        pad(out, gap_before(columns, first, c));
        write_cell(&columns->column[c], out, columns->column[c].title, c + 1 == columns->count);
    }
    fputc('\n', out);
}

static void write_groups(const struct columns *columns, FILE *out)
{
    size_t blank = 0;
    bool any = false;
    for (size_t c = 0, end; c < columns->count; c = end) {
        size_t width = group_width(columns, c, &end);
        const char *group = columns->column[c].group;
        blank += gap_before(columns, 0, c);
        if (group) {
            pad(out, blank);
            terminal_write(out, group);
            blank = width - terminal_width(group);
            any = true;
        } else
            blank += width;
    }
    fputs(any ? "\n" : "", out);
}

/* What names the row, on a line. */
static const char *write_labels(const struct columns *columns, FILE *out, size_t width,
                                const char *cell)
{
    char line[1024];
    size_t used = 0;
    line[0] = '\0';
    for (size_t c = 0; c < columns->labels; c++) {
        int n = snprintf(line + used, sizeof line - used, "%s%s", c ? ", " : "", cell);
        used += n < 0 ? 0 : (size_t)n;
        if (used >= sizeof line)
            used = sizeof line - 1;
        cell += strlen(cell) + 1;
    }
    terminal_wrap(out, line, 0, width);
    return cell;
}

static void write_aligned(const struct columns *columns, FILE *out, size_t width, bool styled)
{
    const char *cell = columns->text.data;
    style(out, styled, BOLD);
    write_groups(columns, out);
    write_titles(columns, out, 0, 0);
    style(out, styled, PLAIN);
    for (size_t r = 0; r < columns_rows(columns); r++)
        cell = write_line(columns, out, 0, 0, width, cell);
}

static void write_below(const struct columns *columns, FILE *out, size_t width, bool styled)
{
    const char *cell = columns->text.data;
    style(out, styled, BOLD);
    write_titles(columns, out, columns->labels, INDENT);
    style(out, styled, PLAIN);
    for (size_t r = 0; r < columns_rows(columns); r++) {
        cell = write_labels(columns, out, width, cell);
        pad(out, INDENT);
        cell = write_line(columns, out, columns->labels, INDENT, width, cell);
    }
}

static void write_cards(const struct columns *columns, FILE *out, size_t width)
{
    const char *cell = columns->text.data;
    size_t titles = 0;
    for (size_t c = columns->labels; c < columns->count; c++)
        if (terminal_width(columns->column[c].title) > titles)
            titles = terminal_width(columns->column[c].title);
    for (size_t r = 0; r < columns_rows(columns); r++) {
        cell = write_labels(columns, out, width, cell);
        for (size_t c = columns->labels; c < columns->count; c++) {
            const char *title = columns->column[c].title;
            pad(out, INDENT);
            terminal_write(out, title);
            pad(out, titles - terminal_width(title) + GAP);
            terminal_wrap(out, cell, INDENT + titles + GAP, width);
            cell += strlen(cell) + 1;
        }
    }
}

enum status columns_write(struct columns *columns, FILE *out, size_t width, bool styled)
{
    if (columns->status || columns_rows(columns) == 0)
        return columns->status;
    fit_groups(columns);
    if (least_width(columns, 0) <= width)
        write_aligned(columns, out, width, styled);
    else if (least_width(columns, columns->labels) + INDENT <= width)
        write_below(columns, out, width, styled);
    else
        write_cards(columns, out, width);
    return STATUS_OK;
}
