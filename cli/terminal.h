/* terminal: text for a terminal: nothing in it that a terminal obeys, measured as it shows it.
 *
 * What a stranger named (labels, URLs, models) is shown with every character that would move the
 * cursor, end the line or turn the direction of writing replaced by '?': control characters of
 * ASCII and Latin-1, marks of bidirectional text, invisible and unassigned characters, bytes that
 * are not UTF-8.
 */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum { TERMINAL_NARROWEST = 20, TERMINAL_PLAIN = 100 };

/* How many columns a line on `out` may have: the terminal's; else those of the environment's
 * COLUMNS, else TERMINAL_PLAIN. At least TERMINAL_NARROWEST. */
size_t terminal_columns(FILE *out);

/* Whether `out` is a terminal that obeys ECMA-48, as far as TERM says: unset, empty and "dumb" do
 * not. */
bool terminal_obeys(FILE *out);

/* The same, and its user wants more than plain text (no-color.org: NO_COLOR). */
bool terminal_styled(FILE *out);

/* The character at the start of `text`, which is not empty: returns its bytes. *columns: how many
 * it fills, two for a wide one of East Asia, none for one that joins the character before it.
 * *shown false: a '?' stands for it. The user's locale does not matter. */
size_t terminal_character(const char *text, unsigned *columns, bool *shown);

/* How many columns terminal_write fills. */
size_t terminal_width(const char *text);

void terminal_write(FILE *out, const char *text);

/* Writes `text`, broken between words (and within one that is longer than a line) so that no line
 * passes `columns`. The first line goes on at column `indent`, where the cursor is; the others are
 * indented as far. Ends with a newline. */
void terminal_wrap(FILE *out, const char *text, size_t indent, size_t columns);

#endif
