#include "model/format/caffe/prototxt.h"

#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "model/arena.h"

enum { MEMORY_MAX = 512 << 20, TOKEN_SHOWN = 40 };

struct prototxt {
    struct arena arena;
    struct prototxt_field root;
};

struct parser {
    const char *file;
    const char *at, *end;
    struct arena *arena;
    struct error *error;
    size_t fields;
    unsigned line, depth;
};

static enum status parse_fields(struct parser *parser, char close, struct prototxt_field *message);

static enum status fail(struct parser *parser, enum status status, const char *what)
{
    return error_set(parser->error, status, "%s:%u: %s", parser->file, parser->line, what);
}

static enum status fail_memory(struct parser *parser)
{
    enum status status = arena_fail(parser->arena, parser->error);

    return error_prefix(parser->error, status, "%s:%u", parser->file, parser->line);
}

/* ---- characters ---- */

static void skip_space(struct parser *parser)
{
    while (parser->at < parser->end) {
        char c = *parser->at;
        if (c == '#') {
            while (parser->at < parser->end && *parser->at != '\n')
                parser->at++;
            continue;
        }
        if (c == '\n')
            parser->line++;
        else if (c != ' ' && c != '\t' && c != '\r' && c != '\f' && c != '\v')
            return;
        parser->at++;
    }
}

/* The next character that is not space; 0 at the end. */
static char peek(struct parser *parser)
{
    skip_space(parser);
    return parser->at < parser->end ? *parser->at : '\0';
}

static bool take(struct parser *parser, char wanted)
{
    if (peek(parser) != wanted || parser->at == parser->end)
        return false;
    parser->at++;
    return true;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '+' || c == '-';
}

static enum status fail_at(struct parser *parser, const char *expected)
{
    size_t length = 0;

    if (peek(parser) == '\0' && parser->at == parser->end)
        return error_set(parser->error, STATUS_DATA,
                         "%s:%u: the file ends where %s was expected; is it cut?", parser->file,
                         parser->line, expected);
    while (parser->at + length < parser->end && length < TOKEN_SHOWN && is_word(parser->at[length]))
        length++;
    return error_set(parser->error, STATUS_DATA, "%s:%u: expected %s, found '%.*s'", parser->file,
                     parser->line, expected, (int)(length ? length : 1), parser->at);
}

static enum status parse_word(struct parser *parser, const char *expected, const char **out)
{
    const char *start;

    if (!is_word(peek(parser)))
        return fail_at(parser, expected);
    start = parser->at;
    while (parser->at < parser->end && is_word(*parser->at))
        parser->at++;
    *out = arena_text(parser->arena, start, (size_t)(parser->at - start));
    return *out ? STATUS_OK : fail_memory(parser);
}

/* ---- strings ---- */

static int digit(char c, unsigned base)
{
    int value = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    return value < (int)base ? value : -1;
}

static char parse_number_escape(struct parser *parser, unsigned base, unsigned most)
{
    unsigned value = 0;

    for (unsigned i = 0; i < most && parser->at < parser->end; i++) {
        int next = digit(*parser->at, base);
        if (next < 0)
            break;
        value = value * base + (unsigned)next;
        parser->at++;
    }
    return (char)(unsigned char)value;
}

/* Reads what follows a backslash. */
static enum status parse_escape(struct parser *parser, char *out)
{
    static const char letters[] = "abfnrtv\\'\"?", meanings[] = "\a\b\f\n\r\t\v\\'\"?";
    const char *found;
    char c;

    if (parser->at == parser->end)
        return fail(parser, STATUS_DATA, "the file ends inside a string");
    c = *parser->at;
    found = c ? strchr(letters, c) : NULL;
    if (found) {
        *out = meanings[found - letters];
        parser->at++;
    } else if (c >= '0' && c <= '7') {
        *out = parse_number_escape(parser, 8, 3);
    } else if (c == 'x' || c == 'X') {
        parser->at++;
        if (parser->at == parser->end || digit(*parser->at, 16) < 0)
            return fail(parser, STATUS_DATA, "\\x without a hexadecimal digit");
        *out = parse_number_escape(parser, 16, 2);
    } else {
        return fail(parser, STATUS_DATA, "unknown escape in a string");
    }
    if (*out == '\0')
        return fail(parser, STATUS_DATA, "a zero byte in a string");
    return STATUS_OK;
}

static enum status parse_quoted(struct parser *parser, struct buf *text)
{
    char quote = *parser->at++;

    while (parser->at < parser->end && *parser->at != quote && *parser->at != '\n') {
        char c = *parser->at++;
        enum status status;
        if (c == '\0')
            return fail(parser, STATUS_DATA, "a zero byte in a string");
        if (c == '\\') {
            status = parse_escape(parser, &c);
            if (status)
                return status;
        }
        status = buf_append(text, &c, 1);
        if (status)
            return fail(parser, status, "a string is too long");
    }
    if (parser->at == parser->end || *parser->at != quote)
        return fail(parser, STATUS_DATA, "a string is not closed on its line");
    parser->at++;
    return STATUS_OK;
}

static enum status parse_string(struct parser *parser, const char **out)
{
    enum status status = STATUS_OK;
    struct buf text;

    buf_init(&text, PROTOTXT_MAX_SIZE);
    while (!status && (peek(parser) == '"' || peek(parser) == '\''))
        status = parse_quoted(parser, &text);
    if (!status) {
        *out = arena_text(parser->arena, text.data, text.size);
        if (!*out)
            status = fail_memory(parser);
    }
    buf_free(&text);
    return status;
}

/* ---- fields ---- */

static enum status parse_message(struct parser *parser, struct prototxt_field *field)
{
    enum status status;
    char close = *parser->at++ == '{' ? '}' : '>';

    if (++parser->depth > PROTOTXT_MAX_DEPTH)
        return fail(parser, STATUS_LIMIT, "messages are nested more than 64 deep");
    field->kind = PROTOTXT_MESSAGE;
    status = parse_fields(parser, close, field);
    parser->depth--;
    return status;
}

/* protobuf's tokenizer takes a minus for a token of its own: blanks and comments may follow it. */
static enum status parse_scalar(struct parser *parser, const char **out)
{
    enum status status = parse_word(parser, "a value", out);
    const char *number;
    size_t size;
    char *text;

    if (status || strcmp(*out, "-") != 0)
        return status;
    if (peek(parser) == '-' || peek(parser) == '+')
        return fail_at(parser, "a number");
    status = parse_word(parser, "a number", &number);
    if (status)
        return status;
    size = strlen(number) + 1;
    text = arena_alloc(parser->arena, size + 1, 1);
    if (!text)
        return fail_memory(parser);
    text[0] = '-';
    memcpy(text + 1, number, size);
    *out = text;
    return STATUS_OK;
}

static enum status parse_value(struct parser *parser, bool colon, struct prototxt_field *field)
{
    char c = peek(parser);

    field->line = parser->line;
    if (c == '{' || c == '<')
        return parse_message(parser, field);
    if (!colon)
        return fail_at(parser, "':' or '{'");
    if (c == '"' || c == '\'') {
        field->kind = PROTOTXT_STRING;
        return parse_string(parser, &field->text);
    }
    field->kind = PROTOTXT_WORD;
    return parse_scalar(parser, &field->text);
}

static enum status append_field(struct parser *parser, const char *name, bool colon,
                                const struct prototxt_field ***tail)
{
    struct prototxt_field *field;
    enum status status;

    if (++parser->fields > PROTOTXT_MAX_FIELDS)
        return fail(parser, STATUS_LIMIT, "more than 1000000 fields");
    field = arena_alloc(parser->arena, 1, sizeof *field);
    if (!field)
        return fail_memory(parser);
    field->name = name;
    status = parse_value(parser, colon, field);
    if (status)
        return status;
    **tail = field;
    *tail = &field->next;
    return STATUS_OK;
}

static enum status parse_list(struct parser *parser, const char *name, bool colon,
                              const struct prototxt_field ***tail)
{
    enum status status;

    if (take(parser, ']'))
        return STATUS_OK;
    do {
        status = append_field(parser, name, colon, tail);
        if (status)
            return status;
    } while (take(parser, ','));
    return take(parser, ']') ? STATUS_OK : fail_at(parser, "',' or ']'");
}

static enum status parse_fields(struct parser *parser, char close, struct prototxt_field *message)
{
    const struct prototxt_field **tail = &message->first;

    for (;;) {
        const char *name;
        bool colon;
        enum status status;
        if (close ? take(parser, close) : peek(parser) == '\0' && parser->at == parser->end)
            return STATUS_OK;
        status = parse_word(parser, close ? "a field name or the closing bracket" : "a field name",
                            &name);
        if (status)
            return status;
        colon = take(parser, ':');
        status = take(parser, '[') ? parse_list(parser, name, colon, &tail)
                                   : append_field(parser, name, colon, &tail);
        if (status)
            return status;
        if (!take(parser, ','))
            take(parser, ';');
    }
}

enum status prototxt_parse(const char *file, const void *bytes, size_t size, struct prototxt **out,
                           struct error *error)
{
    struct parser parser = {.file = file, .at = bytes, .line = 1, .error = error};
    struct prototxt *prototxt;
    enum status status;

    *out = NULL;
    if (size > PROTOTXT_MAX_SIZE)
        return error_set(error, STATUS_LIMIT, "%s: is larger than 64 MB, too large for a prototxt",
                         file);
    prototxt = calloc(1, sizeof *prototxt);
    if (!prototxt)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", file);
    arena_init(&prototxt->arena, MEMORY_MAX);
    prototxt->root.name = "";
    prototxt->root.line = 1;
    parser.arena = &prototxt->arena;
    parser.end = parser.at + size;
    if (size >= 3 && !memcmp(parser.at, "\xef\xbb\xbf", 3))
        parser.at += 3;
    status = parse_fields(&parser, '\0', &prototxt->root);
    if (status)
        prototxt_free(prototxt);
    else
        *out = prototxt;
    return status;
}

void prototxt_free(struct prototxt *prototxt)
{
    if (!prototxt)
        return;
    arena_free(&prototxt->arena);
    free(prototxt);
}

const struct prototxt_field *prototxt_root(const struct prototxt *prototxt)
{
    return &prototxt->root;
}
