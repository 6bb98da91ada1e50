#include "daemon/notify.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/log.h"

/* False when the name fits no socket address. */
static bool fill_address(const char *name, struct sockaddr_un *address, socklen_t *size)
{
    size_t length = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof address->sun_path)
        return false;
    memset(address, 0, sizeof *address);
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, name, length);
    if (name[0] == '@')
        address->sun_path[0] = '\0'; /* abstract: not NUL-terminated, the size counts */
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (name[0] == '/'));
    return true;
}

static int64_t watchdog_from_environment(void)
{
    const char *usec = getenv("WATCHDOG_USEC");
    const char *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && strtoll(pid, NULL, 10) != (long long)getpid()))
        return 0;
    long long value = strtoll(usec, NULL, 10);
    if (value <= 0)
        return 0;
    return value < 2000 ? 1 : value / 1000;
}

void notify_open(struct notify *notify)
{
    notify->descriptor = -1;
    notify->watchdog_ms = 0;
    const char *name = getenv("NOTIFY_SOCKET");
    if (!name || !*name)
        return;
    struct sockaddr_un address;
    socklen_t size;
    int descriptor = -1;
    if (!fill_address(name, &address, &size))
        errno = EINVAL;
    else
        descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, size) != 0) {
        log_warning("NOTIFY_SOCKET %s: %s; going on without a service manager", name,
                    strerror(errno));
        if (descriptor >= 0)
            close(descriptor);
        return;
    }
    notify->descriptor = descriptor;
    notify->watchdog_ms = watchdog_from_environment();
}

void notify_close(struct notify *notify)
{
    if (notify->descriptor >= 0)
        close(notify->descriptor);
    notify->descriptor = -1;
    notify->watchdog_ms = 0;
}

void notify_send(struct notify *notify, const char *format, ...)
{
    if (notify->descriptor < 0)
        return;
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length <= 0)
        return;
    size_t size = (size_t)length < sizeof text ? (size_t)length : sizeof text - 1;
    if (send(notify->descriptor, text, size, MSG_NOSIGNAL) < 0)
        log_debug("service manager not told: %s", strerror(errno));
}
