/* keeper: keeps the pictures that the models are asked about in pictures.folder
 * (common/pictures.h).
 *
 * An extra that costs no job anything but the time of the writing: what cannot be kept (disk full,
 * no permission, pictures.max_bytes reached) is counted, said once for each cause, and then left
 * out. Nothing is ever deleted. How much the folder holds is found out by looking, when the first
 * picture comes at the latest. Any thread; pictures are written on those of the uv pool.
 */
#ifndef DAEMON_KEEPER_H
#define DAEMON_KEEPER_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "common/image/image.h"

struct keeper;

struct keeper_counts {
    uint64_t kept;       /* written */
    uint64_t there;      /* had been kept before: the same bytes again */
    uint64_t failed;     /* could not be written, or the folder not be read */
    uint64_t turned_off; /* came after the ceiling was reached */
    uint64_t room; /* bytes that count towards the ceiling (picture_room); 0 before the look */
};

/* For a folder that need not exist, which stays the caller's. The look at it starts on the loop's
 * pool. STATUS_MEMORY, STATUS_INTERNAL. */
enum status keeper_create(uv_loop_t *loop, const char *folder, int64_t max_bytes,
                          struct keeper **out, struct error *error) MUST_CHECK;

/* Only when the loop has ended, or nothing of the pool works for it any more. NULL is fine. */
void keeper_free(struct keeper *keeper);

/* The configuration was read again: another ceiling, a new look at the folder when the next picture
 * comes, and what was said may be said again. Waits for nothing. */
void keeper_limit(struct keeper *keeper, int64_t max_bytes);

/* Keeps these bytes, whose SHA-256 (lower case) and kind are right, unless they are kept already.
 * Returns when they are written and synced, or given up. */
void keeper_keep(struct keeper *keeper, const char *sha256, enum image_kind kind, const void *bytes,
                 size_t size);

/* Waits for nothing, also while the folder is looked at: each number is right, but they may be of
 * different moments. */
struct keeper_counts keeper_counts(const struct keeper *keeper);

#endif
