#include "daemon/reload.h"

#include <string.h>

#include "common/log.h"
#include "common/setting.h"

/* Sections and single settings whose every reader is the loop thread and reads them anew each
 * time. Texts and lists are left out: others keep pointers into them. */
static const char *const live[] = {
    "log_level",           "daemon.window",      "daemon.memory",        "daemon.drain",
    "fetch.concurrency",   "fetch.per_host",     "fetch.per_host_delay", "fetch.connect_timeout",
    "fetch.timeout",       "fetch.low_speed",    "fetch.low_speed_time", "fetch.max_bytes",
    "fetch.max_redirects", "retry.tries",        "retry.base",           "retry.cap",
    "carml.patience",      "pictures.max_bytes",
};

static bool is_live(const char *key)
{
    for (size_t i = 0; i < sizeof live / sizeof live[0]; i++)
        if (strcmp(live[i], key) == 0)
            return true;
    return false;
}

static size_t value_size(enum setting_type type)
{
    switch (type) {
    case SETTING_BOOL:
        return sizeof(bool);
    case SETTING_COUNT:
    case SETTING_DURATION:
    case SETTING_SIZE:
        return sizeof(int64_t);
    case SETTING_WORD:
        return sizeof(int);
    case SETTING_TEXT:
    case SETTING_LIST:
        break;
    }
    return 0;
}

static bool same_list(const struct config_list *a, const struct config_list *b)
{
    if (a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->items[i], b->items[i]) != 0)
            return false;
    return true;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same(const struct setting *setting, const void *a, const void *b)
{
    if (setting->type == SETTING_LIST)
        return same_list(a, b);
    if (setting->type == SETTING_TEXT)
        return same_text(*(char *const *)a, *(char *const *)b);
    return memcmp(a, b, value_size(setting->type)) == 0;
}

void reload_apply(struct config *config, const struct config *fresh)
{
    size_t count;
    const struct setting *rows = setting_table(&count);
    for (size_t i = 0; i < count; i++) {
        void *mine = (char *)config + rows[i].offset;
        const void *theirs = (const char *)fresh + rows[i].offset;
        if (same(&rows[i], mine, theirs))
            continue;
        if (is_live(rows[i].key)) {
            memcpy(mine, theirs, value_size(rows[i].type));
            log_notice("%s: changed", rows[i].key);
        } else {
            log_warning("%s: changed in the file; needs a restart", rows[i].key);
        }
    }
}
