/* pictures: a folder of pictures, each kept under the SHA-256 of its bytes.
 *
 * FOLDER/ab/abcd....jpg (or .png): the first two of the 64 hexadecimal digits name the folder. The
 * bytes are those that were received and classified, so the same picture under many URLs is one
 * file, and `sha256sum` tells whether a file is what it says. Folders are made with mode 0770, less
 * the umask, and inherit the group of a set-group-ID folder above; nobody else gets in. The daemon
 * writes, the report reads, at the same time; both may be called from any thread.
 */
#ifndef COMMON_PICTURES_H
#define COMMON_PICTURES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/image/image.h"
#include "common/status.h"

/* Appends the path of the picture to `path`. STATUS_DATA when `sha256` is not 64 lower-case
 * hexadecimal digits (so that no text from elsewhere leads out of the folder) or `kind` is neither
 * IMAGE_JPEG nor IMAGE_PNG. */
enum status picture_path(const char *folder, const char *sha256, enum image_kind kind,
                         struct buf *path, struct error *error) MUST_CHECK;

/* Whether a file of this size stands at `path`; its content is not read. */
bool picture_is_kept(const char *path, size_t size);

/* Writes the bytes as the picture's file, whole or not at all (file.h), replacing what is there.
 * Makes the folder and the one below it, but none above. Errors: those of picture_path, STATUS_FULL
 * when the disk is full, STATUS_IO, STATUS_MEMORY. */
enum status picture_write(const char *folder, const char *sha256, enum image_kind kind,
                          const void *bytes, size_t size, struct error *error) MUST_CHECK;

/* Reads the picture into `out`, an empty buffer whose limit is the ceiling. STATUS_NO: it is not
 * kept. STATUS_DATA: the file's bytes have another SHA-256, or it is no file, or see picture_path.
 * STATUS_LIMIT, STATUS_IO, STATUS_MEMORY as file_read. `out` is empty after a failure. */
enum status picture_read(const char *folder, const char *sha256, struct buf *out,
                         struct error *error) MUST_CHECK;

/* What a file of `size` bytes counts towards the ceiling of a folder: whole blocks of 4 KiB. */
uint64_t picture_room(uint64_t size);

/* The room of all files in the folders 00 to ff of `folder` (none when it does not exist); whatever
 * else is there is not looked at. Ends early, with more than `enough`, once that is passed, so that
 * the work is bounded by `enough` / 4 KiB files. STATUS_IO when a folder cannot be read. */
enum status pictures_measure(const char *folder, uint64_t enough, uint64_t *room,
                             struct error *error) MUST_CHECK;

#endif
