#include "common/setting.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/word.h"

enum { LIST_MAX = 1024, TEXT_MAX = 4096 };

struct unit {
    const char *name;
    int64_t factor;
};

/* The largest last: formatting takes the largest that divides. */
static const struct unit durations[] = {
    {"ms", 1}, {"s", 1000}, {"min", 60000}, {"h", 3600000}, {NULL, 0}};
static const struct unit sizes[] = {
    {"B", 1}, {"KiB", 1024}, {"MiB", 1048576}, {"GiB", 1073741824}, {NULL, 0}};

static void *field(struct config *config, const struct setting *setting)
{
    return (char *)config + setting->offset;
}

/* A whole number and a unit. Without a unit it counts `plain` each; where `plain` is 0 only the
 * number 0 may stand alone, since "30" would leave open thirty of what. */
static bool parse_quantity(const char *text, const struct unit *units, int64_t plain,
                           int64_t *value)
{
    char *end;
    errno = 0;
    int64_t number = strtoll(text, &end, 10);
    if (end == text || errno || number < 0)
        return false;
    while (*end == ' ')
        end++;
    if (!*end) {
        *value = number;
        return number == 0 || plain == 1;
    }
    for (; units && units->name; units++)
        if (strcmp(end, units->name) == 0)
            return !__builtin_mul_overflow(number, units->factor, value);
    return false;
}

static bool parse_bool(const char *text, bool *value)
{
    static const char *const yes[] = {"true", "yes", "on"};
    static const char *const no[] = {"false", "no", "off"};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, yes[i]) == 0 || strcmp(text, no[i]) == 0) {
            *value = strcmp(text, yes[i]) == 0;
            return true;
        }
    }
    return false;
}

static bool is_text(const struct setting *setting, const char *text)
{
    return strlen(text) <= TEXT_MAX && setting_form_fits((enum setting_form)setting->minimum, text);
}

static enum status set_text(const struct setting *setting, const char *text, char **place)
{
    if (!is_text(setting, text))
        return STATUS_CONFIG;
    char *copy = strdup(text);
    if (!copy)
        return STATUS_MEMORY;
    free(*place);
    *place = copy;
    return STATUS_OK;
}

static enum status set_word(const struct setting *setting, const char *text, int *place)
{
    for (int i = 0; setting->words[i]; i++)
        if (strcmp(setting->words[i], text) == 0) {
            *place = i;
            return STATUS_OK;
        }
    return STATUS_CONFIG;
}

static enum status set_number(const struct setting *setting, const char *text, int64_t *place)
{
    const struct unit *units = setting->type == SETTING_DURATION ? durations
                               : setting->type == SETTING_SIZE   ? sizes
                                                                 : NULL;
    int64_t value;
    if (!parse_quantity(text, units, setting->type == SETTING_DURATION ? 0 : 1, &value))
        return STATUS_CONFIG;
    if (value < setting->minimum || value > setting->maximum)
        return STATUS_CONFIG;
    *place = value;
    return STATUS_OK;
}

enum status setting_set(struct config *config, const struct setting *setting, const char *text)
{
    void *place = field(config, setting);
    switch (setting->type) {
    case SETTING_BOOL:
        return parse_bool(text, place) ? STATUS_OK : STATUS_CONFIG;
    case SETTING_TEXT:
        return set_text(setting, text, place);
    case SETTING_WORD:
        return set_word(setting, text, place);
    case SETTING_LIST:
        return STATUS_CONFIG;
    default:
        return set_number(setting, text, place);
    }
}

void setting_clear(struct config *config, const struct setting *setting)
{
    struct config_list *list = field(config, setting);
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i]);
    free(list->items);
    *list = (struct config_list){0};
}

enum status setting_add(struct config *config, const struct setting *setting, const char *text)
{
    struct config_list *list = field(config, setting);
    if (list->count >= LIST_MAX || !is_text(setting, text))
        return STATUS_CONFIG;
    char *copy = strdup(text);
    char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (items)
        list->items = items;
    if (!items || !copy) {
        free(copy);
        return STATUS_MEMORY;
    }
    list->items[list->count++] = copy;
    return STATUS_OK;
}

static void format_quantity(int64_t value, const struct unit *units, char *text, size_t size)
{
    const struct unit *best = units;
    for (const struct unit *unit = units; unit->name; unit++)
        if (value != 0 && value % unit->factor == 0)
            best = unit;
    snprintf(text, size, "%" PRId64 "%s", value / best->factor, best->name);
}

void setting_format_duration(int64_t ms, char *text, size_t size)
{
    format_quantity(ms, durations, text, size);
}

void setting_format_size(int64_t bytes, char *text, size_t size)
{
    format_quantity(bytes, sizes, text, size);
}

static void expect_words(const struct setting *setting, char *text, size_t size)
{
    size_t used = (size_t)snprintf(text, size, "one of");
    for (int i = 0; setting->words[i] && used < size; i++)
        used += (size_t)snprintf(text + used, size - used, "%s %s", i ? "," : "",
                                 *setting->words[i] ? setting->words[i] : "\"\"");
}

static const struct {
    const char *one, *many;
} forms[] = {
    [SETTING_FORM_ANY] = {"a text", "a list of texts"},
    [SETTING_FORM_PATH] = {"the path of a file", "a list of paths"},
    [SETTING_FORM_WEB] = {"an http or https URL or \"\"", "a list of http or https URLs"},
    [SETTING_FORM_RANGE] = {"an address range", "a list of address ranges such as 10.1.0.0/16 or "
                                                "fd00::/8, with zeros behind the prefix"},
    [SETTING_FORM_PORT] = {"a port", "a list of ports from 1 to 65535, or \"*\""},
    [SETTING_FORM_SHA256] = {"a SHA-256", "a list of SHA-256 sums of 64 hexadecimal digits"},
};

void setting_expectation(const struct setting *setting, char *text, size_t size)
{
    char low[32], high[32];
    switch (setting->type) {
    case SETTING_BOOL:
        snprintf(text, size, "true or false");
        break;
    case SETTING_TEXT:
        snprintf(text, size, "%s", forms[setting->minimum].one);
        break;
    case SETTING_LIST:
        snprintf(text, size, "%s", forms[setting->minimum].many);
        break;
    case SETTING_WORD:
        expect_words(setting, text, size);
        break;
    case SETTING_COUNT:
        snprintf(text, size, "a whole number from %" PRId64 " to %" PRId64, setting->minimum,
                 setting->maximum);
        break;
    case SETTING_DURATION:
        setting_format_duration(setting->minimum, low, sizeof low);
        setting_format_duration(setting->maximum, high, sizeof high);
        snprintf(text, size, "a duration such as 500ms, 30s or 5min, from %s to %s", low, high);
        break;
    case SETTING_SIZE:
        setting_format_size(setting->minimum, low, sizeof low);
        setting_format_size(setting->maximum, high, sizeof high);
        snprintf(text, size, "a size such as 64KiB or 32MiB, from %s to %s", low, high);
        break;
    }
}

const struct setting *setting_find(const char *key)
{
    size_t count;
    const struct setting *table = setting_table(&count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].key, key) == 0)
            return &table[i];
    return NULL;
}

const char *setting_nearest(const char *key)
{
    size_t count;
    const struct setting *table = setting_table(&count);
    const struct setting *best = &table[0];
    for (size_t i = 1; i < count; i++)
        if (word_distance(key, table[i].key) < word_distance(key, best->key))
            best = &table[i];
    return best->key;
}
