/* reload: which settings can change while the daemon runs. */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include "common/config.h"

/* Copies the settings of `fresh` that may change at run time into `config` (numbers and words that
 * only the loop thread reads) and logs one line for each that differs: taken over, or "needs a
 * restart". */
void reload_apply(struct config *config, const struct config *fresh);

#endif
