/* text_file: a file of the source tree as a constant of the program, made at build by embed.sh.
 *
 * Immutable; any thread may read it. Arrays of them are in the order of their file names and end
 * with a NULL name behind their count.
 */
#ifndef COMMON_TEXT_FILE_H
#define COMMON_TEXT_FILE_H

#include <stddef.h>

struct text_file {
    const char *name; /* without folders, and without ".sql" */
    const char *text; /* of SQL without the lines that are comments */
};

#endif
