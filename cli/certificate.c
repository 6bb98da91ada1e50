#include "cli/certificate.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/file.h"
#include "common/hash.h"
#include "common/json.h"
#include "engine/probe.h"

static void print_text(FILE *out, const char *key, const char *text)
{
    fprintf(out, "\"%s\": ", key);
    if (text)
        json_write_text(out, text);
    else
        fputs("null", out);
}

static void print_real(FILE *out, const char *key, double value)
{
    fprintf(out, "\"%s\": ", key);
    json_write_real(out, value);
}

static enum status print_file(FILE *out, const struct certificate *certificate, const char *path,
                              const char *name, struct error *error)
{
    char digest[SHA256_HEX_SIZE];
    struct stat info;

    if (stat(path, &info))
        return error_set(error, STATUS_IO, "%s: %s", path, strerror(errno));
    fputs("\n    {", out);
    print_text(out, "name", name);
    fprintf(out, ", \"bytes\": %jd", (intmax_t)info.st_size);
    if (certificate->comparison) {
        enum status status = hash_sha256_file(path, digest, error);
        if (status)
            return status;
        fprintf(out, ", \"sha256\": \"%s\"", digest);
    }
    fputs("}", out);
    return STATUS_OK;
}

static enum status print_side(FILE *out, const char *key, const struct certificate *certificate,
                              const struct certificate_side *side, struct error *error)
{
    enum status status = STATUS_OK;

    fprintf(out, ",\n  \"%s\": {", key);
    print_text(out, "format", side->format);
    fputs(", \"files\": [", out);
    for (size_t i = 0; i < side->file_count && !status; i++) {
        fputs(i ? "," : "", out);
        status = print_file(out, certificate, side->paths[i], side->names[i], error);
    }
    fputs("]}", out);
    return status;
}

static void print_layer(FILE *out, const struct comparison_layer *layer)
{
    static const char *const pairings[] = {[PAIRING_NONE] = "none",
                                           [PAIRING_NAME] = "name",
                                           [PAIRING_NUMBERS] = "numbers",
                                           [PAIRING_OUTPUT] = "output"};

    fputs("\n    {", out);
    print_text(out, "name", layer->name);
    fputs(", ", out);
    print_text(out, "operator", layer->node->op->name);
    fputs(", \"shape\": [", out);
    for (unsigned i = 0; i < layer->shape->dims; i++)
        fprintf(out, "%s%" PRId64, i ? ", " : "", i ? layer->shape->dim[i] : 1);
    fprintf(out, "], \"output\": %s, ", layer->output ? "true" : "false");
    print_text(out, "other", layer->other);
    if (layer->other) {
        fprintf(out, ", \"paired_by\": \"%s\", ", pairings[layer->pairing]);
        print_real(out, "max_difference", layer->max_difference);
        fputs(", ", out);
        print_real(out, "relative_difference", layer->relative);
    }
    fputs("}", out);
}

void certificate_print_comparison(FILE *out, const struct comparison_result *result)
{
    fputs("  \"bounds\": {", out);
    print_real(out, "max_probability_difference", COMPARISON_MAX_PROBABILITY);
    fputs(", ", out);
    print_real(out, "max_relative_difference", COMPARISON_MAX_RELATIVE);
    fprintf(out, "},\n  \"inputs\": %zu,\n  \"outputs\": {", result->input_count);
    print_real(out, "max_probability_difference", result->max_probability);
    fputs(", ", out);
    print_real(out, "max_relative_difference", result->output_relative);
    fprintf(out, ", \"same_top1\": %zu, \"same_top3\": %zu},\n  ", result->same_top1,
            result->same_top3);
    print_real(out, "max_relative_difference", result->max_relative);
    fputs(",\n  ", out);
    print_text(out, "first_different",
               result->first_different ? result->first_different->name : NULL);
    fputs(",\n  ", out);
    print_text(out, "likely_cause", result->hint);
    fprintf(out, ",\n  \"paired\": %zu,\n  \"layers\": [", result->paired);
    for (size_t i = 0; i < result->layer_count; i++) {
        fputs(i ? "," : "", out);
        print_layer(out, &result->layers[i]);
    }
    fputs("]", out);
}

static void print_probes(FILE *out)
{
    fputs(",\n  \"probes\": [", out);
    for (int i = 0; i < PROBE_COUNT; i++)
        fprintf(out, "%s\"%s\"", i ? ", " : "", probe_name((enum probe)i));
    fputs("],\n", out);
}

static enum status print(FILE *out, const struct certificate *certificate, struct error *error)
{
    const struct comparison_result *result = certificate->comparison;
    const char *verdict = !result ? "unverified" : result->same ? "same" : "different";
    enum status status;

    fputs("{\n  \"format\": \"carmlbench-certificate\",\n  \"version\": 1,\n  ", out);
    print_text(out, "tool", "carmlbench " CARMLBENCH_VERSION);
    fputs(",\n  ", out);
    print_text(out, "verdict", verdict);
    if (certificate->note) {
        fputs(",\n  ", out);
        print_text(out, "note", certificate->note);
    }
    if (!result) {
        fputs(",\n  ", out);
        print_text(out, "hashes", "none: nothing was proved, so nothing was hashed");
    }
    status = print_side(out, "source", certificate, &certificate->source, error);
    if (!status)
        status = print_side(out, "result", certificate, &certificate->result, error);
    if (!status && result) {
        print_probes(out);
        certificate_print_comparison(out, result);
    }
    fputs("\n}\n", out);
    return status;
}

enum status certificate_write(const struct certificate *certificate, const char *path,
                              struct error *error)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    enum status status;

    if (!out)
        return error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    status = print(out, certificate, error);
    if (fclose(out) && !status)
        status = error_set(error, STATUS_MEMORY, "%s: out of memory", path);
    if (!status)
        status = file_write(path, text, size, error);
    free(text);
    return status;
}
