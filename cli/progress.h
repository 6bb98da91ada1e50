/* progress: the counts of a run as one line with a bar. Pure text; no terminal calls. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stddef.h>
#include <stdint.h>

struct progress {
    uint64_t enqueued, pending, leased, done, failed;
    double rate; /* outcomes per second; 0: not known */
};

/* Writes one line without line end of at most `columns` characters (at least 20), e.g.
 * "[#########-----------]  46 %  2760/6000  41.2/s  1m19s left  312 failed". */
void progress_line(const struct progress *progress, unsigned columns, char *text, size_t size);

/* What the line says behind its bar. */
void progress_facts(const struct progress *progress, char *text, size_t size);

/* Whole percent of the jobs that ended: 100 only when nothing is open, and when there is no job. */
unsigned progress_percent(const struct progress *progress);

/* Time that the open jobs take at this rate; 0: not known, or nothing is open. */
double progress_seconds_left(const struct progress *progress);

/* "1h02m", "3m05s", "12s". */
void progress_duration(double seconds, char *text, size_t size);

#endif
