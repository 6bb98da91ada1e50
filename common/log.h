/* log: one line per event on stderr.
 *
 * Under systemd (JOURNAL_STREAM is set) each line carries an sd-daemon(3) priority prefix; on a
 * terminal or in a file it carries time and level. Any thread; a line is written with one write(2).
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include "common/status.h"

/* Values are the syslog priorities of sd-daemon(3). */
enum log_level {
    LOG_LEVEL_ERROR = 3,
    LOG_LEVEL_WARNING = 4,
    LOG_LEVEL_NOTICE = 5,
    LOG_LEVEL_INFO = 6,
    LOG_LEVEL_DEBUG = 7
};

/* Lines above `level` are dropped. Default: LOG_LEVEL_NOTICE. */
void log_set_level(enum log_level level);

/* "error", "warning", "notice", "info", "debug"; STATUS_USAGE for another word. */
enum status log_parse_level(const char *word, enum log_level *level) MUST_CHECK;

void log_write(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...) log_write(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
