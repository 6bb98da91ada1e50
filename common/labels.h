/* labels: the names of a model's classes, one a line, as CarML's label files have them.
 *
 * Line j (from 0) names class j. A line is "n02132136 brown bear, bruin, Ursus arctos" (synset id,
 * one blank, names) or any text without a synset id.
 */
#ifndef COMMON_LABELS_H
#define COMMON_LABELS_H

#include <stddef.h>

#include "common/status.h"

enum { WNID_SIZE = 16 };

struct labels; /* immutable after reading; any number of threads may read it */

/* Reads a label file (at most 16 MiB, 100000 lines; line ends LF or CRLF). A byte order mark is
 * dropped; a file that is not UTF-8 is taken as Latin-1, so that labels are always UTF-8. Caller
 * frees *out. */
enum status labels_read(const char *path, struct labels **out, struct error *error) MUST_CHECK;
void labels_free(struct labels *labels);

size_t labels_count(const struct labels *labels);

/* The whole line of class `index` without its line end; NULL past the last. Lives as long as
 * labels. */
const char *labels_line(const struct labels *labels, size_t index);

/* Splits a label line: a leading "<> " (CarML's TensorFlow agent wrote it until 2017-12-26) is
 * dropped, then a leading synset id ('n' and eight digits, then a blank or the end) goes to `wnid`
 * ("" when there is none). *name points into `line` behind both. */
void label_split(const char *line, char wnid[WNID_SIZE], const char **name);

#endif
