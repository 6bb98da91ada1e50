#include "tests/lib/carml_mischief.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const words[] = {
#define X(name, word, text) word,
    MISCHIEF_MAP(X)
#undef X
};

static bool parse_kind(const char *word, size_t length, enum mischief_kind *kind)
{
    for (size_t i = 0; i < MISCHIEF_KINDS; i++)
        if (strlen(words[i]) == length && !strncmp(words[i], word, length)) {
            *kind = (enum mischief_kind)i;
            return true;
        }
    return false;
}

/* Reads ":NUMBER" or ":every=N" and the like at *at; false when it is neither. */
static bool parse_part(const char **at, struct mischief_rule *rule)
{
    const struct {
        const char *name;
        unsigned long *value;
    } parts[] = {
        {"every=", &rule->every},
        {"first=", &rule->first},
        {"after=", &rule->after},
        {"", &rule->number},
    };
    const char *part = *at + 1;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        size_t length = strlen(parts[i].name);
        char *end;
        if (strncmp(part, parts[i].name, length) || !isdigit((unsigned char)part[length]))
            continue;
        *parts[i].value = strtoul(part + length, &end, 10);
        *at = end;
        return *end == '\0' || *end == ':';
    }
    return false;
}

enum status mischief_add(struct mischief *mischief, const char *text, struct error *error)
{
    struct mischief_rule rule = {0};
    size_t length = strcspn(text, ":");
    const char *at = text + length;
    bool good = parse_kind(text, length, &rule.kind);
    while (good && *at)
        good = parse_part(&at, &rule);
    if (!good)
        return error_set(error, STATUS_USAGE,
                         "misbehave: '%s' is not KIND[:NUMBER][:every=N|:first=N|:after=N]; see "
                         "--help for the kinds",
                         text);
    if (rule.kind == MISCHIEF_NONE) {
        mischief->count = 0;
        return STATUS_OK;
    }
    if (mischief->count == MISCHIEF_RULES)
        return error_set(error, STATUS_LIMIT, "misbehave: at most %d rules; send none first",
                         MISCHIEF_RULES);
    mischief->rules[mischief->count++] = rule;
    return STATUS_OK;
}

static bool holds(struct mischief_rule *rule)
{
    rule->calls++;
    if (rule->every)
        return rule->calls % rule->every == 0;
    if (rule->first)
        return rule->calls <= rule->first;
    return rule->calls > rule->after;
}

static const struct mischief_rule *find(struct mischief *mischief, bool open)
{
    const struct mischief_rule *found = NULL;
    for (size_t i = 0; i < mischief->count; i++) {
        struct mischief_rule *rule = &mischief->rules[i];
        if ((rule->kind == MISCHIEF_DELAY_OPEN) == open && holds(rule) && !found)
            found = rule;
    }
    return found;
}

const struct mischief_rule *mischief_for_predict(struct mischief *mischief)
{
    return find(mischief, false);
}

const struct mischief_rule *mischief_for_open(struct mischief *mischief)
{
    return find(mischief, true);
}

void mischief_describe(void)
{
#define X(name, word, text) printf("  %-24s %s\n", word, text);
    MISCHIEF_MAP(X)
#undef X
}
