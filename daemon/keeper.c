#include "daemon/keeper.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/pictures.h"
#include "common/setting.h"
#include "daemon/timings.h"

enum { PATH_LIMIT = 1 << 12, CAUSE_SIZE = 256 };

/* A picture that a thread is writing; on that thread's stack. */
struct flight {
    const char *sha256;
    uint64_t room;
    struct flight *next;
};

/* The atomics are all that the loop touches: the mutex is held while the folder is looked at, which
 * may take long. */
struct keeper {
    uv_work_t look;
    const char *folder;
    _Atomic uint64_t wanted_max_bytes;
    atomic_bool limited; /* keeper_limit was called, and nobody has looked since */
    _Atomic uint64_t kept, there, failed, turned_off, room;

    uv_mutex_t mutex; /* of all that follows, and of changes to the counts */
    uint64_t max_bytes;
    bool measured; /* room is right */
    bool reached;  /* a picture did not fit; none is kept from then on, larger or smaller */
    char cause[CAUSE_SIZE]; /* of the last failure; "" when none was said yet */
    struct flight *flights;
};

/* ---- with the mutex held ----------------------------------------------------------------------
 */

/* A failure's line without the picture's name, which would make each of them another one. */
static const char *cause_of(const struct keeper *keeper, const char *line)
{
    size_t length = strlen(keeper->folder);
    const char *rest = strncmp(line, keeper->folder, length) == 0 ? line + length : line;
    const char *colon = strstr(rest, ": ");
    return colon ? colon + 2 : rest;
}

static void say_failure(struct keeper *keeper, const struct error *error)
{
    char cause[CAUSE_SIZE];
    snprintf(cause, sizeof cause, "%.200s", cause_of(keeper, error->text));
    if (strcmp(cause, keeper->cause) == 0)
        return;
    memcpy(keeper->cause, cause, sizeof cause);
    log_warning("%s; pictures are not kept while that is so, their jobs go on", error->text);
}

static void say_reached(struct keeper *keeper)
{
    char text[32];
    setting_format_size((int64_t)keeper->max_bytes, text, sizeof text);
    keeper->reached = true;
    log_warning("%s: pictures.max_bytes (%s) is reached; no more pictures are kept, nothing is "
                "deleted, jobs go on",
                keeper->folder, text);
}

/* What is being written may be seen or not, so it is counted twice rather than never. */
static bool measure(struct keeper *keeper)
{
    uint64_t room = 0;
    struct error error = {""};
    if (keeper->measured)
        return true;
    if (pictures_measure(keeper->folder, keeper->max_bytes, &room, &error)) {
        say_failure(keeper, &error);
        return false;
    }
    for (const struct flight *flight = keeper->flights; flight; flight = flight->next)
        room += flight->room;
    keeper->room = room;
    return keeper->measured = true;
}

static void take_limit(struct keeper *keeper)
{
    if (!atomic_exchange(&keeper->limited, false))
        return;
    keeper->max_bytes = keeper->wanted_max_bytes;
    keeper->measured = keeper->reached = false;
    keeper->cause[0] = '\0';
}

static bool in_flight(const struct keeper *keeper, const char *sha256)
{
    const struct flight *flight = keeper->flights;
    while (flight && strcmp(flight->sha256, sha256) != 0)
        flight = flight->next;
    return flight != NULL;
}

static bool is_there(const struct keeper *keeper, const char *sha256, enum image_kind kind,
                     size_t size)
{
    struct buf path;
    buf_init(&path, PATH_LIMIT);
    bool there = picture_path(keeper->folder, sha256, kind, &path, NULL) == STATUS_OK &&
                 picture_is_kept(path.data, size);
    buf_free(&path);
    return there;
}

/* Whether the picture is to be written; then its room is taken and the flight noted. */
static bool begin(struct keeper *keeper, struct flight *flight, enum image_kind kind, size_t size)
{
    take_limit(keeper);
    if (in_flight(keeper, flight->sha256) || is_there(keeper, flight->sha256, kind, size)) {
        keeper->there++;
        return false;
    }
    if (!measure(keeper)) {
        keeper->failed++;
        return false;
    }
    if (!keeper->reached && keeper->room + flight->room > keeper->max_bytes)
        say_reached(keeper);
    if (keeper->reached) {
        keeper->turned_off++;
        return false;
    }
    keeper->room += flight->room;
    flight->next = keeper->flights;
    keeper->flights = flight;
    return true;
}

static void end(struct keeper *keeper, struct flight *flight, enum status status,
                const struct error *error)
{
    struct flight **at = &keeper->flights;
    while (*at != flight)
        at = &(*at)->next;
    *at = flight->next;
    if (!status) {
        keeper->kept++;
        return;
    }
    keeper->failed++;
    keeper->room -= flight->room;
    say_failure(keeper, error);
}

/* ---- from outside -----------------------------------------------------------------------------
 */

void keeper_keep(struct keeper *keeper, const char *sha256, enum image_kind kind, const void *bytes,
                 size_t size)
{
    struct flight flight = {.sha256 = sha256, .room = picture_room(size)};
    struct error error = {""};
    int64_t start = timings_begin();
    uv_mutex_lock(&keeper->mutex);
    bool wanted = begin(keeper, &flight, kind, size);
    uv_mutex_unlock(&keeper->mutex);
    if (wanted) {
        enum status status = picture_write(keeper->folder, sha256, kind, bytes, size, &error);
        uv_mutex_lock(&keeper->mutex);
        end(keeper, &flight, status, &error);
        uv_mutex_unlock(&keeper->mutex);
    }
    timings_add(TIMING_keep, start);
}

void keeper_limit(struct keeper *keeper, int64_t max_bytes)
{
    keeper->wanted_max_bytes = (uint64_t)max_bytes;
    keeper->limited = true;
}

struct keeper_counts keeper_counts(const struct keeper *keeper)
{
    return (struct keeper_counts){.kept = keeper->kept,
                                  .there = keeper->there,
                                  .failed = keeper->failed,
                                  .turned_off = keeper->turned_off,
                                  .room = keeper->room};
}

static void look(uv_work_t *work)
{
    struct keeper *keeper = work->data;
    uv_mutex_lock(&keeper->mutex);
    (void)measure(keeper);
    uv_mutex_unlock(&keeper->mutex);
}

static void looked(uv_work_t *work, int cancelled)
{
    (void)work;
    (void)cancelled; /* never asked for; the first picture makes up for it */
}

enum status keeper_create(uv_loop_t *loop, const char *folder, int64_t max_bytes,
                          struct keeper **out, struct error *error)
{
    struct keeper *keeper = calloc(1, sizeof *keeper);
    if (!keeper)
        return error_set(error, STATUS_MEMORY, "pictures.folder: out of memory");
    keeper->folder = folder;
    keeper->max_bytes = (uint64_t)max_bytes;
    keeper->look.data = keeper;
    if (uv_mutex_init(&keeper->mutex) != 0) {
        free(keeper);
        return error_set(error, STATUS_INTERNAL, "pictures.folder: no mutex can be made");
    }
    if (uv_queue_work(loop, &keeper->look, look, looked) != 0) {
        keeper_free(keeper);
        return error_set(error, STATUS_INTERNAL, "pictures.folder: no work can be queued");
    }
    *out = keeper;
    return STATUS_OK;
}

void keeper_free(struct keeper *keeper)
{
    if (!keeper)
        return;
    uv_mutex_destroy(&keeper->mutex);
    free(keeper);
}
