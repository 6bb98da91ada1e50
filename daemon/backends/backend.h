/* backend: something that can be asked what a picture shows.
 *
 * One object per kind of service ("carml", "local"), one per daemon; it serves every target that
 * asks for it. Loop thread only; the work itself may run elsewhere.
 */
#ifndef DAEMON_BACKENDS_BACKEND_H
#define DAEMON_BACKENDS_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/config.h"
#include "common/store/store.h"
#include "model/catalogue.h"

/* What is asked about. Everything stays where it is until the answer came. */
struct backend_picture {
    int64_t item_id;
    const char *url; /* as fetched */
    const void *bytes;
    size_t size;
    enum image_kind kind;
};

enum backend_verdict {
    BACKEND_ANSWERED, /* predictions are filled */
    BACKEND_FAILED,   /* `reason` is this picture's (or this target's): counts as a try */
    BACKEND_AWAY /* the service cannot be asked now: nobody's fault, not counted, ask again later */
};

struct backend_answer {
    enum backend_verdict verdict;
    enum reason reason;
    const char *detail; /* one line; lives during the callback, as all strings here */
    struct store_producer producer;
    const char *sent_as;     /* "images", "upload", "url", "local" */
    double predict_ms;       /* as the caller of the service saw it */
    size_t prediction_count; /* 1 to 3, best first */
    struct store_prediction predictions[3];
};

typedef void backend_answer_fn(void *context, const struct backend_answer *answer);

struct backend;

/* What a backend is doing now, for those who watch. */
struct backend_load {
    const char *state; /* "closed", "open", "half-open" when it has a breaker; else "idle" or
                          "working" */
    bool breaks;       /* it has a breaker */
    unsigned in_flight, limit; /* calls: under way, and allowed at once now */
    unsigned ceiling;          /* ... and by the configuration */
};

struct backend_ops {
    const char *name;
    /* Asks. `answer` is called once from the loop, never before this returns. */
    void (*predict)(struct backend *backend, const struct store_target *target,
                    const struct backend_picture *picture, backend_answer_fn *answer,
                    void *context);
    /* How many more predict calls it wants now; 0: busy, or its breaker is open. */
    unsigned (*capacity)(const struct backend *backend);
    /* For how long the service has been away, in ms; 0: it is there. */
    int64_t (*away_ms)(const struct backend *backend);
    /* Can this model be answered at all (local: is it in the catalogue with its files)? NULL error
     * is fine. */
    bool (*serves)(const struct backend *backend, const struct store_target *target,
                   struct error *error);
    /* One short line for STATUS= and logs, e.g. "carml: 4 in flight, limit 6". */
    void (*describe)(const struct backend *backend, char *text, size_t size);
    /* NULL for one that only composes others. */
    struct backend_load (*load)(const struct backend *backend);
    /* Ends what is in flight without answering it, closes predictors (within carml.close_timeout),
     * frees; then `closed` is called from the loop. */
    void (*close)(struct backend *backend, void (*closed)(void *context), void *context);
};

/* Embedded at the start of each implementation, which is one allocation. `ready` is called (from
 * the loop) when capacity may have become larger than 0, or the service came back; set by the
 * scheduler. */
struct backend {
    const struct backend_ops *ops;
    void (*ready)(void *context);
    void *ready_context;
    bool closing;
    void (*closed)(void *context);
    void *closed_context;
};

/* What implementations share. */

/* Calls `ready`, unless the backend is closing. */
void backend_tell_ready(const struct backend *backend);

/* There is not even memory to answer later. */
void backend_answer_no_memory(backend_answer_fn *answer, void *context);

/* Marks it as closing and keeps whom to tell. */
void backend_begin_close(struct backend *backend, void (*closed)(void *context), void *context);

/* Frees the implementation's allocation, then tells. */
void backend_end_close(struct backend *backend);

enum status backend_carml_create(uv_loop_t *loop, const struct config *config, struct backend **out,
                                 struct error *error) MUST_CHECK;

/* `catalogue` must outlive it. Work runs on the uv threadpool, inside blackbox_enter/leave. */
enum status backend_local_create(uv_loop_t *loop, const struct config *config,
                                 const struct catalogue *catalogue, struct backend **out,
                                 struct error *error) MUST_CHECK;

#endif
