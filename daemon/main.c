/* carmlbenchd: fetches, validates, asks and records, URL by URL, and loses nothing. */
#include <curl/curl.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

#include "daemon/daemon.h"
#include "daemon/monitor.h"
#include "daemon/preflight.h"

enum option_code {
    OPTION_CHECK = 256,
    OPTION_ONCE,
    OPTION_DUMP,
    OPTION_TIMINGS,
    OPTION_VERSION,
    OPTION_PRINT_CONFIG,
    OPTION_PRINT_MANUAL
};

static const struct option options_table[] = {
    {"config", required_argument, NULL, 'c'},
    {"db", required_argument, NULL, 'd'},
    {"log-level", required_argument, NULL, 'l'},
    {"once", no_argument, NULL, OPTION_ONCE},
    {"check-config", no_argument, NULL, OPTION_CHECK},
    {"dump-fsm", no_argument, NULL, OPTION_DUMP},
    {"timings", no_argument, NULL, OPTION_TIMINGS},
    {"print-config", no_argument, NULL, OPTION_PRINT_CONFIG},
    {"print-manual", no_argument, NULL, OPTION_PRINT_MANUAL},
    {"version", no_argument, NULL, OPTION_VERSION},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static const char help[] =
    "Usage: carmlbenchd [OPTION]...\n"
    "Works on the URLs that `carmlbench enqueue` put into the database. Runs in the foreground,\n"
    "logs to stderr, talks to systemd (Type=notify).\n"
    "\n"
    "  --config FILE     configuration (YAML); default " CARMLBENCH_SYSCONFDIR
    "/carmlbench/carmlbench.yml\n"
    "  --db FILE         database, in place of the configured one\n"
    "  --once            work until nothing is pending, then exit\n"
    "  --log-level L     error, warning, notice, info or debug\n"
    "  --check-config    check the configuration, print OK, and exit\n"
    "  --print-config    print the example configuration, every option at its default, and exit\n"
    "  --print-manual    print the options for the manual page and exit\n"
    "  --timings         at exit, print CPU time by stage as a line of JSON\n"
    "  --dump-fsm        print the state machines and exit\n"
    "  --version         print versions and exit\n"
    "  --help            print this and exit\n"
    "\n"
    "SIGTERM and SIGINT finish what is in flight (at most daemon.drain), a second one does not\n"
    "wait; SIGHUP re-reads the configuration.\n"
    "Exit: 0 fine, 2 usage, 65 not a database of this version, 69 the database has another daemon\n"
    "or a service stayed away, 70 internal, 74 input/output, 78 configuration.\n";

struct arguments {
    struct daemon_options daemon;
    int action; /* 0: run */
};

static enum status parse(int argc, char **argv, struct arguments *arguments, struct error *error)
{
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":c:d:l:h", options_table, NULL)) != -1;) {
        switch (code) {
        case 'c':
            arguments->daemon.config_path = optarg;
            break;
        case 'd':
            arguments->daemon.database = optarg;
            break;
        case 'l':
            arguments->daemon.log_level = optarg;
            break;
        case OPTION_ONCE:
            arguments->daemon.once = true;
            break;
        case OPTION_TIMINGS:
            arguments->daemon.timings = true;
            break;
        case ':':
            return error_set(error, STATUS_USAGE, "%s: a value is missing; see --help",
                             argv[optind - 1]);
        case '?':
            return error_set(error, STATUS_USAGE, "%s: unknown option; see --help",
                             argv[optind - 1]);
        default:
            arguments->action = code;
        }
    }
    if (optind < argc)
        return error_set(error, STATUS_USAGE, "%s: unexpected argument; see --help", argv[optind]);
    return STATUS_OK;
}

/* Pictures and answers of all sizes come and go on several threads for weeks. Fixed thresholds give
 * the large ones pages of their own, which go back to the kernel, instead of letting glibc raise
 * the thresholds until the heap is as large as the worst hour needed. */
static void bound_heap(void)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 << 10);
    mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

static enum status check_or_run(const struct arguments *arguments, struct error *error)
{
    struct config *config = NULL;
    enum status status = preflight_read(&arguments->daemon, &config, error);
    if (status)
        return status;
    if (arguments->action == OPTION_CHECK) {
        config_free(config);
        puts("OK");
        return STATUS_OK;
    }
    signal(SIGPIPE, SIG_IGN);
    bound_heap();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    status = daemon_run(&arguments->daemon, config, error);
    curl_global_cleanup();
    return status;
}

static void print_version(void)
{
    printf("carmlbenchd %s (libuv %s, %s, libmicrohttpd/%s)\n", CARMLBENCH_VERSION,
           uv_version_string(), curl_version(), monitor_library());
}

int main(int argc, char **argv)
{
    struct arguments arguments = {0};
    struct error error = {""};
    enum status status = parse(argc, argv, &arguments, &error);
    if (!status) {
        switch (arguments.action) {
        case 'h':
            fputs(help, stdout);
            break;
        case OPTION_VERSION:
            print_version();
            break;
        case OPTION_DUMP:
            daemon_dump_machines(stdout);
            break;
        case OPTION_PRINT_CONFIG:
            config_write_example(stdout);
            break;
        case OPTION_PRINT_MANUAL:
            config_write_manual(stdout);
            break;
        default:
            status = check_or_run(&arguments, &error);
        }
    }
    if (!status && (fflush(stdout) != 0 || ferror(stdout)))
        status = error_set(&error, STATUS_IO, "standard output: not all of it could be written");
    if (status)
        fprintf(stderr, "carmlbenchd: %s\n", *error.text ? error.text : status_text(status));
    return status_exit_code(status);
}
