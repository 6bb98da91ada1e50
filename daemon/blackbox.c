#include "daemon/blackbox.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* What each thread works on, and the stack its fatal signals run on: the crash may well be an
 * overflow of the thread's own stack. */
enum { SIGNAL_STACK_SIZE = 64 * 1024 };
static __thread volatile int64_t current_item;
static __thread char *signal_stack;

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
enum { FATAL_COUNT = sizeof fatal_signals / sizeof fatal_signals[0] };
static struct sigaction before[FATAL_COUNT];
static int note_descriptor = -1;

/* Only async-signal-safe calls from here on down to on_fatal. */
static size_t format_note(char *text, int64_t item_id)
{
    char digits[24];
    size_t n = 0, used = 0;
    for (uint64_t rest = (uint64_t)item_id; rest || n == 0; rest /= 10)
        digits[n++] = (char)('0' + rest % 10);
    memcpy(text, "item ", 5);
    used = 5;
    while (n)
        text[used++] = digits[--n];
    text[used++] = '\n';
    return used;
}

static void on_fatal(int signal_number)
{
    int64_t item_id = current_item;
    if (item_id > 0 && note_descriptor >= 0) {
        char text[32];
        size_t size = format_note(text, item_id);
        ssize_t written = pwrite(note_descriptor, text, size, 0);
        (void)written;
    }
    /* Back to whatever was there (the default action, or a sanitizer's report); the signal is
     * blocked while we are here and strikes again on return. */
    for (size_t i = 0; i < FATAL_COUNT; i++)
        if (fatal_signals[i] == signal_number)
            sigaction(signal_number, &before[i], NULL);
    raise(signal_number);
}

static int64_t parse_note(const char *text)
{
    long long item_id = 0;
    if (sscanf(text, "item %lld\n", &item_id) != 1 || item_id < 0)
        return 0;
    return (int64_t)item_id;
}

static enum status read_note(const char *path, int64_t *item_id, struct error *error)
{
    char text[64] = "";
    ssize_t size = pread(note_descriptor, text, sizeof text - 1, 0);
    if (size < 0 || (size > 0 && ftruncate(note_descriptor, 0) != 0))
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    *item_id = parse_note(text);
    return STATUS_OK;
}

static enum status arm(struct error *error)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_fatal;
    action.sa_flags = SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FATAL_COUNT; i++)
        if (sigaction(fatal_signals[i], &action, &before[i]) != 0)
            return error_set(error, STATUS_INTERNAL, "signal %d: %s", fatal_signals[i],
                             strerror(errno));
    return STATUS_OK;
}

enum status blackbox_open(const char *database, int64_t *item_id, struct error *error)
{
    char path[4096];
    *item_id = 0;
    int length = snprintf(path, sizeof path, "%s.blackbox", database);
    if (length < 0 || (size_t)length >= sizeof path)
        return error_set(error, STATUS_LIMIT, "%s: the path is too long", database);
    if (note_descriptor >= 0)
        close(note_descriptor);
    note_descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0660);
    if (note_descriptor < 0)
        return error_set(error, STATUS_IO, "%s: %s; the folder of the database must be writable",
                         path, strerror(errno));
    enum status status = read_note(path, item_id, error);
    return status ? status : arm(error);
}

static void use_signal_stack(void)
{
    /* Kept for the life of the thread; threads of the pool live as long as the process. */
    stack_t stack;
    memset(&stack, 0, sizeof stack);
    char *memory =
        mmap(NULL, SIGNAL_STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return;
    signal_stack = memory;
    stack.ss_sp = signal_stack;
    stack.ss_size = SIGNAL_STACK_SIZE;
    sigaltstack(&stack, NULL);
}

void blackbox_enter(int64_t item_id)
{
    if (!signal_stack)
        use_signal_stack();
    current_item = item_id;
}

void blackbox_leave(void)
{
    current_item = 0;
}
