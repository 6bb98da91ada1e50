/* staging: files that appear under their names all together, or not at all.
 *
 * They are made in a folder beside their place and renamed when they are good; whatever ends the
 * program before, signals included, takes the folder away. One at a time.
 */
#ifndef CLI_STAGING_H
#define CLI_STAGING_H

#include "common/status.h"

struct staging;

/* Makes the folder beside `stem` (a path without suffix, whose folder must exist). */
enum status staging_open(const char *stem, struct staging **out, struct error *error) MUST_CHECK;

/* The stem inside the folder: what is written here as STEM.x ends as `stem`.x. */
const char *staging_stem(const struct staging *staging);

/* Puts the place that the user named into an error line that names the folder. Returns `status`. */
enum status staging_error(const struct staging *staging, enum status status, struct error *error);

/* Renames STEM<suffix> into place, over an older file. */
enum status staging_publish(struct staging *staging, const char *suffix,
                            struct error *error) MUST_CHECK;

/* Removes the folder with everything that was not published. NULL is fine. */
void staging_close(struct staging *staging);

#endif
