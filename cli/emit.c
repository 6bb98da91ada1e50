#include "cli/emit.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/terminal.h"
#include "common/json.h"
#include "common/utf8.h"

struct emitter {
    FILE *out;
    enum emit_format format;
    const char *const *wanted;
    size_t count;                /* columns written */
    size_t source[EMIT_COLUMNS]; /* their places in the row */
    char *names[EMIT_COLUMNS];
    bool numeric[EMIT_COLUMNS]; /* right-aligned in a table */
    size_t width[EMIT_COLUMNS];
    char **held[EMIT_SAMPLE]; /* rows of a table until the widths are known */
    size_t held_count;
    bool started; /* widths are known, header is out */
    uint64_t rows;
};

enum status emit_parse(const char *word, enum emit_format *format)
{
    static const char *const words[] = {"table", "csv", "jsonl"};
    for (unsigned i = 0; i < 3; i++)
        if (strcmp(words[i], word) == 0) {
            *format = (enum emit_format)i;
            return STATUS_OK;
        }
    return STATUS_USAGE;
}

enum status emitter_create(FILE *out, enum emit_format format, const char *const *columns,
                           struct emitter **emitter)
{
    *emitter = calloc(1, sizeof **emitter);
    if (!*emitter)
        return STATUS_MEMORY;
    (*emitter)->out = out;
    (*emitter)->format = format;
    (*emitter)->wanted = columns;
    return STATUS_OK;
}

/* "" for NULL; `text` is for numbers. */
static const char *plain_text(const struct store_value *value, char *text, size_t size)
{
    switch (value->kind) {
    case VALUE_INTEGER:
        snprintf(text, size, "%" PRId64, value->integer);
        return text;
    case VALUE_REAL:
        real_format(value->real, text, size);
        return text;
    case VALUE_TEXT:
        return value->text;
    default:
        return "";
    }
}

/* Tables are for people: reals are cut to what can be read. */
static const char *table_text(const struct store_value *value, char *text, size_t size)
{
    if (value->kind != VALUE_REAL)
        return plain_text(value, text, size);
    double magnitude = value->real < 0 ? -value->real : value->real;
    snprintf(text, size,
             magnitude >= 1e6   ? "%.3g"
             : magnitude >= 100 ? "%.0f"
             : magnitude >= 10  ? "%.1f"
                                : "%.4f",
             value->real);
    return text;
}

static int choose_columns(struct emitter *emitter, size_t columns, const char *const *names,
                          const struct store_value *values)
{
    for (size_t k = 0; k < columns && emitter->count < EMIT_COLUMNS; k++) {
        size_t place = k;
        if (emitter->wanted) {
            if (!emitter->wanted[k])
                break;
            for (place = 0; place < columns; place++)
                if (strcmp(names[place], emitter->wanted[k]) == 0)
                    break;
            if (place == columns)
                return 1;
        }
        size_t c = emitter->count++;
        emitter->source[c] = place;
        emitter->names[c] = strdup(names[place]);
        emitter->numeric[c] = values && values[place].kind != VALUE_TEXT;
        if (!emitter->names[c])
            return 1;
        emitter->width[c] = strlen(emitter->names[c]);
    }
    return 0;
}

/* With quotes doubled. Bytes that are not UTF-8 become U+FFFD, as in JSON. */
static void write_quoted(FILE *out, const char *text)
{
    while (*text) {
        if (*text == '"')
            fputc('"', out);
        text += utf8_write(out, text);
    }
}

static void write_csv_field(FILE *out, const char *text)
{
    const char *quote = strpbrk(text, ",\"\r\n") ? "\"" : "";
    fputs(quote, out);
    write_quoted(out, text);
    fputs(quote, out);
}

static void write_csv_header(const struct emitter *emitter)
{
    for (size_t c = 0; c < emitter->count; c++)
        fprintf(emitter->out, "%s%s", emitter->names[c], c + 1 < emitter->count ? "," : "\n");
}

/* RFC 4180, with plain newlines. Texts are as recorded, also what a spreadsheet would take for a
 * formula: who reads it as data must get the data. */
static void write_csv(struct emitter *emitter, const struct store_value *values)
{
    char text[64];
    for (size_t c = 0; c < emitter->count; c++) {
        write_csv_field(emitter->out, plain_text(&values[emitter->source[c]], text, sizeof text));
        fputc(c + 1 < emitter->count ? ',' : '\n', emitter->out);
    }
}

static void write_json_value(FILE *out, const struct store_value *value)
{
    switch (value->kind) {
    case VALUE_NULL:
        fputs("null", out);
        break;
    case VALUE_INTEGER:
        fprintf(out, "%" PRId64, value->integer);
        break;
    case VALUE_REAL:
        json_write_real(out, value->real);
        break;
    case VALUE_TEXT:
        json_write_text(out, value->text);
        break;
    }
}

static void write_json(struct emitter *emitter, const struct store_value *values)
{
    FILE *out = emitter->out;
    if (emitter->format == EMIT_JSON)
        fputs(emitter->rows == 0 ? "[" : ",\n ", out);
    for (size_t c = 0; c < emitter->count; c++) {
        fputs(c == 0 ? "{" : ",", out);
        json_write_text(out, emitter->names[c]);
        fputc(':', out);
        write_json_value(out, &values[emitter->source[c]]);
    }
    fputs(emitter->format == EMIT_JSON ? "}" : "}\n", out);
}

static void write_cell(struct emitter *emitter, size_t c, const char *text)
{
    bool last = c + 1 == emitter->count;
    size_t width = terminal_width(text);
    int padding = width < emitter->width[c] ? (int)(emitter->width[c] - width) : 0;
    if (emitter->numeric[c])
        fprintf(emitter->out, "%*s", padding, "");
    terminal_write(emitter->out, text);
    if (!emitter->numeric[c] && !last)
        fprintf(emitter->out, "%*s", padding, "");
    fputs(last ? "\n" : "  ", emitter->out);
}

static void start_table(struct emitter *emitter)
{
    emitter->started = true;
    for (size_t c = 0; c < emitter->count; c++)
        write_cell(emitter, c, emitter->names[c]);
    for (size_t r = 0; r < emitter->held_count; r++) {
        for (size_t c = 0; c < emitter->count; c++) {
            write_cell(emitter, c, emitter->held[r][c]);
            free(emitter->held[r][c]);
        }
        free(emitter->held[r]);
    }
    emitter->held_count = 0;
}

static int hold_row(struct emitter *emitter, const struct store_value *values)
{
    char text[64];
    char **row = calloc(emitter->count, sizeof *row);
    if (!row)
        return 1;
    emitter->held[emitter->held_count++] = row;
    for (size_t c = 0; c < emitter->count; c++) {
        row[c] = strdup(table_text(&values[emitter->source[c]], text, sizeof text));
        if (!row[c])
            return 1;
        size_t width = terminal_width(row[c]);
        if (width > emitter->width[c])
            emitter->width[c] = width;
    }
    return 0;
}

static int write_table(struct emitter *emitter, const struct store_value *values)
{
    char text[64];
    if (!emitter->started && emitter->held_count < EMIT_SAMPLE)
        return hold_row(emitter, values);
    if (!emitter->started)
        start_table(emitter);
    for (size_t c = 0; c < emitter->count; c++)
        write_cell(emitter, c, table_text(&values[emitter->source[c]], text, sizeof text));
    return 0;
}

int emitter_row(void *context, size_t columns, const char *const *names,
                const struct store_value *values)
{
    struct emitter *emitter = context;
    int failed = 0;
    if (emitter->count == 0) {
        failed = choose_columns(emitter, columns, names, values);
        if (!failed && emitter->format == EMIT_CSV)
            write_csv_header(emitter);
    }
    if (failed || !values)
        return failed;
    if (emitter->format == EMIT_TABLE)
        failed = write_table(emitter, values);
    else if (emitter->format == EMIT_CSV)
        write_csv(emitter, values);
    else
        write_json(emitter, values);
    emitter->rows++;
    return failed || ferror(emitter->out);
}

uint64_t emitter_end(struct emitter *emitter)
{
    if (emitter->format == EMIT_TABLE && !emitter->started && emitter->count)
        start_table(emitter);
    if (emitter->format == EMIT_JSON)
        fputs(emitter->rows ? "]\n" : "[]\n", emitter->out);
    return emitter->rows;
}

void emitter_free(struct emitter *emitter)
{
    if (!emitter)
        return;
    for (size_t r = 0; r < emitter->held_count; r++) {
        for (size_t c = 0; c < emitter->count; c++)
            free(emitter->held[r][c]);
        free(emitter->held[r]);
    }
    for (size_t c = 0; c < emitter->count; c++)
        free(emitter->names[c]);
    free(emitter);
}
