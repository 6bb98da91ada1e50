/* config: every setting of the two programs, behind one typed option table.
 *
 * The table in config.c drives reading (YAML), --check-config, `carmlbenchd --help`, the man page
 * and the committed config/carmlbench.yml. A key is written `fetch.timeout` in messages and nested
 * in YAML. Durations accept ms, s, min, h; sizes accept B, KiB, MiB, GiB.
 */
#ifndef COMMON_CONFIG_H
#define COMMON_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "common/image/image.h"
#include "common/log.h"
#include "common/status.h"

struct config_list {
    size_t count;
    char **items;
};

enum config_backend { CONFIG_BACKEND_AUTO, CONFIG_BACKEND_CARML, CONFIG_BACKEND_LOCAL };
enum config_generation { CONFIG_GENERATION_AUTO, CONFIG_GENERATION_A, CONFIG_GENERATION_B };
enum config_send { CONFIG_SEND_AUTO, CONFIG_SEND_IMAGES, CONFIG_SEND_UPLOAD, CONFIG_SEND_URL };
enum config_trace {
    CONFIG_TRACE_NO,
    CONFIG_TRACE_FRAMEWORK,
    CONFIG_TRACE_HARDWARE,
    CONFIG_TRACE_FULL
};
enum config_device { CONFIG_DEVICE_ANY, CONFIG_DEVICE_CPU, CONFIG_DEVICE_GPU };
enum config_fallback { CONFIG_FALLBACK_NONE, CONFIG_FALLBACK_LOCAL };

struct config {
    char *path;                    /* the file it was read from; NULL: defaults only */
    char *database;                /* path of the SQLite file */
    int log_level;                 /* index into error, warning, notice, info, debug */
    struct {                       /* what `enqueue` uses when its options are silent */
        struct config_list models; /* NAME or NAME:VERSION */
        int backend;               /* enum config_backend */
    } defaults;
    struct {
        struct config_list path; /* folders with manifests, searched in order */
    } models;
    struct {
        int64_t workers;  /* threads that decode and infer; 0: one per CPU, at least 2 */
        int64_t window;   /* URLs under lease at once */
        int64_t memory;   /* bytes of pictures in memory at once */
        int64_t drain_ms; /* how long SIGTERM waits for work in flight */
    } daemon;
    struct {
        int64_t concurrency, per_host;
        int64_t per_host_delay_ms; /* between two starts on one host */
        int64_t connect_timeout_ms, timeout_ms;
        int64_t low_speed;    /* bytes per second ... */
        int64_t low_speed_ms; /* ... below which a download may not stay for this long */
        int64_t max_bytes, max_redirects;
        char *user_agent;
        struct config_list allow_addresses; /* CIDR ranges allowed although not public */
        struct config_list ports;           /* allowed ports besides 80 and 443; "*": any */
        bool verify_tls;
    } fetch;
    struct {
        int64_t max_side, max_pixels, max_expansion, max_scans, max_memory;
        bool accept_truncated;
        struct config_list placeholders; /* SHA-256 of known "photo gone" pictures */
    } validate;
    struct {
        char *folder;      /* "": pictures are not kept */
        int64_t max_bytes; /* of the folder */
    } pictures;
    struct {
        int64_t tries;           /* counted attempts of a job, the first included */
        int64_t base_ms, cap_ms; /* full jitter: uniform in [0, min(cap, base * 2^(tries-1))] */
    } retry;
    struct {
        char *url; /* "" : no CarML server */
        int generation, send, fallback;
        int64_t concurrency; /* ceiling; the adaptive limit stays below */
        int64_t open_timeout_ms, predict_timeout_ms, close_timeout_ms;
        int64_t max_answer;                       /* bytes */
        int trace_level;                          /* enum config_trace */
        int device;                               /* enum config_device */
        int64_t breaker_failures;                 /* in a row open the breaker */
        int64_t breaker_pause_ms, breaker_cap_ms; /* first and longest pause before a probe */
        int64_t patience_ms; /* --once gives up (exit 69) when the service was away this long */
    } carml;
    struct {
        int64_t threads; /* per inference; 0: one */
    } local;
    struct {
        char *listen; /* "" : nothing is served; see daemon/listener.h */
    } http;
};

/* Reads defaults, then the file. `path` NULL: the default file
 * (SYSCONFDIR/carmlbench/carmlbench.yml) if it exists. STATUS_CONFIG with FILE:LINE: KEY: expected
 * ... for an unreadable file, an unknown key (with the nearest known one), a wrong type or a value
 * out of range. Caller frees *out. */
enum status config_read(const char *path, struct config **out, struct error *error) MUST_CHECK;
void config_free(struct config *config);

/* CarML's word for the trace level, e.g. "NO_TRACE"; the level of log.h that log_level means. */
const char *config_trace_name(const struct config *config);
enum log_level config_log_level(const struct config *config);

/* Sets one option by its dotted key from text; used for --db and --log-level. */
enum status config_set(struct config *config, const char *key, const char *text,
                       struct error *error) MUST_CHECK;

/* The folders of models.path joined by ':' with "<folder of the database>/models" in front and,
 * for a program that runs from its build folder, the models of the source tree at the end. Caller
 * frees. */
char *config_models_path(const struct config *config);

/* Where `model add` puts manifests: "<folder of the database>/models". Caller frees. */
char *config_models_folder(const struct config *config);

struct image_limits config_image_limits(const struct config *config);

/* Writes the commented YAML file with every option at its default (config/carmlbench.yml), or the
 * option list for the man page in scdoc. */
void config_write_example(FILE *out);
void config_write_manual(FILE *out);

#endif
