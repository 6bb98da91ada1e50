/* carml_server: a CarML server for tests, the demo and whoever wants to try a client. */
#include <curl/curl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/lib/carml_server.h"

enum { DEFAULT_PORT = 8088, MAX_CLASSES = 200000 };

static void usage(void)
{
    printf("usage: carml_server [--generation a|b] [--port N] [--port-file FILE]\n"
           "                    [--listen ADDRESS] [--swagger FILE]\n"
           "                    [--model MANIFEST.yml]... [--instant CLASSES]\n"
           "                    [--instant-fetch yes|no] [--labels FILE] [--images-work]\n"
           "                    [--misbehave KIND[:NUMBER][:every=N|:first=N|:after=N]]...\n"
           "--port 0 picks a free port; the default is %d. Prints \"listening on ADDRESS:PORT\".\n"
           "GET /test/stats[?url=URL] gives counters; POST /test/misbehave\n"
           "{\"kind\":\"KIND...\",\"count\":N} misbehaves for the next N calls. Kinds:\n",
           DEFAULT_PORT);
    mischief_describe();
}

static enum status set_generation(struct carml_options *options, const char *word,
                                  struct error *error)
{
    if (strcmp(word, "a") && strcmp(word, "b"))
        return error_set(error, STATUS_USAGE, "--generation: '%s' is neither a nor b", word);
    options->agent.generation = *word == 'a' ? GENERATION_A : GENERATION_B;
    return STATUS_OK;
}

static enum status add_model(struct carml_options *options, const char *path, struct error *error)
{
    if (options->agent.manifest_count == AGENT_MODELS)
        return error_set(error, STATUS_LIMIT, "--model: at most %d models", AGENT_MODELS);
    options->agent.manifests[options->agent.manifest_count++] = path;
    return STATUS_OK;
}

static enum status set_number(const char *name, const char *word, unsigned long max,
                              unsigned long *value, struct error *error)
{
    char *end;
    *value = strtoul(word, &end, 10);
    if (end == word || *end || *value > max)
        return error_set(error, STATUS_USAGE, "--%s: '%s' is not a number from 0 to %lu", name,
                         word, max);
    return STATUS_OK;
}

enum {
    OPTION_GENERATION,
    OPTION_PORT,
    OPTION_PORT_FILE,
    OPTION_LISTEN,
    OPTION_SWAGGER,
    OPTION_MODEL,
    OPTION_INSTANT,
    OPTION_INSTANT_FETCH,
    OPTION_LABELS,
    OPTION_IMAGES_WORK,
    OPTION_MISBEHAVE,
    OPTION_HELP
};

static const struct option known[] = {
    {"generation", required_argument, NULL, OPTION_GENERATION},
    {"port", required_argument, NULL, OPTION_PORT},
    {"port-file", required_argument, NULL, OPTION_PORT_FILE},
    {"listen", required_argument, NULL, OPTION_LISTEN},
    {"swagger", required_argument, NULL, OPTION_SWAGGER},
    {"model", required_argument, NULL, OPTION_MODEL},
    {"instant", required_argument, NULL, OPTION_INSTANT},
    {"instant-fetch", required_argument, NULL, OPTION_INSTANT_FETCH},
    {"labels", required_argument, NULL, OPTION_LABELS},
    {"images-work", no_argument, NULL, OPTION_IMAGES_WORK},
    {"misbehave", required_argument, NULL, OPTION_MISBEHAVE},
    {"help", no_argument, NULL, OPTION_HELP},
    {NULL, 0, NULL, 0},
};

static enum status set_option(struct carml_options *options, int option, struct error *error)
{
    unsigned long number = 0;
    enum status status = STATUS_OK;
    switch (option) {
    case OPTION_GENERATION:
        return set_generation(options, optarg, error);
    case OPTION_PORT:
        status = set_number("port", optarg, 65535, &number, error);
        options->port = (unsigned)number;
        return status;
    case OPTION_PORT_FILE:
        options->port_file = optarg;
        return STATUS_OK;
    case OPTION_LISTEN:
        options->address = optarg;
        return STATUS_OK;
    case OPTION_SWAGGER:
        options->swagger = optarg;
        return STATUS_OK;
    case OPTION_MODEL:
        return add_model(options, optarg, error);
    case OPTION_INSTANT:
        status = set_number("instant", optarg, MAX_CLASSES, &number, error);
        options->agent.instant = number;
        return status;
    case OPTION_INSTANT_FETCH:
        options->instant_fetch = strcmp(optarg, "no") != 0;
        return STATUS_OK;
    case OPTION_LABELS:
        options->agent.labels = optarg;
        return STATUS_OK;
    case OPTION_IMAGES_WORK:
        options->images_work = true;
        return STATUS_OK;
    case OPTION_MISBEHAVE:
        return mischief_add(&options->mischief, optarg, error);
    default:
        return error_set(error, STATUS_USAGE, "command line: unknown option; see --help");
    }
}

static enum status serve(const struct carml_options *options, struct error *error)
{
    struct carml *carml = NULL;
    uv_loop_t loop;
    uv_loop_init(&loop);
    enum status status = carml_start(&loop, options, &carml, error);
    if (!status)
        status = http_server_run(carml_http(carml), error);
    if (status && carml) {
        http_server_stop(carml_http(carml));
        uv_run(&loop, UV_RUN_DEFAULT);
    }
    carml_free(carml);
    uv_loop_close(&loop);
    return status;
}

int main(int argc, char **argv)
{
    struct carml_options options = {
        .agent = {.generation = GENERATION_B}, .instant_fetch = true, .port = DEFAULT_PORT};
    struct error error = {""};
    enum status status = STATUS_OK;
    opterr = 0;
    for (int option; !status && (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == OPTION_HELP) {
            usage();
            return 0;
        }
        status = set_option(&options, option, &error);
    }
    if (!status && optind != argc)
        status = error_set(&error, STATUS_USAGE, "command line: '%s' is not an option; see --help",
                           argv[optind]);
    if (!status && !options.agent.manifest_count && !options.agent.instant)
        status = error_set(&error, STATUS_USAGE,
                           "command line: nothing to answer with; give --model or --instant");
    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (!status)
        status = serve(&options, &error);
    curl_global_cleanup();
    if (status)
        fprintf(stderr, "carml_server: %s\n", error.text);
    return status_exit_code(status);
}
