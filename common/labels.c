#include "common/labels.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/utf8.h"

enum { MAX_BYTES = 16 << 20, MAX_LINES = 100000, WNID_LENGTH = 9 };

struct labels {
    char *text; /* line ends replaced by NUL */
    size_t count;
    char *lines[];
};

static size_t count_lines(const char *text, size_t size)
{
    size_t lines = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    return lines + (size > 0 && text[size - 1] != '\n');
}

/* Cuts `text` into lines in place. */
static void split_lines(struct labels *labels, char *text, size_t size)
{
    char *end = text + size;
    for (char *line = text; line < end;) {
        char *stop = memchr(line, '\n', (size_t)(end - line));
        if (!stop)
            stop = end;
        *stop = '\0';
        if (stop > line && stop[-1] == '\r')
            stop[-1] = '\0';
        labels->lines[labels->count++] = line;
        line = stop + 1;
    }
}

static enum status build(const char *path, struct buf *content, struct labels **out,
                         struct error *error)
{
    size_t size = content->size;
    if (size > 0 && memchr(content->data, '\0', size))
        return error_set(error, STATUS_DATA, "%s: not a text file; expected one label a line",
                         path);
    size_t count = size > 0 ? count_lines(content->data, size) : 0;
    if (count == 0)
        return error_set(error, STATUS_DATA, "%s: empty; expected one label a line", path);
    if (count > MAX_LINES)
        return error_set(error, STATUS_LIMIT, "%s: %zu lines; at most %d are taken", path, count,
                         MAX_LINES);
    struct labels *labels = calloc(1, sizeof *labels + count * sizeof labels->lines[0]);
    if (!labels)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    labels->text = buf_take(content);
    split_lines(labels, labels->text, size);
    *out = labels;
    return STATUS_OK;
}

static enum status make_utf8(const char *path, struct buf *content, struct error *error)
{
    struct buf converted;
    buf_init(&converted, 2 * MAX_BYTES);
    enum status status = utf8_from_latin1(content->data, &converted);
    if (status) {
        buf_free(&converted);
        return error_set(error, status, "%s: out of memory", path);
    }
    buf_free(content);
    *content = converted;
    return STATUS_OK;
}

/* Puts the text into the form that `build` takes: UTF-8 without a byte order mark. */
static enum status clean(const char *path, struct buf *content, struct error *error)
{
    static const char mark[] = "\xef\xbb\xbf";
    if (content->size == 0 || memchr(content->data, '\0', content->size))
        return STATUS_OK;
    if (!utf8_valid(content->data))
        return make_utf8(path, content, error);
    if (strncmp(content->data, mark, 3) == 0) {
        content->size -= 3;
        memmove(content->data, content->data + 3, content->size + 1);
    }
    return STATUS_OK;
}

enum status labels_read(const char *path, struct labels **out, struct error *error)
{
    struct buf content;
    buf_init(&content, MAX_BYTES);
    *out = NULL;
    enum status status = file_read(path, &content, error);
    if (!status)
        status = clean(path, &content, error);
    if (!status)
        status = build(path, &content, out, error);
    buf_free(&content);
    return status;
}

void labels_free(struct labels *labels)
{
    if (!labels)
        return;
    free(labels->text);
    free(labels);
}

size_t labels_count(const struct labels *labels)
{
    return labels->count;
}

const char *labels_line(const struct labels *labels, size_t index)
{
    return index < labels->count ? labels->lines[index] : NULL;
}

static bool starts_with_wnid(const char *line)
{
    if (line[0] != 'n')
        return false;
    for (int i = 1; i < WNID_LENGTH; i++)
        if (!isdigit((unsigned char)line[i]))
            return false;
    return line[WNID_LENGTH] == ' ' || line[WNID_LENGTH] == '\t' || line[WNID_LENGTH] == '\0';
}

void label_split(const char *line, char wnid[WNID_SIZE], const char **name)
{
    if (strncmp(line, "<> ", 3) == 0)
        line += 3;
    wnid[0] = '\0';
    if (starts_with_wnid(line)) {
        memcpy(wnid, line, WNID_LENGTH);
        wnid[WNID_LENGTH] = '\0';
        line += WNID_LENGTH;
        line += *line != '\0';
    }
    *name = line;
}
