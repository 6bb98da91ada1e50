/* webserver: serves a folder of pictures, well and badly, for tests and the demo. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/webserver.h"

static void usage(void)
{
    printf("usage: webserver --root DIR [--port N] [--port-file FILE] [--listen ADDRESS]\n"
           "                 [--placeholder FILE]\n"
           "--port 0 (the default) picks a free port. Prints \"listening on ADDRESS:PORT\".\n"
           "Behaviours by path:\n");
    webserver_describe();
}

/* Fills `options`; false when the command line is wrong or only help was wanted. */
static bool parse(int argc, char **argv, struct webserver_options *options, int *exit_code)
{
    static const struct option known[] = {
        {"root", required_argument, NULL, 'r'},
        {"port", required_argument, NULL, 'p'},
        {"port-file", required_argument, NULL, 'f'},
        {"listen", required_argument, NULL, 'l'},
        {"placeholder", required_argument, NULL, 'h'},
        {"help", no_argument, NULL, '?'},
        {NULL, 0, NULL, 0},
    };
    *exit_code = 2;
    for (int c; (c = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (c == 'r')
            options->root = optarg;
        else if (c == 'p')
            options->port = (unsigned)strtoul(optarg, NULL, 10);
        else if (c == 'f')
            options->port_file = optarg;
        else if (c == 'l')
            options->address = optarg;
        else if (c == 'h')
            options->placeholder = optarg;
        else {
            usage();
            *exit_code = optopt ? 2 : 0;
            return false;
        }
    }
    if (!options->root || optind != argc || options->port > 65535)
        fprintf(stderr, "webserver: command line: give --root DIR and --port 0...65535\n");
    return options->root && optind == argc && options->port <= 65535;
}

int main(int argc, char **argv)
{
    struct webserver_options options = {0};
    struct webserver *web = NULL;
    struct error error = {""};
    uv_loop_t loop;
    int exit_code;
    if (!parse(argc, argv, &options, &exit_code))
        return exit_code;
    uv_loop_init(&loop);
    enum status status = webserver_start(&loop, &options, &web, &error);
    if (!status)
        status = http_server_run(webserver_http(web), &error);
    if (status) {
        fprintf(stderr, "webserver: %s\n", error.text);
        http_server_stop(webserver_http(web));
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    webserver_free(web);
    uv_loop_close(&loop);
    return status_exit_code(status);
}
