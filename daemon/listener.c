#include "daemon/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BACKLOG = 64, HOST_MAX = 256, ADDRESS_TEXT = INET6_ADDRSTRLEN + 9 };

#define REMEDY                                                                                     \
    "use 127.0.0.1:PORT, [::1]:PORT or unix:/PATH; for others put a reverse proxy in front of it " \
    "or use an ssh tunnel"

/* ---- addresses --------------------------------------------------------------------------------
 */

static enum status parse_path(const char *path, struct listener_address *address,
                              struct error *error)
{
    struct sockaddr_un *local = &address->socket.local;
    if (path[0] != '/')
        return error_set(error, STATUS_CONFIG, "\"%s\": the path must begin with /", path);
    if (strlen(path) >= sizeof local->sun_path)
        return error_set(error, STATUS_CONFIG, "\"%s\": a socket's path has at most %zu bytes",
                         path, sizeof local->sun_path - 1);
    local->sun_family = AF_UNIX;
    snprintf(local->sun_path, sizeof local->sun_path, "%s", path);
    address->length = sizeof *local;
    return STATUS_OK;
}

/* Splits "HOST:PORT" and "[HOST]:PORT" into `host`, without brackets, and what stands behind the
 * last colon; NULL when there is no such colon. */
static const char *split(const char *text, char host[HOST_MAX])
{
    const char *colon = strrchr(text, ':');
    size_t length = colon ? (size_t)(colon - text) : 0;
    bool bracketed = text[0] == '[' && length >= 2 && text[length - 1] == ']';
    if (!colon || length >= HOST_MAX || (!bracketed && memchr(text, ':', length)))
        return NULL;
    snprintf(host, HOST_MAX, "%.*s", (int)length - 2 * bracketed, text + bracketed);
    return colon + 1;
}

static bool parse_port(const char *text, in_port_t *port)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    unsigned long number = strtoul(text, &end, 10);
    *port = htons((in_port_t)number);
    return !*end && number <= 65535;
}

/* Only numbers, so that no name server decides who may connect. */
static bool loopback(const char *host, in_port_t port, struct listener_address *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
    if (strcasecmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
        memcpy(&address->socket, &v4, sizeof v4);
        address->length = sizeof v4;
        return ntohl(v4.sin_addr.s_addr) >> 24 == 127;
    }
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1)
        return false;
    memcpy(&address->socket, &v6, sizeof v6);
    address->length = sizeof v6;
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr);
}

enum status listener_parse(const char *text, struct listener_address *address, struct error *error)
{
    char host[HOST_MAX] = "";
    in_port_t port;
    memset(address, 0, sizeof *address);
    if (!text || !*text)
        return STATUS_OK;
    if (strncmp(text, "unix:", 5) == 0 || text[0] == '/')
        return parse_path(text[0] == '/' ? text : text + 5, address, error);
    const char *number = split(text, host);
    if (!number || !parse_port(number, &port))
        return error_set(error, STATUS_CONFIG, "\"%.200s\" is no address with a port; " REMEDY,
                         text);
    if (!loopback(host, port, address))
        return error_set(error, STATUS_CONFIG,
                         "\"%.200s\" is not this machine alone, and there is no password; " REMEDY,
                         text);
    return STATUS_OK;
}

bool listener_host_is_ours(const char *text)
{
    struct listener_address address = {0};
    char host[HOST_MAX], with_port[HOST_MAX + 4];
    in_port_t port;
    if (!text || strlen(text) >= HOST_MAX)
        return false;
    const char *number = split(text, host);
    if (!number) { /* the scheme's own port goes without saying */
        snprintf(with_port, sizeof with_port, "%s:80", text);
        number = split(with_port, host);
    }
    return number && parse_port(number, &port) && loopback(host, port, &address);
}

/* ---- sockets ----------------------------------------------------------------------------------
 */

/* A socket file that nobody listens at is what a dead daemon left behind. */
static bool is_stale(const struct listener_address *address)
{
    struct stat file;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe < 0)
        return false;
    bool stale = lstat(address->socket.local.sun_path, &file) == 0 && S_ISSOCK(file.st_mode) &&
                 connect(probe, &address->socket.any, address->length) != 0 &&
                 errno == ECONNREFUSED;
    close(probe);
    return stale;
}

static int try_bind(int descriptor, const struct listener_address *address)
{
    if (bind(descriptor, &address->socket.any, address->length) == 0)
        return 0;
    if (errno == EADDRINUSE && address->socket.any.sa_family == AF_UNIX) {
        if (is_stale(address) && unlink(address->socket.local.sun_path) == 0)
            return bind(descriptor, &address->socket.any, address->length);
        errno = EADDRINUSE;
    }
    return -1;
}

/* "127.0.0.1:9464", "[::1]:9464" */
static void put_address(const struct sockaddr_storage *address, char *out, size_t size)
{
    char host[INET6_ADDRSTRLEN] = "";
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)address;
    if (address->ss_family == AF_INET) {
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(out, size, "%s:%u", host, ntohs(v4->sin_port));
    } else {
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(out, size, "[%s]:%u", host, ntohs(v6->sin6_port));
    }
}

static void name(struct listener *listener)
{
    struct sockaddr_storage bound = {0};
    socklen_t length = sizeof bound;
    char text[ADDRESS_TEXT];
    getsockname(listener->descriptor, (struct sockaddr *)&bound, &length);
    put_address(&bound, text, sizeof text);
    snprintf(listener->name, sizeof listener->name, "http://%s/", text);
}

/* Everybody who may read the database may watch. */
static bool open_to_group(struct listener *listener)
{
    const char *path = listener->address.socket.local.sun_path;
    struct stat file;
    snprintf(listener->name, sizeof listener->name, "unix:%s", path);
    if (chmod(path, 0660) != 0 || lstat(path, &file) != 0)
        return false;
    listener->device = file.st_dev;
    listener->inode = file.st_ino;
    return true;
}

static enum status refuse(const struct listener_address *address, struct error *error)
{
    int cause = errno;
    bool local = address->socket.any.sa_family == AF_UNIX;
    const char *path = address->socket.local.sun_path;
    char text[ADDRESS_TEXT];
    struct stat file;
    if (!local)
        put_address(&address->socket.storage, text, sizeof text);
    if (cause == EADDRINUSE && local && lstat(path, &file) == 0 && !S_ISSOCK(file.st_mode))
        return error_set(error, STATUS_CONFIG,
                         "http.listen: %s is there and no socket; choose another path", path);
    if (cause == EADDRINUSE)
        return error_set(error, STATUS_UNAVAILABLE,
                         "http.listen: %s is in use; stop the other program or choose another",
                         local ? path : text);
    return error_set(error, STATUS_CONFIG, "http.listen: %s: %s; choose another",
                     local ? path : text, strerror(cause));
}

enum status listener_open(const struct listener_address *address, struct listener *out,
                          struct error *error)
{
    int family = address->socket.any.sa_family, yes = 1;
    *out = (struct listener){.address = *address, .local = family == AF_UNIX};
    out->descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (out->descriptor < 0)
        return refuse(address, error);
    if (out->local) /* from the first moment on, whatever the umask lets through */
        (void)!fchmod(out->descriptor, 0660);
    else
        setsockopt(out->descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    bool bound = try_bind(out->descriptor, address) == 0;
    if (bound && (!out->local || open_to_group(out)) && listen(out->descriptor, BACKLOG) == 0) {
        if (!out->local)
            name(out);
        return STATUS_OK;
    }
    enum status status = refuse(address, error);
    listener_close(out);
    return status;
}

void listener_close(struct listener *listener)
{
    struct stat file;
    const char *path = listener->address.socket.local.sun_path;
    /* Before the socket goes: while it is there no other file gets the same number. */
    if (listener->local && listener->inode && lstat(path, &file) == 0 &&
        file.st_dev == listener->device && file.st_ino == listener->inode)
        unlink(path);
    listener->inode = 0;
    if (listener->descriptor >= 0)
        close(listener->descriptor);
    listener->descriptor = -1;
}
