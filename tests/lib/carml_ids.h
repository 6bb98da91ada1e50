/* carml_ids: the predictors that were opened, as the web server and the agent remember them.
 *
 * The web server never forgets an id (CarML leaks a map entry per open, here up to a ceiling); the
 * agent forgets it on close and when it restarts. One thread.
 */
#ifndef TESTS_LIB_CARML_IDS_H
#define TESTS_LIB_CARML_IDS_H

#include "tests/lib/carml_wire.h"

struct agent_model;
struct ids;

enum id_state { ID_UNKNOWN, ID_OPEN, ID_UNKNOWN_TO_AGENT };

/* Caller frees *out. */
enum status ids_create(struct ids **out) MUST_CHECK;
void ids_free(struct ids *ids);

/* Makes an id for an open model. STATUS_LIMIT after 65536 opens. */
enum status ids_open(struct ids *ids, struct agent_model *model, char uuid[UUID_SIZE]) MUST_CHECK;

/* What is known of the id; *model is set for ID_OPEN. */
enum id_state ids_find(const struct ids *ids, const char *uuid, struct agent_model **model);

/* From now on the id has that state. An unknown id stays unknown. */
void ids_set(struct ids *ids, const char *uuid, enum id_state state);

/* Ids in state ID_OPEN. */
size_t ids_count_open(const struct ids *ids);

#endif
