#include "common/wordnet.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/buf.h"
#include "common/file.h"
#include "common/utf8.h"

enum {
    FILE_MAX = 64 << 20,
    PATH_SIZE = 4096,
    OFFSET_DIGITS = 8,
    WORD_MAX = 255,
    VERSION_SIZE = 16
};

#define UNKNOWN UINT32_MAX

/* A line while it is checked. Pointers to nouns are kept until all synsets are known. */
struct place {
    uint32_t line, first_pointer, pointer_count;
};

struct pointer {
    uint32_t offset;
    bool up; /* to a hypernym */
};

struct wordnet {
    char path[PATH_SIZE];
    char version[VERSION_SIZE]; /* as the header says; "" when it does not */
    struct buf text, synsets, places, pointers, parents;
    size_t count, pointer_count, edges;
};

static struct wordnet_synset *synset_at(const struct wordnet *wordnet, size_t i)
{
    return (struct wordnet_synset *)(void *)wordnet->synsets.data + i;
}

static const struct place *place_at(const struct wordnet *wordnet, size_t i)
{
    return (const struct place *)(const void *)wordnet->places.data + i;
}

static const struct pointer *pointer_at(const struct wordnet *wordnet, size_t i)
{
    return (const struct pointer *)(const void *)wordnet->pointers.data + i;
}

/* ---- one line ------------------------------------------------------------------------------- */

/* Fields are separated by one blank each. */
struct cursor {
    char *at, *end;
    const struct wordnet *wordnet;
    uint32_t line;
    struct error *error;
};

static enum status refuse(const struct cursor *cursor, const char *what)
{
    return error_set(cursor->error, STATUS_DATA,
                     "%s:%u: %s; it is not the data.noun of WordNet, or a damaged one",
                     cursor->wordnet->path, cursor->line, what);
}

/* Ends the field in place; NULL at the end of the line. */
static char *next_field(struct cursor *cursor)
{
    char *field = cursor->at;
    if (field >= cursor->end)
        return NULL;
    char *blank = memchr(field, ' ', (size_t)(cursor->end - field));
    if (!blank)
        blank = cursor->end;
    *blank = '\0';
    cursor->at = blank + 1;
    return field;
}

/* A number of exactly that many digits. */
static bool next_number(struct cursor *cursor, int base, size_t digits, uint32_t *value)
{
    const char *field = next_field(cursor);
    if (!field || strlen(field) != digits)
        return false;
    for (const char *c = field; *c; c++)
        if (base == 16 ? !isxdigit((unsigned char)*c) : !isdigit((unsigned char)*c))
            return false;
    *value = (uint32_t)strtoul(field, NULL, base);
    return true;
}

static enum status read_head(struct cursor *cursor, size_t offset, uint32_t *words)
{
    uint32_t declared, lexicographer;
    if (!next_number(cursor, 10, OFFSET_DIGITS, &declared))
        return refuse(cursor, "no byte offset of 8 digits");
    if (declared != offset)
        return error_set(cursor->error, STATUS_DATA,
                         "%s:%u: stands at byte %zu and says %08u; the file was changed, give the "
                         "original",
                         cursor->wordnet->path, cursor->line, offset, declared);
    if (!next_number(cursor, 10, 2, &lexicographer))
        return refuse(cursor, "no number of a lexicographer's file");
    const char *type = next_field(cursor);
    if (!type || strcmp(type, "n") != 0)
        return refuse(cursor, "not a noun");
    return next_number(cursor, 16, 2, words) && *words > 0
               ? STATUS_OK
               : refuse(cursor, "no hexadecimal number of words");
}

/* *name: the first of them. */
static enum status read_words(struct cursor *cursor, uint32_t words, const char **name)
{
    for (uint32_t i = 0; i < words; i++) {
        char *word = next_field(cursor);
        const char *id = next_field(cursor);
        if (!word || !*word || strlen(word) > WORD_MAX || !utf8_valid(word) || !id || !id[0] ||
            id[1] || !isxdigit((unsigned char)id[0]))
            return refuse(cursor, "fewer words than it says, or none that can be read");
        for (char *c = word; *c; c++)
            *c = *c == '_' ? ' ' : *c;
        if (i == 0)
            *name = word;
    }
    return STATUS_OK;
}

static enum status read_pointer(struct cursor *cursor, struct wordnet *wordnet)
{
    uint32_t which;
    struct pointer pointer = {0};
    const char *symbol = next_field(cursor);
    bool good = symbol && *symbol && next_number(cursor, 10, OFFSET_DIGITS, &pointer.offset);
    const char *part = good ? next_field(cursor) : NULL;
    if (!part || strlen(part) != 1 || !strchr("nvasr", *part) ||
        !next_number(cursor, 16, 4, &which))
        return refuse(cursor, "fewer pointers than it says, or none that can be read");
    if (*part != 'n')
        return STATUS_OK;
    pointer.up = strcmp(symbol, "@") == 0 || strcmp(symbol, "@i") == 0;
    wordnet->edges += pointer.up;
    wordnet->pointer_count++;
    return buf_append(&wordnet->pointers, &pointer, sizeof pointer);
}

static enum status read_pointers(struct cursor *cursor, struct wordnet *wordnet)
{
    uint32_t pointers;
    if (!next_number(cursor, 10, 3, &pointers))
        return refuse(cursor, "no number of pointers");
    enum status status = STATUS_OK;
    for (uint32_t i = 0; !status && i < pointers; i++)
        status = read_pointer(cursor, wordnet);
    if (status)
        return status;
    const char *bar = next_field(cursor);
    return bar && strcmp(bar, "|") == 0 ? STATUS_OK : refuse(cursor, "no '|' before the gloss");
}

static enum status read_synset(struct cursor *cursor, struct wordnet *wordnet, size_t offset)
{
    uint32_t words;
    struct wordnet_synset synset = {0};
    struct place place = {.line = cursor->line, .first_pointer = (uint32_t)wordnet->pointer_count};
    enum status status = read_head(cursor, offset, &words);
    if (!status)
        status = read_words(cursor, words, &synset.name);
    if (!status)
        status = read_pointers(cursor, wordnet);
    if (status)
        return status;
    place.pointer_count = (uint32_t)wordnet->pointer_count - place.first_pointer;
    snprintf(synset.wnid, sizeof synset.wnid, "n%08zu", offset);
    status = buf_append(&wordnet->synsets, &synset, sizeof synset);
    if (!status)
        status = buf_append(&wordnet->places, &place, sizeof place);
    wordnet->count += !status;
    return status;
}

/* ---- the file ------------------------------------------------------------------------------- */

/* Lines of the header begin with two blanks; one of them says "WordNet 3.0 Copyright". */
static void read_header(struct wordnet *wordnet, char *line, char *end)
{
    static const char word[] = "WordNet ";
    *end = '\0';
    const char *at = strstr(line, word);
    if (!at || *wordnet->version)
        return;
    at += sizeof word - 1;
    size_t length = strspn(at, "0123456789.");
    if (length > 0 && length < VERSION_SIZE)
        snprintf(wordnet->version, VERSION_SIZE, "%.*s", (int)length, at);
}

static enum status read_lines(struct wordnet *wordnet, struct error *error)
{
    char *start = wordnet->text.data, *end = start ? start + wordnet->text.size : NULL;
    struct cursor cursor = {.wordnet = wordnet, .error = error};
    enum status status = STATUS_OK;
    for (char *line = start; start && !status && line < end; line = cursor.end + 1) {
        cursor.at = line;
        cursor.line++;
        cursor.end = memchr(line, '\n', (size_t)(end - line));
        if (!cursor.end)
            return refuse(&cursor, "the file ends within the line");
        if (memchr(line, '\0', (size_t)(cursor.end - line)))
            return refuse(&cursor, "a byte with the value 0");
        if (strncmp(line, "  ", 2) == 0)
            read_header(wordnet, line, cursor.end);
        else
            status = read_synset(&cursor, wordnet, (size_t)(line - start));
    }
    if (!status && wordnet->count == 0)
        status = error_set(error, STATUS_DATA, "%s: holds no synset; give WordNet's data.noun",
                           wordnet->path);
    return status;
}

static int compare_wnid(const void *key, const void *synset)
{
    return strcmp(key, ((const struct wordnet_synset *)synset)->wnid);
}

const struct wordnet_synset *wordnet_find(const struct wordnet *wordnet, const char *wnid)
{
    return bsearch(wnid, wordnet->synsets.data, wordnet->count, sizeof(struct wordnet_synset),
                   compare_wnid);
}

/* The place of the synset that a pointer leads to; UNKNOWN when there is none. */
static uint32_t follow(const struct wordnet *wordnet, const struct pointer *pointer)
{
    char wnid[WNID_SIZE];
    snprintf(wnid, sizeof wnid, "n%08u", pointer->offset);
    const struct wordnet_synset *found = wordnet_find(wordnet, wnid);
    return found ? (uint32_t)(found - synset_at(wordnet, 0)) : UNKNOWN;
}

/* Ids ascend because they are the places of the lines. */
static enum status join(struct wordnet *wordnet, struct error *error)
{
    char *room;
    enum status status =
        buf_reserve(&wordnet->parents, (wordnet->edges + 1) * sizeof(uint32_t), &room);
    if (status)
        return status;
    uint32_t *next = (uint32_t *)(void *)room;
    for (size_t i = 0; i < wordnet->count; i++) {
        const struct place *place = place_at(wordnet, i);
        struct wordnet_synset *synset = synset_at(wordnet, i);
        synset->parents = next;
        for (uint32_t k = 0; k < place->pointer_count; k++) {
            const struct pointer *pointer = pointer_at(wordnet, place->first_pointer + k);
            uint32_t target = follow(wordnet, pointer);
            if (target == UNKNOWN)
                return error_set(error, STATUS_DATA,
                                 "%s:%u: points to %08u, where no synset begins; the file is "
                                 "damaged or cut short",
                                 wordnet->path, place->line, pointer->offset);
            if (pointer->up)
                *next++ = target;
        }
        synset->parent_count = (size_t)(next - synset->parents);
    }
    return STATUS_OK;
}

/* A way up from a synset: which of its parents comes next. */
struct step {
    uint32_t synset, parent;
};

/* Goes up from `start` over what was not seen yet. UNKNOWN, or a synset that is above itself. */
static uint32_t find_cycle(const struct wordnet *wordnet, uint32_t start, unsigned char *seen,
                           struct step *steps)
{
    enum { NEW, OPEN, DONE };
    size_t depth = 0;
    if (seen[start] == NEW) {
        seen[start] = OPEN;
        steps[depth++] = (struct step){start, 0};
    }
    while (depth) {
        struct step *top = &steps[depth - 1];
        const struct wordnet_synset *synset = synset_at(wordnet, top->synset);
        if (top->parent == synset->parent_count) {
            seen[top->synset] = DONE;
            depth--;
            continue;
        }
        uint32_t parent = synset->parents[top->parent++];
        if (seen[parent] == OPEN)
            return parent;
        if (seen[parent] == NEW) {
            seen[parent] = OPEN;
            steps[depth++] = (struct step){parent, 0};
        }
    }
    return UNKNOWN;
}

static enum status check_cycles(const struct wordnet *wordnet, struct error *error)
{
    unsigned char *seen = calloc(wordnet->count, 1);
    struct step *steps = calloc(wordnet->count, sizeof *steps);
    uint32_t cycle = UNKNOWN;
    for (uint32_t i = 0; seen && steps && cycle == UNKNOWN && i < wordnet->count; i++)
        cycle = find_cycle(wordnet, i, seen, steps);
    enum status status = seen && steps ? STATUS_OK : STATUS_MEMORY;
    if (cycle != UNKNOWN)
        status = error_set(error, STATUS_DATA,
                           "%s:%u: %s is a hypernym of itself; the file was changed, give the "
                           "original",
                           wordnet->path, place_at(wordnet, cycle)->line,
                           synset_at(wordnet, cycle)->wnid);
    free(seen);
    free(steps);
    return status;
}

/* The folder's data.noun, or the file itself. */
static enum status set_path(struct wordnet *wordnet, const char *path, struct error *error)
{
    struct stat info;
    bool folder = stat(path, &info) == 0 && S_ISDIR(info.st_mode);
    int size = snprintf(wordnet->path, PATH_SIZE, "%s%s", path, folder ? "/data.noun" : "");
    if (size < 0 || size >= PATH_SIZE)
        return error_set(error, STATUS_IO, "%.100s...: the path is too long", path);
    return STATUS_OK;
}

enum status wordnet_read(const char *path, struct wordnet **out, struct error *error)
{
    *out = NULL;
    struct wordnet *wordnet = calloc(1, sizeof *wordnet);
    if (!wordnet)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    buf_init(&wordnet->text, FILE_MAX);
    struct buf *const tables[] = {&wordnet->synsets, &wordnet->places, &wordnet->pointers,
                                  &wordnet->parents};
    /* A synset or pointer takes a dozen bytes of the file and at most 48 here. */
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        buf_init(tables[i], 4 * (size_t)FILE_MAX);
    enum status status = set_path(wordnet, path, error);
    if (!status)
        status = file_read(wordnet->path, &wordnet->text, error);
    if (!status)
        status = read_lines(wordnet, error);
    if (!status)
        status = join(wordnet, error);
    if (!status)
        status = check_cycles(wordnet, error);
    if (status == STATUS_MEMORY)
        (void)error_set(error, status, "%s: out of memory", wordnet->path);
    if (status) {
        wordnet_free(wordnet);
        return status;
    }
    *out = wordnet;
    return STATUS_OK;
}

void wordnet_free(struct wordnet *wordnet)
{
    if (!wordnet)
        return;
    buf_free(&wordnet->text);
    buf_free(&wordnet->synsets);
    buf_free(&wordnet->places);
    buf_free(&wordnet->pointers);
    buf_free(&wordnet->parents);
    free(wordnet);
}

const struct wordnet_synset *wordnet_synsets(const struct wordnet *wordnet, size_t *count)
{
    *count = wordnet->count;
    return synset_at(wordnet, 0);
}

size_t wordnet_edges(const struct wordnet *wordnet)
{
    return wordnet->edges;
}

/* The four bears of ILSVRC 2012 are below the bear. */
enum status wordnet_check_version(const struct wordnet *wordnet, struct error *error)
{
    static const struct {
        const char *wnid, *name;
    } bears[] = {{"n02132136", "brown bear"},
                 {"n02133161", "American black bear"},
                 {"n02134084", "ice bear"},
                 {"n02134418", "sloth bear"}};
    const struct wordnet_synset *bear = wordnet_find(wordnet, "n02131653");
    bool good = bear && strcmp(bear->name, "bear") == 0;
    for (size_t i = 0; good && i < sizeof bears / sizeof bears[0]; i++) {
        const struct wordnet_synset *kind = wordnet_find(wordnet, bears[i].wnid);
        good = kind && strcmp(kind->name, bears[i].name) == 0 && kind->parent_count == 1 &&
               kind->parents[0] == (uint32_t)(bear - synset_at(wordnet, 0));
    }
    if (good)
        return STATUS_OK;
    return error_set(error, STATUS_DATA,
                     "%s: not WordNet 3.0, whose offsets are ImageNet's ids (%s%s): install "
                     "Debian's wordnet-base, or give its data.noun",
                     wordnet->path, *wordnet->version ? "its header says " : "no version in it",
                     wordnet->version);
}
