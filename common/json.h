/* json: writing JSON text (RFC 8259) piece by piece, for output that must not be held in memory.
 *
 * Reading JSON, and building small documents, is jansson's; this is for rows that stream.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdio.h>

/* Writes `text` as a JSON string with quotes. Bytes that are not UTF-8 become U+FFFD. */
void json_write_text(FILE *out, const char *text);

/* Writes a number in the shortest form that reads back to the same double with at most 17 digits;
 * NaN and infinities, which JSON lacks, become null. */
void json_write_real(FILE *out, double value);

/* Formats a real as json_write_real does ("nan" and "inf" as such) into `text`. */
void real_format(double value, char *text, size_t size);

#endif
