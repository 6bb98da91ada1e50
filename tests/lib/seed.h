/* seed: small models of every format to start damaging from, for tests.
 *
 * Together they hold every operator, as Caffe, JSON, TensorFlow and ONNX have it.
 */
#ifndef TESTS_LIB_SEED_H
#define TESTS_LIB_SEED_H

#include "tests/lib/mutation.h"

enum { SEED_FILES = 2, SEEDS_MOST = 64 };

struct seed {
    char name[40];
    size_t count; /* of files */
    struct {
        const char *suffix;
        enum mutation_kind kind;
        struct buf bytes;
    } files[SEED_FILES];
};

struct seeds {
    size_t count;
    struct seed seeds[SEEDS_MOST];
};

/* Makes them; a folder that may be written to is needed meanwhile. Running out of memory ends the
 * program. The caller frees with seeds_free(). */
enum status seeds_create(const char *folder, struct seeds **out, struct error *error) MUST_CHECK;
void seeds_free(struct seeds *seeds);

/* Writes the files of a seed as FOLDER/net.SUFFIX and gives what model_load() calls them. */
enum status seed_write(const struct seed *seed, const char *folder, char spec[256],
                       struct error *error) MUST_CHECK;

#endif
