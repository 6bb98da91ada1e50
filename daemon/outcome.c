#include "daemon/outcome.h"

#include <stdlib.h>
#include <string.h>

enum { STRING_MAX = 4096 };

/* Where the strings of a store_outcome are. A URL has its own ceiling (URL_MAX) but what a picture
 * was finally fetched from is for reading only, so the cut is allowed there too. */
#define PREDICTION(n) offsetof(struct store_outcome, predictions[n].label)
static const size_t strings[] = {
    offsetof(struct store_outcome, picture.sha256),
    offsetof(struct store_outcome, picture.kind),
    offsetof(struct store_outcome, picture.final_url),
    offsetof(struct store_outcome, producer.backend),
    offsetof(struct store_outcome, producer.detail),
    offsetof(struct store_outcome, producer.manifest_sha256),
    offsetof(struct store_outcome, producer.model_sha256),
    offsetof(struct store_outcome, producer.preprocessing),
    offsetof(struct store_outcome, sent_as),
    offsetof(struct store_outcome, detail),
    PREDICTION(0),
    PREDICTION(1),
    PREDICTION(2),
};
enum { STRING_COUNT = sizeof strings / sizeof strings[0] };

static const char **string_at(struct store_outcome *record, size_t offset)
{
    return (const char **)(void *)((char *)record + offset);
}

struct outcome *outcome_copy(const struct store_outcome *record, void *owner)
{
    struct store_outcome copy = *record;
    size_t lengths[STRING_COUNT], total = 0;
    for (size_t i = copy.prediction_count; i < 3; i++)
        copy.predictions[i].label = NULL;
    for (size_t i = 0; i < STRING_COUNT; i++) {
        const char *text = *string_at(&copy, strings[i]);
        lengths[i] = text ? strnlen(text, STRING_MAX) : 0;
        total += text ? lengths[i] + 1 : 0;
    }
    struct outcome *outcome = malloc(sizeof *outcome + total);
    if (!outcome)
        return NULL;
    char *end = (char *)(outcome + 1);
    for (size_t i = 0; i < STRING_COUNT; i++) {
        const char **text = string_at(&copy, strings[i]);
        if (!*text)
            continue;
        memcpy(end, *text, lengths[i]);
        end[lengths[i]] = '\0';
        *text = end;
        end += lengths[i] + 1;
    }
    outcome->record = copy;
    outcome->owner = owner;
    outcome->next = NULL;
    return outcome;
}

void outcome_list_init(struct outcome_list *list)
{
    list->first = NULL;
    list->end = &list->first;
    list->count = 0;
}

void outcome_list_push(struct outcome_list *list, struct outcome *outcome)
{
    outcome->next = NULL;
    *list->end = outcome;
    list->end = &outcome->next;
    list->count++;
}

struct outcome *outcome_list_shift(struct outcome_list *list)
{
    struct outcome *outcome = list->first;
    list->first = outcome->next;
    if (!list->first)
        list->end = &list->first;
    list->count--;
    return outcome;
}

void outcome_free_all(struct outcome *first)
{
    for (struct outcome *next; first; first = next) {
        next = first->next;
        free(first);
    }
}
