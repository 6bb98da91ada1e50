/* descriptors: how many files and sockets the process may have open.
 *
 * Each download takes a socket and, while its host name is looked up, a pair more; running out of
 * them would look like hosts that cannot be reached, or like a database that cannot be opened. Loop
 * thread, or before it starts.
 */
#ifndef DAEMON_DESCRIPTORS_H
#define DAEMON_DESCRIPTORS_H

#include "common/config.h"

/* Raises RLIMIT_NOFILE as far as it may be raised; where fetch.concurrency still needs more, lowers
 * that and says so. Again after the configuration changed. */
void descriptors_fit(struct config *config);

#endif
