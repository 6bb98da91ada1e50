/* tally: what a test server counts, as JSON, so that tests can prove "fetched once" and "at most
 * two at a time for one host".
 *
 * Counters by name (at most 64 names) and by URL (at most 2^19, known by a 64-bit hash; past that
 * URLs are counted only in the sum). One thread.
 */
#ifndef TESTS_LIB_TALLY_H
#define TESTS_LIB_TALLY_H

#include <stdint.h>

#include "tests/lib/text.h"

struct tally;

/* Caller frees *out. */
enum status tally_create(struct tally **out) MUST_CHECK;
void tally_free(struct tally *tally);

/* Counts one more `name`. */
void tally_count(struct tally *tally, const char *name);
unsigned long long tally_value(const struct tally *tally, const char *name);

/* Counts something that begins (step 1) and ends (step -1) and keeps the highest number at once. */
void tally_level(struct tally *tally, const char *name, int step);

/* Counts one more request for `url` and returns how many there were, this one included. */
uint32_t tally_url(struct tally *tally, const char *url);
uint32_t tally_url_value(const struct tally *tally, const char *url);

/* Appends `"NAME":COUNT,...` of the counters, or `"NAME":{"now":N,"max":N},...` of the levels. */
void tally_write_counters(const struct tally *tally, struct text *out);
void tally_write_levels(const struct tally *tally, struct text *out);

/* Appends {"distinct":N,"total":N,"max":N}. */
void tally_write_urls(const struct tally *tally, struct text *out);

#endif
