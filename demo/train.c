/* train: learns the weights of config/models/shapes.* from drawn pictures; see demo/train.sh. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "demo/trainer/caffemodel.h"
#include "demo/trainer/dataset.h"
#include "demo/trainer/net.h"
#include "tests/lib/random.h"

enum { EPOCHS = 12, BATCH = 8, CLASSES_MAX = 256, OUTPUT_LIMIT = 4 << 20 };

static const double first_rate = 0.001, decay = 0.01;

static const char usage[] =
    "usage: train MANIFEST TRAINING-FOLDER CHECK-FOLDER OUTPUT-FOLDER [EPOCHS]\n"
    "Each folder holds pictures and the list that demo/draw printed, as pictures.tsv. Writes\n"
    "shapes.prototxt and shapes.caffemodel. One thread; the same pictures give the same bytes.\n";

static void shuffle(size_t *order, size_t count, uint64_t *random)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = random_below(random, (uint32_t)i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static size_t best_class(const float *probabilities, size_t classes)
{
    size_t best = 0;

    for (size_t i = 1; i < classes; i++)
        best = probabilities[i] > probabilities[best] ? i : best;
    return best;
}

/* One pass over the pictures in a new order, each in a symmetry of chance; returns how many the
 * network had right. The rate falls linearly from `first_rate` to 0 over all epochs. */
static size_t train_epoch(struct net *net, const struct dataset *dataset, size_t *order,
                          double epoch, double epochs, uint64_t *random)
{
    size_t correct = 0, pictures = 0;
    float probabilities[CLASSES_MAX];

    shuffle(order, dataset->count, random);
    for (size_t i = 0; i < dataset->count; i++) {
        size_t class = dataset->classes[order[i]];

        dataset_load(dataset, order[i], random_below(random, DATASET_SYMMETRIES), net->input);
        net_forward(net, probabilities);
        correct += best_class(probabilities, net->classes) == class;
        net_backward(net, probabilities, class);
        if (++pictures == BATCH || i + 1 == dataset->count) {
            double done = epoch + (double)i / (double)dataset->count;
            net_step(net, pictures, first_rate * (1.0 - done / epochs), decay);
            pictures = 0;
        }
    }
    return correct;
}

static size_t count_correct(struct net *net, const struct dataset *dataset)
{
    float probabilities[CLASSES_MAX];
    size_t correct = 0;

    for (size_t i = 0; i < dataset->count; i++) {
        dataset_load(dataset, i, 0, net->input);
        net_forward(net, probabilities);
        correct += best_class(probabilities, net->classes) == dataset->classes[i];
    }
    return correct;
}

static enum status train(struct net *net, const struct dataset *pictures,
                         const struct dataset *check, unsigned epochs)
{
    size_t *order = malloc(pictures->count * sizeof *order);
    uint64_t random = 2;

    if (!order)
        return STATUS_MEMORY;
    for (size_t i = 0; i < pictures->count; i++)
        order[i] = i;
    for (unsigned epoch = 0; epoch < epochs; epoch++) {
        size_t correct = train_epoch(net, pictures, order, epoch, epochs, &random);
        printf("epoch %2u: %5.2f %% of %zu training pictures, %5.2f %% of %zu unseen ones\n",
               epoch + 1, 100.0 * (double)correct / (double)pictures->count, pictures->count,
               100.0 * (double)count_correct(net, check) / (double)check->count, check->count);
        fflush(stdout);
    }
    free(order);
    return STATUS_OK;
}

static enum status file_write(const char *folder, const char *name, const struct buf *bytes,
                              struct error *error)
{
    char path[4096];
    bool good;
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "wb");
    good = file && fwrite(bytes->data, 1, bytes->size, file) == bytes->size;
    if (file && fclose(file))
        good = false;
    if (good)
        return STATUS_OK;
    return error_set(error, STATUS_IO, "%s: cannot write: %s", path, strerror(errno));
}

static enum status write_model(const struct net *net, const char *folder, struct error *error)
{
    struct buf text, weights;
    enum status status;

    buf_init(&text, OUTPUT_LIMIT);
    buf_init(&weights, OUTPUT_LIMIT);
    status = caffemodel_write_text("shapes", &text);
    if (!status)
        status = caffemodel_write_weights("shapes", net, &weights);
    if (status)
        error_set(error, status, "the model cannot be written");
    if (!status)
        status = file_write(folder, "shapes.prototxt", &text, error);
    if (!status)
        status = file_write(folder, "shapes.caffemodel", &weights, error);
    buf_free(&text);
    buf_free(&weights);
    return status;
}

static enum status run(char **argv, unsigned epochs, struct error *error)
{
    struct dataset pictures = {0}, check = {0};
    struct manifest *manifest = NULL;
    struct labels *labels = NULL;
    struct net *net = NULL;
    enum status status;

    status = manifest_read(argv[1], &manifest, error);
    if (!status)
        status = labels_read(manifest->labels_path, &labels, error);
    if (!status)
        status = dataset_read(&pictures, argv[2], manifest, labels, error);
    if (!status)
        status = dataset_read(&check, argv[3], manifest, labels, error);
    if (!status) {
        status = net_create(labels_count(labels), 1, &net);
        if (!status)
            status = train(net, &pictures, &check, epochs);
        if (status)
            error_set(error, status, "the network cannot be trained");
    }
    if (!status)
        status = write_model(net, argv[4], error);
    net_free(net);
    dataset_free(&check);
    dataset_free(&pictures);
    labels_free(labels);
    manifest_free(manifest);
    return status;
}

int main(int argc, char **argv)
{
    struct error error = {{0}};
    unsigned long epochs = argc == 6 ? strtoul(argv[5], NULL, 10) : EPOCHS;
    enum status status;

    if (argc < 5 || argc > 6 || epochs < 1 || epochs > 1000) {
        fputs(usage, stderr);
        return status_exit_code(STATUS_USAGE);
    }
    status = run(argv, (unsigned)epochs, &error);
    if (status)
        fprintf(stderr, "train: %s\n", error.text);
    return status_exit_code(status);
}
