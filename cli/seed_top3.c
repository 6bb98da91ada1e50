#include "cli/seed_top3.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/labels.h"
#include "common/utf8.h"

#define NAME "{Name:"
#define PROBABILITY ", Probability:"

void seed_line_init(struct seed_line *line)
{
    *line = (struct seed_line){0};
    buf_init(&line->text, SEED_TEXT_MAX);
}

void seed_line_free(struct seed_line *line)
{
    buf_free(&line->text);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static char *skip_blanks(char *text)
{
    while (is_blank(*text))
        text++;
    return text;
}

/* Cuts the blanks at the end of the text that ends at `end`. */
static void cut_blanks(const char *start, char *end)
{
    while (end > start && is_blank(end[-1]))
        end--;
    *end = '\0';
}

PRINTF_LIKE(2, 3)
static void refuse(struct seed_line *line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line->why.text, sizeof line->why.text, format, arguments);
    va_end(arguments);
    utf8_make_line(line->why.text);
    line->kind = SEED_LINE_REFUSED;
}

/* Decimal digits only: strtod also takes hexadecimal, "nan" and "infinity". */
static bool read_number(const char *text, double *value)
{
    char *end = NULL;
    if (!*text || text[strspn(text, "+-.0123456789eE")] != '\0')
        return false;
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static bool is_empty_label(const char *label)
{
    char wnid[WNID_SIZE];
    const char *name;
    label_split(label, wnid, &name);
    return wnid[0] == '\0' && (name[strspn(name, " ")] == '\0' || strcmp(name, "<>") == 0);
}

/* Reads the entry that begins at `text` and returns what is behind it; NULL when it is refused. */
static char *read_entry(struct seed_line *line, char *text)
{
    char *label = skip_blanks(text + strlen(NAME));
    char *comma = strstr(label, PROBABILITY);
    char *next = strstr(label, NAME);
    if (!comma || (next && next < comma)) {
        refuse(line, "an entry without \"%s\"", PROBABILITY);
        return NULL;
    }
    char *number = skip_blanks(comma + strlen(PROBABILITY));
    char *brace = strchr(number, '}');
    if (!brace) {
        refuse(line, "an entry that does not end: %.60s", number);
        return NULL;
    }
    cut_blanks(label, comma);
    cut_blanks(number, brace);
    double probability = 0;
    if (!read_number(number, &probability))
        refuse(line, "\"%.60s\" is no finite number", number);
    else if (is_empty_label(label))
        refuse(line, "an entry with an empty name");
    if (line->count > 0 && probability > line->entries[line->count - 1].probability)
        line->descending = false;
    line->entries[line->count].label = label;
    line->entries[line->count++].probability = probability;
    return line->kind == SEED_LINE_REFUSED ? NULL : skip_blanks(brace + 1);
}

static void read_entries(struct seed_line *line, char *text)
{
    line->kind = SEED_LINE_ANSWER;
    line->descending = true;
    while (text && *text) {
        if (strncmp(text, NAME, strlen(NAME)) != 0) {
            refuse(line, "\"%.60s\" stands behind an entry", text);
            return;
        }
        if (line->count == SEED_ENTRIES) {
            refuse(line, "more than three entries");
            return;
        }
        text = read_entry(line, text);
    }
}

/* The URL that stands from `start` to the first entry. */
static void read_front(struct seed_line *line, char *start, char *entry)
{
    cut_blanks(start, entry);
    url_line_parse(start, strlen(start), &line->front);
    if (line->front.kind == URL_LINE_REFUSED)
        refuse(line, "what stands before the first entry is no URL: %s", line->front.why.text);
    else if (line->front.kind == URL_LINE_BLANK)
        refuse(line, "\"%.60s\" stands before the first entry", start);
}

static enum status copy_text(const char *text, size_t size, struct buf *out)
{
    struct buf latin;
    enum status status = buf_append(out, text, size);
    if (status || utf8_valid(out->data ? out->data : ""))
        return status;
    latin = *out;
    buf_init(out, SEED_TEXT_MAX);
    status = utf8_from_latin1(latin.data, out);
    buf_free(&latin);
    return status;
}

enum status seed_line_parse(const char *text, size_t size, struct seed_line *out)
{
    static const char mark[] = "\xef\xbb\xbf";
    out->kind = SEED_LINE_BLANK;
    out->front.kind = URL_LINE_BLANK;
    out->front.wnid[0] = '\0';
    out->count = 0;
    buf_clear(&out->text);
    if (size >= 3 && memcmp(text, mark, 3) == 0) {
        text += 3;
        size -= 3;
    }
    if (memchr(text, '\0', size)) {
        refuse(out, "a byte with the value 0");
        return STATUS_OK;
    }
    enum status status = copy_text(text, size, &out->text);
    if (status || !out->text.data)
        return status;
    char *start = skip_blanks(out->text.data);
    char *entry = strstr(start, NAME);
    if (!*start)
        return STATUS_OK;
    if (!entry) {
        refuse(out, "no entry {Name:..., Probability:...}");
        return STATUS_OK;
    }
    read_entries(out, entry);
    if (out->kind == SEED_LINE_ANSWER && entry > start)
        read_front(out, start, entry);
    return STATUS_OK;
}
