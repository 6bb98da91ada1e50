#include "common/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/setting.h"
#include "common/yaml.h"

#define MS(n) ((int64_t)(n))
#define SECONDS(n) ((int64_t)(n)*1000)
#define HOURS(n) (SECONDS(n) * 3600)
#define KIB(n) ((int64_t)(n)*1024)
#define MIB(n) (KIB(n) * 1024)
#define GIB(n) (MIB(n) * 1024)

#define DEFAULT_FILE CARMLBENCH_SYSCONFDIR "/carmlbench/carmlbench.yml"

static const char *const backend_words[] = {"auto", "carml", "local", NULL};
static const char *const generation_words[] = {"auto", "a", "b", NULL};
static const char *const send_words[] = {"auto", "images", "upload", "url", NULL};
static const char *const fallback_words[] = {"none", "local", NULL};
static const char *const level_words[] = {"error", "warning", "notice", "info", "debug", NULL};
/* The levels that both generations of CarML know. */
static const char *const trace_words[] = {"NO_TRACE", "FRAMEWORK_TRACE", "HARDWARE_TRACE",
                                          "FULL_TRACE", NULL};
static const char *const device_words[] = {"", "cpu", "gpu", NULL};

#define AT(member) offsetof(struct config, member)

static const struct setting table[] = {
    {"database", SETTING_TEXT, AT(database), SETTING_FORM_PATH, 0,
     CARMLBENCH_STATEDIR "/carmlbench.db", NULL,
     "The SQLite file that holds queue and results. Its folder must be writable: SQLite keeps its\n"
     "log, and carmlbenchd its lock, beside it."},
    {"log_level", SETTING_WORD, AT(log_level), 0, 0, "notice", level_words,
     "How much carmlbenchd writes to stderr, which systemd puts into the journal."},
    {"defaults.models", SETTING_LIST, AT(defaults.models), 0, 0, "shapes", NULL,
     "Models that `carmlbench enqueue` asks when it is given no --model: NAME or NAME:VERSION."},
    {"defaults.backend", SETTING_WORD, AT(defaults.backend), 0, 0, "auto", backend_words,
     "Who is asked when `enqueue` is given no --backend. auto: the CarML server when carml.url is\n"
     "set, else the local engine."},
    {"models.path", SETTING_LIST, AT(models.path), SETTING_FORM_PATH, 0,
     CARMLBENCH_SYSCONFDIR "/carmlbench/models " CARMLBENCH_DATADIR "/models", NULL,
     "Folders with model manifests (*.yml as CarML writes them), searched in this order. The "
     "folder\n"
     "`models` beside the database, where `carmlbench model add` puts them, is always first."},
    {"daemon.workers", SETTING_COUNT, AT(daemon.workers), 0, 256, "0", NULL,
     "Threads that check pictures and run the local engine. 0: one for each CPU, at least 2."},
    {"daemon.window", SETTING_COUNT, AT(daemon.window), 1, 100000, "1024", NULL,
     "URLs under lease at the same time; what a crash makes the daemon do again at most."},
    {"daemon.memory", SETTING_SIZE, AT(daemon.memory), MIB(1), GIB(64), "256MiB", NULL,
     "Bytes of pictures held in memory at the same time. Downloads wait when it is used up."},
    {"daemon.drain", SETTING_DURATION, AT(daemon.drain_ms), 0, HOURS(1), "30s", NULL,
     "How long SIGTERM waits for work in flight before it is given back to the queue."},
    {"fetch.concurrency", SETTING_COUNT, AT(fetch.concurrency), 1, 10000, "128", NULL,
     "Downloads in flight."},
    {"fetch.per_host", SETTING_COUNT, AT(fetch.per_host), 1, 10000, "8", NULL,
     "Downloads in flight from one host."},
    {"fetch.per_host_delay", SETTING_DURATION, AT(fetch.per_host_delay_ms), 0, HOURS(1), "0ms",
     NULL, "Pause between two starts on one host."},
    {"fetch.connect_timeout", SETTING_DURATION, AT(fetch.connect_timeout_ms), MS(1), HOURS(1),
     "10s", NULL, "Name look-up, connection and TLS handshake together."},
    {"fetch.timeout", SETTING_DURATION, AT(fetch.timeout_ms), MS(1), HOURS(24), "60s", NULL,
     "The whole download, redirects included."},
    {"fetch.low_speed", SETTING_SIZE, AT(fetch.low_speed), 0, GIB(1), "100B", NULL,
     "Bytes a second below which a download counts as stalled."},
    {"fetch.low_speed_time", SETTING_DURATION, AT(fetch.low_speed_ms), SECONDS(1), HOURS(1), "15s",
     NULL, "How long a download may stay below fetch.low_speed (whole seconds)."},
    {"fetch.max_bytes", SETTING_SIZE, AT(fetch.max_bytes), KIB(1), GIB(1), "32MiB", NULL,
     "Largest body; counted while it arrives, whatever the server announces."},
    {"fetch.max_redirects", SETTING_COUNT, AT(fetch.max_redirects), 0, 20, "5", NULL,
     "Redirects followed; each one's address is checked again."},
    {"fetch.user_agent", SETTING_TEXT, AT(fetch.user_agent), 0, 0, "carmlbench/" CARMLBENCH_VERSION,
     NULL, "User-Agent header of the downloads."},
    {"fetch.allow_addresses", SETTING_LIST, AT(fetch.allow_addresses), SETTING_FORM_RANGE, 0, "",
     NULL,
     "Ranges (CIDR, such as 10.1.0.0/16 or ::1/128) that URLs may lead to although they are not\n"
     "public. Everything else that is private, local or reserved is refused."},
    {"fetch.ports", SETTING_LIST, AT(fetch.ports), SETTING_FORM_PORT, 0, "", NULL,
     "Ports that URLs may name besides 80 and 443; \"*\" for any."},
    {"fetch.verify_tls", SETTING_BOOL, AT(fetch.verify_tls), 0, 0, "true", NULL,
     "Whether certificates of https URLs must be valid."},
    {"validate.max_side", SETTING_COUNT, AT(validate.max_side), 1, 65500, "16384", NULL,
     "Longest side of a picture in pixels."},
    {"validate.max_pixels", SETTING_COUNT, AT(validate.max_pixels), 1, 1000000000, "50000000", NULL,
     "Most pixels of a picture."},
    {"validate.max_expansion", SETTING_COUNT, AT(validate.max_expansion), 1, 1000000, "2000", NULL,
     "Most pixels for each byte of the file; more is a decompression bomb."},
    {"validate.max_scans", SETTING_COUNT, AT(validate.max_scans), 1, 10000, "64", NULL,
     "Most scans of a progressive JPEG."},
    {"validate.max_memory", SETTING_SIZE, AT(validate.max_memory), MIB(1), GIB(4), "256MiB", NULL,
     "Memory that decoding one picture may use."},
    {"validate.accept_truncated", SETTING_BOOL, AT(validate.accept_truncated), 0, 0, "false", NULL,
     "Whether a JPEG whose end is missing is sent on, as CarML's own agents do (the missing part "
     "is\n"
     "grey), instead of failing with reason `truncated`."},
    {"validate.placeholders", SETTING_LIST, AT(validate.placeholders), SETTING_FORM_SHA256, 0, "",
     NULL,
     "SHA-256 of pictures known to stand for a deleted photo. Results on them are marked. A "
     "picture\n"
     "that ten or more URLs of a run answered with is marked in any case."},
    {"pictures.folder", SETTING_TEXT, AT(pictures.folder), 0, 0, "", NULL,
     "Folder in which the pictures that models were asked about are kept, each once, under its\n"
     "SHA-256: for the thumbnails of `carmlbench report --html`, and to look a result up. Empty:\n"
     "none is kept. They are other people's pictures: see to it that you may store them, and who\n"
     "may read the folder. Under systemd it must be below the state directory, or be named by\n"
     "ReadWritePaths=. A picture that cannot be kept costs no job; it is said and counted."},
    {"pictures.max_bytes", SETTING_SIZE, AT(pictures.max_bytes), KIB(4), GIB(1 << 20), "10GiB",
     NULL,
     "Ceiling of that folder, where each file counts in whole blocks of 4 KiB. When it is reached\n"
     "no more pictures are kept, which is said once; nothing is ever deleted. SIGHUP looks anew."},
    {"retry.tries", SETTING_COUNT, AT(retry.tries), 1, 100, "5", NULL,
     "How often a job is tried, the first time included, before it fails for good. Permanent\n"
     "reasons (404, not a picture, address refused, ...) are not tried again."},
    {"retry.base", SETTING_DURATION, AT(retry.base_ms), 0, HOURS(1), "1s", NULL,
     "Before try n+1 a job waits a random time up to base * 2^(n-1) (full jitter) ..."},
    {"retry.cap", SETTING_DURATION, AT(retry.cap_ms), 0, HOURS(24), "5min", NULL,
     "... but never longer than this."},
    {"carml.url", SETTING_TEXT, AT(carml.url), SETTING_FORM_WEB, 0, "", NULL,
     "Base URL of the CarML server, such as http://carml.example.org:8088. Empty: there is none."},
    {"carml.generation", SETTING_WORD, AT(carml.generation), 0, 0, "auto", generation_words,
     "Which server generation: a (2017-2018), b (2018-2020), auto: told from the answers."},
    {"carml.send", SETTING_WORD, AT(carml.send), 0, 0, "auto", send_words,
     "How a picture travels: images (its bytes, base64), upload (its bytes, tus, then the URL of "
     "the\n"
     "upload), url (its URL: the server downloads again). auto: the first of the three that "
     "works."},
    {"carml.concurrency", SETTING_COUNT, AT(carml.concurrency), 1, 1000, "8", NULL,
     "Most pictures asked about at the same time. The daemon goes lower by itself when the server\n"
     "cannot stand it."},
    {"carml.open_timeout", SETTING_DURATION, AT(carml.open_timeout_ms), MS(1), HOURS(1), "5min",
     NULL, "Opening a model; the agent may download hundreds of megabytes first."},
    {"carml.predict_timeout", SETTING_DURATION, AT(carml.predict_timeout_ms), MS(1), HOURS(1),
     "60s", NULL, "One prediction."},
    {"carml.close_timeout", SETTING_DURATION, AT(carml.close_timeout_ms), MS(1), HOURS(1), "10s",
     NULL, "Closing a model."},
    {"carml.max_answer", SETTING_SIZE, AT(carml.max_answer), KIB(64), GIB(1), "16MiB", NULL,
     "Largest answer that is read; 21,841 classes take about 3 MiB."},
    {"carml.trace_level", SETTING_WORD, AT(carml.trace_level), 0, 0, "NO_TRACE", trace_words,
     "Tracing in the server; anything but NO_TRACE slows it down."},
    {"carml.device", SETTING_WORD, AT(carml.device), 0, 0, "", device_words,
     "cpu, gpu (device 0), or empty: as the agent likes."},
    {"carml.fallback", SETTING_WORD, AT(carml.fallback), 0, 0, "none", fallback_words,
     "local: while the server is away the local engine answers for the models it has. Such "
     "results\n"
     "say backend `local` and requested_backend `carml`."},
    {"carml.breaker_failures", SETTING_COUNT, AT(carml.breaker_failures), 1, 1000, "5", NULL,
     "Failures in a row after which the server counts as away."},
    {"carml.breaker_pause", SETTING_DURATION, AT(carml.breaker_pause_ms), MS(1), HOURS(1), "1s",
     NULL,
     "First pause before a single picture probes a server that was away; doubles each time ..."},
    {"carml.breaker_cap", SETTING_DURATION, AT(carml.breaker_cap_ms), MS(1), HOURS(1), "60s", NULL,
     "... up to this."},
    {"carml.patience", SETTING_DURATION, AT(carml.patience_ms), 0, HOURS(1000), "10min", NULL,
     "How long `carmlbenchd --once` waits for a server that is away before it gives the jobs back "
     "to\n"
     "the queue and ends with exit code 69. As a service it waits for ever."},
    {"local.threads", SETTING_COUNT, AT(local.threads), 0, 256, "0", NULL,
     "Threads that one inference of the local engine uses. 0: one, since several pictures run "
     "side\n"
     "by side."},
    {"http.listen", SETTING_TEXT, AT(http.listen), 0, 0, "", NULL,
     "Where the daemon can be watched: 127.0.0.1:9464, [::1]:9464, localhost:9464 or\n"
     "unix:/run/carmlbench/http.sock (mode 0660). `/` is a live page, /metrics is for Prometheus,\n"
     "/healthz for monitoring, /status.json for scripts. There is no password, so other addresses\n"
     "are refused: use an ssh tunnel or a reverse proxy. Empty: nothing is served."},
};

const struct setting *setting_table(size_t *count)
{
    *count = sizeof table / sizeof table[0];
    return table;
}

static enum status set_default(struct config *config, const struct setting *setting)
{
    if (setting->type != SETTING_LIST)
        return setting_set(config, setting, setting->initial);
    enum status status = STATUS_OK;
    char *words = strdup(setting->initial);
    if (!words)
        return STATUS_MEMORY;
    char *rest = words;
    for (char *word; !status && (word = strsep(&rest, " "));)
        if (*word)
            status = setting_add(config, setting, word);
    free(words);
    return status;
}

/* FILE:LINE: KEY: and what is wrong. */
static enum status refuse(const struct yaml *yaml, const struct yaml_node *node, const char *key,
                          struct error *error, const char *what)
{
    struct yaml_node place = *node;
    place.key = NULL; /* it is the last part of `key` */
    return yaml_error(yaml, &place, STATUS_CONFIG, error, "%s: %s", key, what);
}

static enum status wrong_type(const struct yaml *yaml, const struct yaml_node *node,
                              const struct setting *setting, struct error *error)
{
    char expected[256], what[512];
    setting_expectation(setting, expected, sizeof expected);
    if (node->kind == YAML_SCALAR)
        snprintf(what, sizeof what, "expected %s, found \"%.100s\"", expected, node->text);
    else
        snprintf(what, sizeof what, "expected %s, found a %s", expected,
                 node->kind == YAML_LIST ? "list" : "section");
    return refuse(yaml, node, setting->key, error, what);
}

static enum status read_list(struct config *config, const struct yaml *yaml,
                             const struct yaml_node *node, const struct setting *setting,
                             struct error *error)
{
    setting_clear(config, setting);
    for (const struct yaml_node *item = node->first; item; item = item->next) {
        if (item->kind != YAML_SCALAR)
            return wrong_type(yaml, item, setting, error);
        if (!setting_form_fits((enum setting_form)setting->minimum, item->text))
            return wrong_type(yaml, item, setting, error);
        enum status status = setting_add(config, setting, item->text);
        if (status)
            return yaml_error(yaml, item, status, error, "%s: too many or too long items",
                              setting->key);
    }
    return STATUS_OK;
}

static bool is_section(const char *key)
{
    size_t count, length = strlen(key);
    const struct setting *rows = setting_table(&count);
    for (size_t i = 0; i < count; i++)
        if (strncmp(rows[i].key, key, length) == 0 && rows[i].key[length] == '.')
            return true;
    return false;
}

static enum status unknown_key(const struct yaml *yaml, const struct yaml_node *node,
                               const char *key, struct error *error)
{
    char what[512];
    if (is_section(key))
        snprintf(what, sizeof what, "a section; write its options below it, see carmlbench.yml(5)");
    else
        snprintf(what, sizeof what, "there is no such setting; did you mean %s?",
                 setting_nearest(key));
    return refuse(yaml, node, key, error, what);
}

static enum status read_value(struct config *config, const struct yaml *yaml,
                              const struct yaml_node *node, const char *key, struct error *error)
{
    const struct setting *setting = setting_find(key);
    if (!setting)
        return unknown_key(yaml, node, key, error);
    if (setting->type == SETTING_LIST) {
        if (node->kind != YAML_LIST)
            return wrong_type(yaml, node, setting, error);
        return read_list(config, yaml, node, setting, error);
    }
    if (node->kind != YAML_SCALAR)
        return wrong_type(yaml, node, setting, error);
    enum status status = setting_set(config, setting, node->text);
    return status == STATUS_CONFIG ? wrong_type(yaml, node, setting, error) : status;
}

/* Entries of the root are options or sections; entries of a section are options. */
static enum status read_entries(struct config *config, const struct yaml *yaml,
                                const struct yaml_node *map, const char *section,
                                struct error *error)
{
    for (const struct yaml_node *node = map->first; node; node = node->next) {
        char key[256];
        snprintf(key, sizeof key, "%s%s%s", section ? section : "", section ? "." : "", node->key);
        enum status status = STATUS_OK;
        if (!section && is_section(key) && node->kind == YAML_MAP)
            status = read_entries(config, yaml, node, key, error);
        else if (!section && is_section(key) && node->kind == YAML_SCALAR && !*node->text)
            continue; /* a section whose options are all commented out */
        else
            status = read_value(config, yaml, node, key, error);
        if (status)
            return status;
    }
    return STATUS_OK;
}

static enum status read_file(struct config *config, const char *path, struct error *error)
{
    struct yaml *yaml = NULL;
    enum status status = yaml_read_file(path, &yaml, error);
    if (status) {
        if (status == STATUS_IO && error) {
            struct error why = *error;
            error_set(error, status, "%.900s; give a readable file with --config", why.text);
        }
        status = STATUS_CONFIG;
        goto out;
    }
    if (yaml_root(yaml)->kind != YAML_MAP) {
        status = yaml_error(yaml, yaml_root(yaml), STATUS_CONFIG, error,
                            "expected sections with options, see carmlbench.yml(5)");
        goto out;
    }
    status = read_entries(config, yaml, yaml_root(yaml), NULL, error);
    if (!status && !(config->path = strdup(path)))
        status = STATUS_MEMORY;
out:
    yaml_close(yaml);
    return status;
}

enum status config_read(const char *path, struct config **out, struct error *error)
{
    enum status status = STATUS_OK;
    struct config *config = calloc(1, sizeof *config);
    if (!config)
        return error_set(error, STATUS_MEMORY, "configuration: out of memory");
    for (size_t i = 0; !status && i < sizeof table / sizeof table[0]; i++) {
        status = set_default(config, &table[i]);
        if (status)
            error_set(error, STATUS_INTERNAL, "configuration: bad default of %s", table[i].key);
    }
    if (!status && (path || access(DEFAULT_FILE, F_OK) == 0))
        status = read_file(config, path ? path : DEFAULT_FILE, error);
    if (status) {
        config_free(config);
        return status;
    }
    *out = config;
    return STATUS_OK;
}

void config_free(struct config *config)
{
    if (!config)
        return;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        if (table[i].type == SETTING_LIST)
            setting_clear(config, &table[i]);
        else if (table[i].type == SETTING_TEXT)
            free(*(char **)((char *)config + table[i].offset));
    }
    free(config->path);
    free(config);
}

enum status config_set(struct config *config, const char *key, const char *text,
                       struct error *error)
{
    const struct setting *setting = setting_find(key);
    if (!setting)
        return error_set(error, STATUS_USAGE, "%s: there is no such setting; did you mean %s?", key,
                         setting_nearest(key));
    enum status status = setting_set(config, setting, text);
    if (status != STATUS_CONFIG)
        return status;
    char expected[256];
    setting_expectation(setting, expected, sizeof expected);
    return error_set(error, STATUS_USAGE, "%s: expected %s, found \"%.100s\"", key, expected, text);
}

char *config_models_folder(const struct config *config)
{
    const char *slash = strrchr(config->database, '/');
    struct buf buf;
    buf_init(&buf, 1 << 16);
    enum status status =
        slash ? buf_printf(&buf, "%.*s/models", (int)(slash - config->database), config->database)
              : buf_append_text(&buf, "./models");
    if (status) {
        buf_free(&buf);
        return NULL;
    }
    return buf_take(&buf);
}

/* A program that was not installed (it stands in BUILD/bin) also finds the models of its source
 * tree. */
static enum status append_source_tree(struct buf *paths)
{
    char self[4096];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return STATUS_OK;
    self[n] = '\0';
    /* Off go the program's name, "bin", and the build folder. */
    for (int i = 0; i < 3; i++) {
        char *slash = strrchr(self, '/');
        if (!slash || (i == 1 && strcmp(slash, "/bin") != 0) ||
            (i == 2 && strncmp(slash, "/build", 6) != 0))
            return STATUS_OK;
        *slash = '\0';
    }
    return buf_printf(paths, ":%s/config/models", self);
}

char *config_models_path(const struct config *config)
{
    struct buf buf;
    buf_init(&buf, 8 << 20);
    char *first = config_models_folder(config);
    enum status status = first ? buf_append_text(&buf, first) : STATUS_MEMORY;
    free(first);
    for (size_t i = 0; !status && i < config->models.path.count; i++)
        status = buf_printf(&buf, ":%s", config->models.path.items[i]);
    if (!status)
        status = append_source_tree(&buf);
    if (status) {
        buf_free(&buf);
        return NULL;
    }
    return buf_take(&buf);
}

struct image_limits config_image_limits(const struct config *config)
{
    return (struct image_limits){
        .max_side = (uint32_t)config->validate.max_side,
        .max_pixels = (uint64_t)config->validate.max_pixels,
        .max_expansion = (uint32_t)config->validate.max_expansion,
        .max_scans = (uint32_t)config->validate.max_scans,
        .max_memory = (size_t)config->validate.max_memory,
        .allow_truncated = config->validate.accept_truncated,
    };
}

const char *config_trace_name(const struct config *config)
{
    return trace_words[config->carml.trace_level];
}

enum log_level config_log_level(const struct config *config)
{
    enum log_level level = LOG_LEVEL_NOTICE;
    if (log_parse_level(level_words[config->log_level], &level))
        return LOG_LEVEL_NOTICE;
    return level;
}
