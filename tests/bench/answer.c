/* answer: reading a CarML answer with our scanner and with jansson, interleaved.
 *
 *     build/tests/bench/answer [CLASSES [ROUNDS]]
 *
 * Prints the median and the minimum of the CPU time of both and their ratio. It is why
 * carml_answer.c has a scanner of its own.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/buf.h"
#include "daemon/backends/carml_answer.h"

static double cpu_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static enum status build(struct buf *body, unsigned classes)
{
    enum status status =
        buf_append_text(body, "{\"id\":\"691599fd\",\"responses\":[{\"features\":[");
    for (unsigned i = 0; i < classes && !status; i++)
        status =
            buf_printf(body,
                       "%s{\"index\":%u,\"name\":\"n%08u some kind of animal, another "
                       "name\",\"probability\":%.8ge-%u}",
                       i ? "," : "", i, 1440764 + i, 1.0 + (i * 7919 % classes) * 0.008, 3 + i % 7);
    return status ? status : buf_append_text(body, "],\"id\":\"3e47\",\"input_id\":\"9e6a\"}]}");
}

/* The three highest from jansson's tree; the sum keeps the compiler honest. */
static double with_jansson(const struct buf *body)
{
    double best[3] = {-1, -1, -1};
    json_t *document = json_loadb(body->data, body->size, 0, NULL), *feature;
    json_t *responses = json_object_get(document, "responses");
    json_t *features = json_object_get(json_array_get(responses, 0), "features");
    size_t i;
    json_array_foreach(features, i, feature)
    {
        double value = json_number_value(json_object_get(feature, "probability"));
        for (int place = 0; place < 3; place++)
            if (value > best[place]) {
                double lower = best[place];
                best[place] = value;
                value = lower;
            }
    }
    json_decref(document);
    return best[0] + best[1] + best[2];
}

static double with_scanner(const struct buf *body)
{
    struct carml_answer answer;
    enum reason reason;
    if (carml_answer_parse(body->data, body->size, &answer, &reason, NULL))
        return -1;
    return answer.best[0].probability + answer.best[1].probability + answer.best[2].probability;
}

static int ascending(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;
    return difference < 0 ? -1 : difference > 0;
}

static int measure(const struct buf *body, unsigned classes, size_t rounds)
{
    double *ours = calloc(rounds, sizeof *ours), *theirs = calloc(rounds, sizeof *theirs);
    int differences = 0;
    for (size_t i = 0; ours && theirs && i < rounds; i++) {
        double start = cpu_us(), a = with_scanner(body), middle = cpu_us();
        double b = with_jansson(body), end = cpu_us();
        ours[i] = middle - start;
        theirs[i] = end - middle;
        differences += a != b;
    }
    if (ours && theirs) {
        qsort(ours, rounds, sizeof *ours, ascending);
        qsort(theirs, rounds, sizeof *theirs, ascending);
        printf("answer: %u classes, %zu bytes, %zu rounds, %d differences\n", classes, body->size,
               rounds, differences);
        printf("scanner: median %.1f us, minimum %.1f us\n", ours[rounds / 2], ours[0]);
        printf("jansson: median %.1f us, minimum %.1f us\n", theirs[rounds / 2], theirs[0]);
        printf("jansson / scanner: median %.1f, minimum %.1f\n",
               theirs[rounds / 2] / ours[rounds / 2], theirs[0] / ours[0]);
    }
    free(ours);
    free(theirs);
    return differences != 0;
}

int main(int argc, char **argv)
{
    unsigned classes = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000;
    size_t rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 300;
    struct buf body;
    buf_init(&body, 64 << 20);
    if (classes < 3 || rounds < 1 || build(&body, classes)) {
        fprintf(stderr, "answer: usage: answer [CLASSES [ROUNDS]], at least 3 and 1\n");
        return 2;
    }
    int failed = measure(&body, classes, rounds);
    buf_free(&body);
    return failed;
}
