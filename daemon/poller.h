/* poller: drives one curl multi handle from the event loop (curl's multi_socket interface).
 *
 * Each socket of curl has one uv_poll_t. A socket made by poller_open_socket keeps it until
 * poller_close_socket, which stops the poll before the descriptor is closed: libuv aborts when a
 * descriptor vanishes, or is taken again, under a poll. A socket that curl made itself (its
 * resolver's wake-up pair) loses it when curl says CURL_POLL_REMOVE. Memory of a poll is freed only
 * after libuv's close callback. Loop thread only.
 */
#ifndef DAEMON_POLLER_H
#define DAEMON_POLLER_H

#include <curl/curl.h>
#include <uv.h>

#include "common/status.h"

struct poller;

/* Sets the socket and timer callbacks of `multi`. `progress` is called from the loop, outside any
 * function of curl, each time curl worked: finished transfers may then be read. It may call
 * poller_close. */
enum status poller_create(uv_loop_t *loop, CURLM *multi, void (*progress)(void *context),
                          void *context, struct poller **out, struct error *error) MUST_CHECK;

/* socket(2), close-on-exec and watched by the poller; CURL_SOCKET_BAD when that fails. For
 * CURLOPT_OPENSOCKETFUNCTION. */
curl_socket_t poller_open_socket(struct poller *poller, const struct curl_sockaddr *address);

/* Stops watching, then close(2). For CURLOPT_CLOSESOCKETFUNCTION. Returns what close(2) does. */
int poller_close_socket(struct poller *poller, curl_socket_t descriptor);

/* Called after curl_multi_cleanup. `closed` is called from the loop when the last uv handle is
 * gone and the poller is freed. */
void poller_close(struct poller *poller, void (*closed)(void *context), void *context);

#endif
