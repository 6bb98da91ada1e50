/* staging: files that appear under their names all together, or not at all.
 *
 * They are made in a folder beside their place and renamed when they are good; whatever ends the
 * program before, signals included, takes the folder away. A signal that comes during the renames
 * waits for them. One at a time.
 */
#ifndef CLI_STAGING_H
#define CLI_STAGING_H

#include <stddef.h>

#include "common/status.h"

struct staging;

enum { STAGING_FILES = 4 };

/* Makes the folder beside `stem` (a path without suffix, whose folder must exist and whose last
 * part is a name). */
enum status staging_open(const char *stem, struct staging **out, struct error *error) MUST_CHECK;

/* The stem inside the folder: what is written here as STEM.x ends as `stem`.x. */
const char *staging_stem(const struct staging *staging);

/* Puts the place that the user named into an error line that names the folder. Returns `status`. */
enum status staging_error(const struct staging *staging, enum status status, struct error *error);

/* Renames STEM<suffix> into place for each of up to STAGING_FILES suffixes, over older files. The
 * last one speaks about the others: its older file goes before, and it comes after them, so that
 * even a program that is killed leaves it beside no file that it does not mean. After an error the
 * older files are back and nothing new is left (but an empty folder that was replaced by a new one
 * is gone); if they cannot be put back, they stay in the folder, which the line then names. */
enum status staging_publish(struct staging *staging, const char *const *suffixes, size_t count,
                            struct error *error) MUST_CHECK;

/* Removes the folder with everything that was not published. NULL is fine. */
void staging_close(struct staging *staging);

#endif
