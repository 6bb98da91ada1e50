/* carmlbench verify: whether two models are the same function. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/certificate.h"
#include "cli/command.h"
#include "cli/source.h"
#include "common/file.h"
#include "common/json.h"
#include "engine/preprocess.h"
#include "model/shape.h"

enum { INPUTS_MAX = 16, PICTURE_MAX = 256 << 20 };

struct request {
    const char *models[2], *images;
    struct model_options load;
    size_t input_count;
    const char *inputs[INPUTS_MAX]; /* [NAME=]FILE */
};

struct verification {
    struct source a, b;
    struct comparison *comparison;
};

static enum status read_options(struct cli *cli, int argc, char **argv, struct request *request,
                                bool *help, struct error *error)
{
    static const struct option table[] = {{"images", required_argument, NULL, 'd'},
                                          {"input", required_argument, NULL, 'i'},
                                          {"input-shape", required_argument, NULL, 's'},
                                          CLI_COMMON_OPTIONS};
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        switch (value) {
        case CLI_HELP:
            *help = true;
            return STATUS_OK;
        case 'd':
            request->images = optarg;
            break;
        case 'i':
            if (request->input_count == INPUTS_MAX)
                return cli_usage(cli, error, "--input: more than %d inputs", INPUTS_MAX);
            request->inputs[request->input_count++] = optarg;
            break;
        case 's':
            if (source_parse_shape(optarg, &request->load.input_shape))
                return cli_usage(cli, error, "--input-shape %s: expected extents like 1,3,224,224",
                                 optarg);
            break;
        default:
            return STATUS_USAGE;
        }
    }
    return STATUS_OK;
}

/* ---- inputs from files ---- */

static const struct tensor *find_input(const struct comparison *comparison, const char *given,
                                       size_t index)
{
    const char *equals = strchr(given, '=');

    if (!equals)
        return index < comparison_input_count(comparison) ? comparison_input(comparison, index)
                                                          : NULL;
    for (size_t i = 0; i < comparison_input_count(comparison); i++) {
        const struct tensor *input = comparison_input(comparison, i);
        if (strlen(input->name) == (size_t)(equals - given) &&
            !memcmp(input->name, given, (size_t)(equals - given)))
            return input;
    }
    return NULL;
}

static enum status run_files(const struct request *request, struct verification *verification,
                             struct error *error)
{
    enum status status = STATUS_OK;
    size_t wanted = comparison_input_count(verification->comparison);
    const struct tensor *inputs[INPUTS_MAX];

    if (request->input_count != wanted)
        return error_set(error, STATUS_DATA,
                         "%s: the network has %zu inputs, %zu were given; name each with --input "
                         "NAME=FILE.npy",
                         request->models[0], wanted, request->input_count);
    for (size_t i = 0; i < request->input_count && !status; i++) {
        const char *given = request->inputs[i], *equals = strchr(given, '=');
        const struct tensor *input = find_input(verification->comparison, given, i);
        bool own;
        if (!input)
            return error_set(error, STATUS_DATA, "--input %s: the network has no such input",
                             given);
        for (size_t j = 0; j < i; j++) {
            if (inputs[j] == input)
                return error_set(error, STATUS_DATA,
                                 "--input %s: '%s' was given before; name each input once", given,
                                 input->name);
        }
        inputs[i] = input;
        status = source_read_tensor(verification->a.graph, input, equals ? equals + 1 : given, &own,
                                    error);
    }
    return status ? status : comparison_run(verification->comparison, error);
}

/* ---- pictures ---- */

static enum status picture_preprocessing(const struct verification *verification,
                                         struct preprocessing *how, struct error *error)
{
    const struct tensor *input = comparison_input(verification->comparison, 0);

    *how = (struct preprocessing){
        .mean = {123, 117, 104}, .scale = {1, 1, 1}, .color = COLOR_BGR, .resize = RESIZE_CARML_B};
    if (verification->a.manifest)
        *how = verification->a.manifest->preprocessing;
    if (comparison_input_count(verification->comparison) != 1 || input->dims != 4 ||
        input->shape[1] != 3)
        return error_set(error, STATUS_DATA,
                         "--images: the network does not take pictures (its input is not one of "
                         "three channels); use --input");
    how->channels = 3;
    how->height = (uint32_t)input->shape[2];
    how->width = (uint32_t)input->shape[3];
    how->layout = LAYOUT_CHW;
    return STATUS_OK;
}

/* A file that is no picture is said to be left out. *used tells whether it was run. */
static enum status run_picture(struct verification *verification, const char *path,
                               const struct preprocessing *how, bool *used, struct error *error)
{
    const struct image_limits limits = image_default_limits();
    const struct tensor *input = comparison_input(verification->comparison, 0);
    struct error why = {""};
    enum reason reason;
    struct buf bytes;
    enum status status;

    buf_init(&bytes, PICTURE_MAX);
    *used = false;
    status = file_read(path, &bytes, error);
    if (!status &&
        !preprocess_picture(bytes.data, bytes.size, how, &limits, input->data, &reason, &why)) {
        *used = true;
        status = comparison_run(verification->comparison, error);
    } else if (!status) {
        fprintf(stderr, "%s: left out: %s\n", path, why.text);
    }
    buf_free(&bytes);
    return status;
}

static int is_shown(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && entry->d_type != DT_DIR;
}

static enum status run_pictures(const struct request *request, struct verification *verification,
                                struct error *error)
{
    struct dirent **entries = NULL;
    struct preprocessing how;
    size_t used = 0;
    enum status status = picture_preprocessing(verification, &how, error);
    int count = status ? 0 : scandir(request->images, &entries, is_shown, alphasort);

    if (count < 0)
        return error_set(error, STATUS_IO, "%s: %s", request->images, strerror(errno));
    for (int i = 0; i < count; i++) {
        char *path = NULL;
        bool run = false;
        if (!status && asprintf(&path, "%s/%s", request->images, entries[i]->d_name) < 0)
            status = error_set(error, STATUS_MEMORY, "%s: out of memory", request->images);
        else if (!status)
            status = run_picture(verification, path, &how, &run, error);
        used += run;
        free(path);
        free(entries[i]);
    }
    free(entries);
    if (!status && !used)
        status =
            error_set(error, STATUS_DATA, "%s: holds no picture that can be read", request->images);
    return status;
}

/* ---- output ---- */

static void print_table(const struct comparison_result *result)
{
    char shape[SHAPE_TEXT];
    int width = 5;

    for (size_t i = 0; i < result->layer_count; i++) {
        int size = (int)strlen(result->layers[i].name);
        width = size > width && size <= 48 ? size : width;
    }
    printf("%-*s  %-16s %-18s %12s %12s  %s\n", width, "value", "layer", "shape", "max |a-b|",
           "relative", "in the other model");
    for (size_t i = 0; i < result->layer_count; i++) {
        const struct comparison_layer *layer = &result->layers[i];
        struct shape one = *layer->shape;
        one.dim[0] = 1; /* what was compared is one image */
        printf("%-*s  %-16s %-18s ", width, layer->name, layer->node->op->name,
               shape_text(&one, shape));
        if (!layer->other)
            printf("%12s %12s  -\n", "", "");
        else
            printf("%12.3g %12.3g  %s%s\n", layer->max_difference, layer->relative,
                   strcmp(layer->other, layer->name) ? layer->other : "same name",
                   layer->relative <= COMPARISON_MAX_RELATIVE ? "" : "  DIFFERS");
    }
}

static void print_verdict(const struct comparison_result *result)
{
    const struct comparison_layer *layer = result->first_different;

    printf(
        "\n%zu of %zu values have a pair; %zu inputs; same best class on %zu, same best three on "
        "%zu\n",
        result->paired, result->layer_count, result->input_count, result->same_top1,
        result->same_top3);
    printf("largest difference: %.3g of a probability, %.3g of an output relative to its largest "
           "value, %.3g of any layer\n",
           result->max_probability, result->output_relative, result->max_relative);
    if (result->same)
        puts("the same function");
    else if (layer)
        printf("DIFFERENT: '%s' (%s) is the first to differ%s%s\n", layer->name,
               layer->node->op->name, result->hint ? "; common causes: " : "",
               result->hint ? result->hint : "");
    else if (result->undecided)
        printf("UNDECIDED: output '%s' is infinite or not a number on every input\n",
               result->undecided->name);
    else
        puts("DIFFERENT");
}

static const char *verdict(const struct comparison_result *result)
{
    if (result->same)
        return "same";
    return result->undecided && !result->first_different ? "undecided" : "different";
}

static void print_json(const struct request *request, const struct comparison_result *result)
{
    fputs("{\n  \"model_a\": ", stdout);
    json_write_text(stdout, request->models[0]);
    fputs(",\n  \"model_b\": ", stdout);
    json_write_text(stdout, request->models[1]);
    printf(",\n  \"verdict\": \"%s\",\n", verdict(result));
    certificate_print_comparison(stdout, result);
    puts("\n}");
}

static enum status verify(struct cli *cli, const struct request *request,
                          struct verification *verification, struct error *error)
{
    const struct comparison_result *result;
    enum status status =
        source_open(cli, request->models[0], &request->load, &verification->a, error);

    if (!status)
        status = source_open(cli, request->models[1], &request->load, &verification->b, error);
    if (!status)
        status = comparison_create(verification->a.graph, verification->b.graph,
                                   &verification->comparison, error);
    if (!status && request->input_count)
        status = run_files(request, verification, error);
    if (!status && request->images)
        status = run_pictures(request, verification, error);
    if (!status && !request->images && !request->input_count)
        status = comparison_run_probes(verification->comparison, error);
    if (status)
        return status;
    result = comparison_result(verification->comparison);
    if (cli->json) {
        print_json(request, result);
    } else {
        print_table(result);
        print_verdict(result);
    }
    return result->same ? STATUS_OK : STATUS_NO;
}

enum status verify_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    struct request request = {.images = NULL};
    struct verification verification = {.comparison = NULL};
    bool help = false;
    enum status status = read_options(cli, argc, argv, &request, &help, error);

    if (status || help)
        return status;
    status = cli_arguments(cli, argc - optind, 2, 2, error);
    if (status)
        return status;
    request.models[0] = argv[optind];
    request.models[1] = argv[optind + 1];
    status = verify(cli, &request, &verification, error);
    comparison_free(verification.comparison);
    source_close(&verification.a);
    source_close(&verification.b);
    return status;
}
