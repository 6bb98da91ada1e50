/* mutate: damages small models of every format and loads them.
 *
 * What loads is written to every format, read back, and where it is small enough both are run on
 * the same numbers. A crash, a report of the sanitizers, more than 2 s of processor time, memory
 * beyond a small multiple of the file, an error without a line, a file left behind, or a written
 * file that is not read back is a finding.
 *
 *   mutate [COUNT [SEED [FIRST]]]
 *
 * Mutation I of a SEED is the same each time: `mutate 1 SEED I` repeats a finding in this process
 * and leaves the damaged files in the folder that it names. MUTATE_ONLY=WORD: only seeds with that
 * word in their names. Closes with "N passed, N failed".
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <dirent.h>
#include <unistd.h>

#include "engine/comparison.h"
#include "model/model.h"
#include "model/shape.h"
#include "tests/lib/random.h"
#include "tests/lib/seed.h"

enum {
    COUNT = 4000,
    BATCH = 200,      /* mutations in one child process */
    SECONDS = 2,      /* of processor time for one load */
    RUN_SECONDS = 20, /* for all that follows */
    MEMORY = 64 << 20,
    MEMORY_PER_BYTE = 16,
    RUN_MOST = 1 << 24, /* multiplications of a network that is run */
    FINDINGS_MOST = 40
};

/* Shared with the child. */
struct progress {
    uint64_t at;
    const char *stage; /* a literal: the same address in both */
    uint64_t loaded, compared, differing, unread, soft;
    char seed[64], note[1200];
};

struct run {
    const struct seeds *seeds;
    struct progress *progress;
    char folder[64], out[80];
    uint64_t seed;
    bool verbose;
};

/* ---- memory: AddressSanitizer calls these; without it RLIMIT_AS does the work ---- */

#ifdef __SANITIZE_ADDRESS__
static size_t live, ceiling;

size_t __sanitizer_get_allocated_size(const volatile void *memory);
void __sanitizer_malloc_hook(const volatile void *memory, size_t size);
void __sanitizer_free_hook(const volatile void *memory);

void __sanitizer_malloc_hook(const volatile void *memory, size_t size)
{
    (void)memory;
    live += size;
    if (ceiling && live > ceiling)
        abort();
}

void __sanitizer_free_hook(const volatile void *memory)
{
    size_t size = memory ? __sanitizer_get_allocated_size(memory) : 0;

    live = live > size ? live - size : 0;
}

static void allow_memory(size_t size)
{
    ceiling = size ? live + size : 0;
}
#else
static void allow_memory(size_t size)
{
    (void)size;
}
#endif

static void allow_seconds(int seconds)
{
    const struct itimerval timer = {.it_value = {.tv_sec = seconds}};

    setitimer(ITIMER_PROF, &timer, NULL);
}

/* ---- one mutation ---- */

static void note(struct run *run, const char *stage, const struct error *error)
{
    run->progress->soft++;
    snprintf(run->progress->note, sizeof run->progress->note, "%s: %s", stage, error->text);
    printf("finding: mutation %llu of %s: %s: %s\n", (unsigned long long)run->progress->at,
           run->progress->seed, stage, error->text);
    fflush(stdout);
}

static bool expected(enum status status)
{
    return status == STATUS_DATA || status == STATUS_UNSUPPORTED || status == STATUS_LIMIT;
}

static void check_error(struct run *run, const char *stage, enum status status,
                        const struct error *error)
{
    if (!expected(status) || !error->text[0] || strchr(error->text, '\n'))
        note(run, stage, error);
}

static void remove_all(const char *folder)
{
    DIR *listing = opendir(folder);

    for (struct dirent *entry; listing && (entry = readdir(listing));) {
        char path[512];
        if (entry->d_name[0] == '.' && (!entry->d_name[1] || entry->d_name[1] == '.'))
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        if (entry->d_type == DT_DIR) {
            remove_all(path);
            rmdir(path);
        } else {
            unlink(path);
        }
    }
    if (listing)
        closedir(listing);
}

static size_t count_files(const char *folder)
{
    DIR *listing = opendir(folder);
    size_t count = 0;

    for (struct dirent *entry; listing && (entry = readdir(listing));)
        count += entry->d_name[0] != '.';
    if (listing)
        closedir(listing);
    return count;
}

/* An upper bound of the multiplications of one pass. */
static bool is_small(const struct graph *graph)
{
    double sum = 0;

    for (size_t i = 0; i < graph->node_count; i++) {
        const struct node *node = &graph->nodes[i];
        double values = 0, window = 1;
        for (uint32_t j = 0; j < node->output_count; j++) {
            const struct shape *shape = &graph->values[node->outputs[j]].shape;
            values += (double)shape_product(shape, 0, shape->dims);
        }
        for (uint32_t j = 0; j < node->input_count; j++) {
            const struct shape *shape = &graph->values[node->inputs[j]].shape;
            values += (double)shape_product(shape, 0, shape->dims);
        }
        for (uint32_t j = 0; j < node->weight_count; j++)
            window += (double)node->weights[j].count;
        if (node->op->kind == OPERATOR_POOLING && !node->parameters.pooling.global)
            window = (double)node->parameters.pooling.window.kernel[0] *
                     (double)node->parameters.pooling.window.kernel[1];
        if (node->op->kind == OPERATOR_LRN)
            window = (double)node->parameters.lrn.local_size;
        sum += values * window;
    }
    return sum < RUN_MOST;
}

static void compare(struct run *run, const struct graph *before, const struct graph *after)
{
    struct comparison *comparison;
    struct error error = {""};
    enum status status = comparison_create(before, after, &comparison, &error);

    if (status) {
        check_error(run, "comparison_create", status, &error);
        if (run->verbose)
            printf("as %s: %s\n", after->format, error.text);
        return;
    }
    status = comparison_run_probes(comparison, &error);
    if (status) {
        check_error(run, "session_run", status, &error);
    } else {
        run->progress->compared++;
        run->progress->differing += !comparison_result(comparison)->same;
        if (!comparison_result(comparison)->same && run->verbose)
            printf("mutation %llu of %s: read back as %s, '%s' differs by %g\n",
                   (unsigned long long)run->progress->at, run->progress->seed, after->format,
                   comparison_result(comparison)->first_different
                       ? comparison_result(comparison)->first_different->name
                       : "",
                   comparison_result(comparison)->max_relative);
    }
    comparison_free(comparison);
}

static void write_as(struct run *run, const struct graph *graph, enum model_format format)
{
    const struct model_write_options options = {.format = format};
    const struct model_files *files = model_files(format);
    char stem[128], spec[400];
    struct error error = {""};
    struct graph *back;
    enum status status;

    snprintf(stem, sizeof stem, "%s/m", run->out);
    run->progress->stage = "model_write";
    status = model_write(graph, &options, stem, &error);
    if (status) {
        check_error(run, "model_write", status, &error);
        error_set(&error, status, "files are left behind");
        if (count_files(run->out))
            note(run, "model_write", &error);
    } else if (format != MODEL_TFJS) {
        snprintf(spec, sizeof spec, files->count > 1 ? "%s%s,%s%s" : "%s%s", stem,
                 files->suffixes[0], stem, files->suffixes[files->count - 1]);
        run->progress->stage = "model_load of what was written";
        status = model_load(spec, NULL, &back, &error);
        /* A reader may not know what the writer composed; a padded copy may grow too large. */
        if (status == STATUS_UNSUPPORTED || strstr(error.text, "more than 2147483647 elements")) {
            run->progress->unread++;
        } else if (status) {
            note(run, "what was written is not read back", &error);
        } else {
            run->progress->stage = "comparison";
            if (is_small(graph) && is_small(back))
                compare(run, graph, back);
            graph_free(back);
        }
    }
    remove_all(run->out);
}

static void use(struct run *run, const struct graph *graph)
{
    static const enum model_format formats[] = {MODEL_CAFFE, MODEL_NUMPY, MODEL_TENSORFLOW,
                                                MODEL_ONNX, MODEL_TFJS};

    run->progress->loaded++;
    if (graph->node_count > 1000)
        return;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        write_as(run, graph, formats[i]);
}

static void damage(struct seed *seed, const struct seeds *seeds, uint64_t *random)
{
    size_t count = 1 + random_below(random, 2) * random_below(random, 3);

    for (size_t i = 0; i < count; i++) {
        const struct seed *donor = &seeds->seeds[random_below(random, (uint32_t)seeds->count)];
        size_t file = random_below(random, (uint32_t)seed->count);
        mutation_apply(&seed->files[file].bytes,
                       &donor->files[random_below(random, (uint32_t)donor->count)].bytes,
                       seed->files[file].kind, random);
    }
}

static void copy_seed(struct seed *copy, const struct seed *seed)
{
    *copy = *seed;
    for (size_t i = 0; i < seed->count; i++) {
        buf_init(&copy->files[i].bytes, (size_t)1 << 24);
        if (buf_append(&copy->files[i].bytes, seed->files[i].bytes.data, seed->files[i].bytes.size))
            abort();
    }
}

static const struct seed *choose(const struct seeds *seeds, uint64_t *random)
{
    const char *only = getenv("MUTATE_ONLY");
    const struct seed *seed;

    do {
        seed = &seeds->seeds[random_below(random, (uint32_t)seeds->count)];
    } while (only && !strstr(seed->name, only));
    return seed;
}

static void mutate(struct run *run, uint64_t index)
{
    uint64_t random = run->seed * 1000003 + index;
    struct error error = {""};
    size_t size = 0;
    struct graph *graph;
    struct seed seed;
    char spec[256];

    random = random_next(&random);
    run->progress->at = index;
    run->progress->stage = "mutation";
    copy_seed(&seed, choose(run->seeds, &random));
    snprintf(run->progress->seed, sizeof run->progress->seed, "%s", seed.name);
    damage(&seed, run->seeds, &random);
    if (seed_write(&seed, run->folder, spec, &error))
        abort();
    for (size_t i = 0; i < seed.count; i++) {
        size += seed.files[i].bytes.size;
        buf_free(&seed.files[i].bytes);
    }
    run->progress->stage = "model_load";
    allow_seconds(SECONDS);
    allow_memory(MEMORY + MEMORY_PER_BYTE * size);
    enum status status = model_load(spec, NULL, &graph, &error);
    if (status)
        check_error(run, "model_load", status, &error);
    if (run->verbose)
        printf("mutation %llu of %s: %s: %s\n", (unsigned long long)index, seed.name,
               status_text(status), status ? error.text : "");
    allow_seconds(RUN_SECONDS);
    if (!status)
        use(run, graph);
    run->progress->stage = "graph_free";
    graph_free(status ? NULL : graph);
    allow_memory(0);
    allow_seconds(0);
}

/* ---- all of them ---- */

/* Runs mutations in a child until it dies; where to go on. */
static uint64_t run_batch(struct run *run, uint64_t first, uint64_t end, size_t *findings)
{
    pid_t child;
    int how = 0;

    fflush(stdout);
    run->progress->at = first;
    child = fork();
    if (child < 0)
        abort();
    if (!child) {
        for (uint64_t i = first; i < end; i++)
            mutate(run, i);
        run->progress->stage = "leaks of the batch";
        exit(0); /* looks for leaks */
    }
    waitpid(child, &how, 0);
    if (WIFEXITED(how) && !WEXITSTATUS(how))
        return end;
    printf("finding: mutation %llu of %s: %s %d in %s\n", (unsigned long long)run->progress->at,
           run->progress->seed, WIFSIGNALED(how) ? "signal" : "exit code",
           WIFSIGNALED(how) ? WTERMSIG(how) : WEXITSTATUS(how), run->progress->stage);
    (*findings)++;
    return run->progress->at + 1;
}

static int run_all(struct run *run, uint64_t count, uint64_t first)
{
    size_t findings = 0;

    for (uint64_t i = first; i < first + count && findings < FINDINGS_MOST;) {
        uint64_t end = i + BATCH < first + count ? i + BATCH : first + count;
        i = run_batch(run, i, end, &findings);
    }
    findings += run->progress->soft;
    remove_all(run->folder);
    rmdir(run->folder);
    printf("%llu loaded, %llu conversions compared: %llu differ; %llu cannot be read back\n",
           (unsigned long long)run->progress->loaded, (unsigned long long)run->progress->compared,
           (unsigned long long)run->progress->differing, (unsigned long long)run->progress->unread);
    printf("%llu passed, %zu failed\n",
           (unsigned long long)(count > findings ? count - findings : 0), findings);
    return findings != 0;
}

int main(int argc, char **argv)
{
    uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : COUNT;
    uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    struct run run = {.seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1, .verbose = argc > 3};
    struct error error = {""};
    struct seeds *seeds;

    setvbuf(stdout, NULL, _IOLBF, 0);
    snprintf(run.folder, sizeof run.folder, "/tmp/carmlbench-mutate-XXXXXX");
    run.progress =
        mmap(NULL, sizeof *run.progress, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (run.progress == MAP_FAILED || !mkdtemp(run.folder))
        return 1;
    snprintf(run.out, sizeof run.out, "%s/out", run.folder);
    if (mkdir(run.out, 0700) || seeds_create(run.folder, &seeds, &error)) {
        printf("%s\n0 passed, 1 failed\n", error.text);
        abort();
    }
    run.seeds = seeds;
    if (count == 1) {
        printf("in %s\n", run.folder);
        mutate(&run, first);
        seeds_free(seeds);
        return 0;
    }
    int code = run_all(&run, count, first);
    seeds_free(seeds);
    return code;
}
