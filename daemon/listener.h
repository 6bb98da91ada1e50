/* listener: where those who watch the daemon may connect: this machine, and nowhere else.
 *
 * What is served has no password, so an address that others reach is refused; a reverse proxy or
 * an ssh tunnel in front of it can have one. Any thread.
 */
#ifndef DAEMON_LISTENER_H
#define DAEMON_LISTENER_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "common/status.h"

struct listener_address {
    socklen_t length; /* 0: nothing is served */
    union {
        struct sockaddr any;
        struct sockaddr_storage storage;
        struct sockaddr_un local;
    } socket;
};

/* "": none; "127.0.0.1:9464", "[::1]:9464", "localhost:9464" (that is 127.0.0.1), port 0 for any
 * free one; "unix:/run/carmlbench/http.sock" or the path alone. STATUS_CONFIG, with the remedy, for
 * everything else. */
enum status listener_parse(const char *text, struct listener_address *address,
                           struct error *error) MUST_CHECK;

struct listener {
    int descriptor; /* -1: none */
    bool local;     /* a Unix socket */
    char name[160]; /* "http://127.0.0.1:9464/", "unix:/run/carmlbench/http.sock" */
    struct listener_address address;
    dev_t device; /* of the Unix socket's file, to know it again */
    ino_t inode;
};

/* Binds and listens, close-on-exec and without blocking. A Unix socket's file that nobody listens
 * at is replaced, and is made 0660. STATUS_UNAVAILABLE when the address is in use, STATUS_CONFIG
 * when it cannot be had. */
enum status listener_open(const struct listener_address *address, struct listener *out,
                          struct error *error) MUST_CHECK;

/* Removes the Unix socket's file, if it is still ours, and closes the descriptor unless it is -1
 * (it is another's to close, afterwards). */
void listener_close(struct listener *listener);

/* Does the value of a Host header (RFC 9110, 7.2) name this machine itself? A page of another
 * site whose name was made to lead here (DNS rebinding) says its own name. NULL: no. */
bool listener_host_is_ours(const char *host);

#endif
