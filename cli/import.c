/* carmlbench import: results that were recorded elsewhere, every line accounted for. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/seed_top3.h"
#include "cli/targets.h"
#include "common/hash.h"
#include "common/store/import.h"
#include "common/utf8.h"

enum { NAME_DIGITS = 16 };

struct request {
    const char *file, *form, *run, *model, *framework, *expect, *synset;
};

struct counts {
    uint64_t read, refused, unordered;
    struct store_import_counts stored;
};

static enum status read_options(struct cli *cli, int argc, char **argv, struct request *request,
                                bool *help, struct error *error)
{
    static const struct option table[] = {{"as", required_argument, NULL, 0},
                                          {"run", required_argument, NULL, 1},
                                          {"model", required_argument, NULL, 2},
                                          {"framework", required_argument, NULL, 3},
                                          {"expect", required_argument, NULL, 4},
                                          {"synset", required_argument, NULL, 5},
                                          CLI_COMMON_OPTIONS};
    const char **const values[] = {&request->form,      &request->run,    &request->model,
                                   &request->framework, &request->expect, &request->synset};
    for (int value; (value = cli_next_option(cli, argc, argv, table, error)) != CLI_END;) {
        *help = value == CLI_HELP;
        if (value < 0)
            return *help ? STATUS_OK : STATUS_USAGE;
        *values[value] = optarg;
    }
    return STATUS_OK;
}

static enum status check_request(const struct cli *cli, const struct request *request,
                                 struct error *error)
{
    if (!request->form || strcmp(request->form, "seed-top3") != 0)
        return cli_usage(cli, error, "--as: expected seed-top3, the only form there is");
    if (!request->model || !request->framework)
        return cli_usage(cli, error, "--%s is missing: it cannot be told from the lines",
                         request->model ? "framework" : "model");
    enum status status = cli_check_run(cli, request->run, error);
    return status ? status : cli_check_expectation(cli, request->expect, request->synset, error);
}

/* ---- the file ------------------------------------------------------------------------------- */

/* What is imported: read twice, first for its hash. */
struct file {
    const char *path;
    char name[256]; /* for lines on stderr and for the producer */
    char sha256[SHA256_HEX_SIZE];
    int descriptor;
};

static void name_file(struct file *file)
{
    char *copy = strdup(file->path);
    const char *base = copy ? basename(copy) : "a file";
    snprintf(file->name, sizeof file->name, "%s",
             strcmp(file->path, "-") == 0 ? "standard input" : base);
    utf8_make_line(file->name);
    free(copy);
}

static enum status fail(const struct file *file, const char *what, struct error *error)
{
    return error_set(error, errno == ENOSPC || errno == EDQUOT ? STATUS_FULL : STATUS_IO,
                     "%s: %s: %s", file->path, what, strerror(errno));
}

/* What comes through a pipe can be read only once: it goes to a file without a name. */
static enum status spool(struct file *file, struct error *error)
{
    char piece[1 << 14];
    FILE *copy = tmpfile();
    if (!copy)
        return fail(file, "no temporary file", error);
    ssize_t got;
    while ((got = read(file->descriptor, piece, sizeof piece)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0 && fwrite(piece, 1, (size_t)got, copy) != (size_t)got)
            break;
    enum status status = STATUS_OK;
    if (got < 0)
        status = fail(file, "read error", error);
    else if (got > 0 || fflush(copy) != 0)
        status = fail(file, "no space for a copy below " P_tmpdir, error);
    int kept = status ? -1 : dup(fileno(copy));
    if (!status && (kept < 0 || lseek(kept, 0, SEEK_SET) != 0))
        status = fail(file, "no temporary file", error);
    fclose(copy);
    close(file->descriptor);
    file->descriptor = kept;
    return status;
}

static enum status open_file(const char *path, struct file *file, struct error *error)
{
    struct stat info;
    file->path = path;
    name_file(file);
    file->descriptor =
        strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
    if (file->descriptor < 0 || fstat(file->descriptor, &info) != 0)
        return fail(file, "cannot be read", error);
    enum status status = STATUS_OK;
    if (!S_ISREG(info.st_mode) || lseek(file->descriptor, 0, SEEK_CUR) != 0)
        status = spool(file, error);
    if (!status && hash_sha256_descriptor(file->descriptor, file->sha256))
        status = fail(file, "read error", error);
    return status;
}

/* ---- its lines ------------------------------------------------------------------------------ */

struct importer {
    const struct file *file;
    const char *synset; /* --synset, which goes before the ids of the lines; NULL: none */
    struct store_import *import;
    struct seed_line line;
    struct counts counts;
};

static void refuse(struct importer *importer, uint64_t number, const char *why)
{
    const char *path = importer->file->path;
    importer->counts.refused++;
    fprintf(stderr, "%s:%" PRIu64 ": refused: %s\n",
            strcmp(path, "-") == 0 ? "standard input" : path, number, why);
}

static enum status add_line(struct importer *importer, const char *text, size_t size,
                            uint64_t number, bool too_long, struct error *error)
{
    char url[64];
    struct seed_line *line = &importer->line;
    enum status status = seed_line_parse(text, size, line);
    if (status)
        return error_set(error, status, "import: out of memory");
    if (line->kind == SEED_LINE_BLANK)
        return STATUS_OK;
    importer->counts.read++;
    if (too_long || line->kind == SEED_LINE_REFUSED) {
        refuse(importer, number, too_long ? "the line is longer than 64 KiB" : line->why.text);
        return STATUS_OK;
    }
    importer->counts.unordered += !line->descending;
    snprintf(url, sizeof url, "seed-top3:%.*s#%" PRIu64, NAME_DIGITS, importer->file->sha256,
             number);
    struct store_answer answer = {
        .url = line->front.kind == URL_LINE_URL ? line->front.url : url,
        .expect_wnid = !importer->synset && *line->front.wnid ? line->front.wnid : NULL,
        .count = line->count,
    };
    for (size_t i = 0; i < line->count; i++) {
        answer.entries[i].label = line->entries[i].label;
        answer.entries[i].probability = line->entries[i].probability;
    }
    return store_import_add(importer->import, &answer, error);
}

static enum status add_lines(struct importer *importer, struct error *error)
{
    struct line_reader *reader = NULL;
    enum status status = line_reader_open(importer->file->descriptor, &reader);
    if (status)
        return error_set(error, status, "import: out of memory");
    while (!status) {
        const char *line;
        size_t size;
        uint64_t number;
        bool too_long;
        status = line_reader_next(reader, &line, &size, &number, &too_long);
        if (status == STATUS_IO)
            (void)fail(importer->file, "read error; what was read so far is imported", error);
        if (!status)
            status = add_line(importer, line, size, number, too_long, error);
    }
    line_reader_free(reader);
    return status == STATUS_NO ? STATUS_OK : status;
}

static void print_counts(const struct cli *cli, const struct counts *counts)
{
    static const char *const forms[] = {
        "read %" PRIu64 "\nadded %" PRIu64 "\nduplicate %" PRIu64 "\nrefused %" PRIu64 "\n",
        "{\"read\":%" PRIu64 ",\"added\":%" PRIu64 ",\"duplicate\":%" PRIu64 ",\"refused\":%" PRIu64
        ",\"unordered\":%" PRIu64 ",\"kept_expectations\":%" PRIu64 "}\n"};
    if (cli->json)
        printf(forms[1], counts->read, counts->stored.added, counts->stored.duplicate,
               counts->refused, counts->unordered, counts->stored.kept);
    else
        printf(forms[0], counts->read, counts->stored.added, counts->stored.duplicate,
               counts->refused);
    cli_note_kept(counts->stored.kept);
    if (counts->unordered)
        fprintf(stderr,
                "note: %" PRIu64
                " line%s not sorted by probability; as recorded, the first entry is "
                "taken for the best\n",
                counts->unordered, counts->unordered == 1 ? " is" : "s are");
}

/* Adds everything; what was acknowledged is counted even when it ends early. */
static enum status import_lines(struct cli *cli, struct importer *importer,
                                const struct store_import_source *source, struct error *error)
{
    enum status status = store_import_begin(cli->store, source, &importer->import, error);
    if (status)
        return status;
    status = add_lines(importer, error);
    struct error flush_error = {""};
    struct counts *counts = &importer->counts;
    enum status flushed = store_import_flush(importer->import, &counts->stored, &flush_error);
    store_import_end(importer->import);
    if (!status && flushed) {
        status = flushed;
        if (error)
            *error = flush_error;
    }
    print_counts(cli, counts);
    if (!status && counts->refused > 0 && counts->refused == counts->read)
        status = error_set(error, STATUS_DATA,
                           "%s: not one line is a result; is it a file of seed-top3 lines?",
                           importer->file->path);
    return status;
}

static enum status import_file(struct cli *cli, const struct request *request,
                               const struct file *file, const struct store_target *target,
                               struct error *error)
{
    static struct importer importer; /* a line's URL takes 8 KiB, and one thread */
    char detail[sizeof file->name + SHA256_HEX_SIZE + 32];
    snprintf(detail, sizeof detail, "imported from %s, SHA-256 %s", file->name, file->sha256);
    const struct store_import_source source = {
        .run = request->run,
        .target = *target,
        .producer = {.backend = "import", .detail = detail},
        .expect_wnid = request->synset,
        .expect_text = request->expect,
    };
    importer.file = file;
    importer.synset = request->synset;
    seed_line_init(&importer.line);
    enum status status = import_lines(cli, &importer, &source, error);
    seed_line_free(&importer.line);
    return status;
}

enum status import_command(struct cli *cli, int argc, char **argv, struct error *error)
{
    bool help = false;
    struct file file = {.descriptor = -1};
    struct targets targets = {0};
    struct request request = {.run = "default"};
    enum status status = read_options(cli, argc, argv, &request, &help, error);
    if (status || help)
        return status;
    status = cli_arguments(cli, argc - optind, 1, 1, error);
    if (!status)
        status = check_request(cli, &request, error);
    if (!status)
        status = targets_name(cli, request.model, request.framework, "import", &targets, error);
    if (!status)
        status = open_file(argv[optind], &file, error);
    if (!status)
        status = cli_open_store(cli, STORE_CLIENT, error);
    if (!status)
        status = cli_note_synset(cli, request.synset, error);
    if (!status)
        status = import_file(cli, &request, &file, &targets.items[0], error);
    if (file.descriptor >= 0)
        close(file.descriptor);
    targets_free(&targets);
    return status;
}
