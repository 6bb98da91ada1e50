/* Typed access to the fields of a prototxt. */
#include "model/format/caffe/prototxt.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct prototxt_field *match(const struct prototxt_field *field, const char *name)
{
    while (field && strcmp(field->name, name) != 0)
        field = field->next;
    return field;
}

const struct prototxt_field *prototxt_find(const struct prototxt_field *message, const char *name)
{
    return message ? match(message->first, name) : NULL;
}

const struct prototxt_field *prototxt_find_next(const struct prototxt_field *field)
{
    return match(field->next, field->name);
}

size_t prototxt_count(const struct prototxt_field *message, const char *name)
{
    const struct prototxt_field *field = prototxt_find(message, name);
    size_t count = 0;

    for (; field; field = prototxt_find_next(field))
        count++;
    return count;
}

void prototxt_fail(struct prototxt_reader *reader, const struct prototxt_field *field,
                   enum status status, const char *format, ...)
{
    char text[768];
    va_list arguments;

    if (reader->status)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    reader->status = error_set(reader->error, status, "%s:%u: %s", reader->file, field->line, text);
}

/* The only field of that name; NULL when there is none or an error stands. */
static const struct prototxt_field *only(struct prototxt_reader *reader,
                                         const struct prototxt_field *message, const char *name)
{
    const struct prototxt_field *field = prototxt_find(message, name), *second;

    if (reader->status || !field)
        return NULL;
    second = prototxt_find_next(field);
    if (second) {
        prototxt_fail(reader, second, STATUS_DATA, "'%s' is given twice", name);
        return NULL;
    }
    return field;
}

static const char *word_of(struct prototxt_reader *reader, const struct prototxt_field *field,
                           const char *expected)
{
    if (field->kind == PROTOTXT_WORD)
        return field->text;
    prototxt_fail(reader, field, STATUS_DATA, "'%s' must be %s", field->name, expected);
    return NULL;
}

int64_t prototxt_field_int(struct prototxt_reader *reader, const struct prototxt_field *field,
                           int64_t low, int64_t high)
{
    const char *text = word_of(reader, field, "a whole number");
    char *end;
    long long value;

    if (!text)
        return low;
    errno = 0;
    value = strtoll(text, &end, 0);
    if (end == text || *end) {
        prototxt_fail(reader, field, STATUS_DATA, "'%s' must be a whole number, not '%.40s'",
                      field->name, text);
        return low;
    }
    if (errno || value < low || value > high) {
        prototxt_fail(reader, field, STATUS_DATA,
                      "'%s' is %.40s, but must be between %" PRId64 " and %" PRId64, field->name,
                      text, low, high);
        return low;
    }
    return value;
}

float prototxt_field_float(struct prototxt_reader *reader, const struct prototxt_field *field)
{
    const char *text = word_of(reader, field, "a number");
    char *end;
    float value;

    if (!text)
        return 0;
    value = strtof(text, &end);
    if (end != text && (*end == 'f' || *end == 'F'))
        end++;
    if (end == text || *end) {
        prototxt_fail(reader, field, STATUS_DATA, "'%s' must be a number, not '%.40s'", field->name,
                      text);
        return 0;
    }
    return value;
}

const char *prototxt_field_string(struct prototxt_reader *reader,
                                  const struct prototxt_field *field)
{
    if (field->kind == PROTOTXT_STRING)
        return field->text;
    prototxt_fail(reader, field, STATUS_DATA, "'%s' must be a string in quotes", field->name);
    return "";
}

int64_t prototxt_int(struct prototxt_reader *reader, const struct prototxt_field *message,
                     const char *name, int64_t low, int64_t high, int64_t fallback)
{
    const struct prototxt_field *field = only(reader, message, name);

    return field ? prototxt_field_int(reader, field, low, high) : fallback;
}

float prototxt_float(struct prototxt_reader *reader, const struct prototxt_field *message,
                     const char *name, float fallback)
{
    const struct prototxt_field *field = only(reader, message, name);

    return field ? prototxt_field_float(reader, field) : fallback;
}

bool prototxt_bool(struct prototxt_reader *reader, const struct prototxt_field *message,
                   const char *name, bool fallback)
{
    static const char *const words[] = {"false", "true", "False", "True", "f", "t", "0", "1"};
    const struct prototxt_field *field = only(reader, message, name);
    const char *text = field ? word_of(reader, field, "true or false") : NULL;

    if (!text)
        return fallback;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!strcmp(text, words[i]))
            return i % 2;
    }
    prototxt_fail(reader, field, STATUS_DATA, "'%s' must be true or false, not '%.40s'", name,
                  text);
    return fallback;
}

const char *prototxt_string(struct prototxt_reader *reader, const struct prototxt_field *message,
                            const char *name, const char *fallback)
{
    const struct prototxt_field *field = only(reader, message, name);

    return field ? prototxt_field_string(reader, field) : fallback;
}

const struct prototxt_field *prototxt_message(struct prototxt_reader *reader,
                                              const struct prototxt_field *message,
                                              const char *name)
{
    const struct prototxt_field *field = only(reader, message, name);

    if (field && field->kind != PROTOTXT_MESSAGE) {
        prototxt_fail(reader, field, STATUS_DATA, "'%s' must be a message in braces", name);
        return NULL;
    }
    return field;
}

/* The position of `word` in a list separated by blanks, or -1. */
static int position(const char *list, const char *word)
{
    size_t size = strlen(word);

    for (int i = 0; *list; i++) {
        size_t length = strcspn(list, " ");
        if (length == size && !memcmp(list, word, size))
            return i;
        list += length;
        list += strspn(list, " ");
    }
    return -1;
}

static int count_words(const char *list)
{
    int count = *list ? 1 : 0;

    for (; *list; list++)
        count += *list == ' ';
    return count;
}

int prototxt_enum(struct prototxt_reader *reader, const struct prototxt_field *message,
                  const char *name, const char *words, int fallback)
{
    const struct prototxt_field *field = only(reader, message, name);
    const char *text = field ? word_of(reader, field, "a word without quotes") : NULL;
    int value;

    if (!text)
        return fallback;
    if (text[0] >= '0' && text[0] <= '9')
        return (int)prototxt_field_int(reader, field, 0, count_words(words) - 1);
    value = position(words, text);
    if (value < 0) {
        prototxt_fail(reader, field, STATUS_DATA, "'%s' must be one of %s, not '%.40s'", name,
                      words, text);
        return fallback;
    }
    return value;
}

void prototxt_known(struct prototxt_reader *reader, const struct prototxt_field *message,
                    const char *names)
{
    const struct prototxt_field *field = message ? message->first : NULL;

    for (; field; field = field->next) {
        if (position(names, field->name) < 0)
            prototxt_fail(reader, field, STATUS_UNSUPPORTED,
                          "'%s' is not a field of '%s' that this program knows", field->name,
                          message->name);
    }
}
