/* dataset: pictures as the network sees them, kept as bytes.
 *
 * Every picture takes the daemon's road: file, JPEG decoder, the manifest's preprocessing. The
 * 8-bit levels behind the resulting tensor are kept, 12 KiB a picture.
 */
#ifndef DEMO_TRAINER_DATASET_H
#define DEMO_TRAINER_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "common/labels.h"
#include "common/status.h"
#include "model/manifest.h"

enum { DATASET_MAX = 100000, DATASET_SYMMETRIES = 8 };

struct dataset {
    size_t count, capacity;
    uint8_t *levels;  /* NET_INPUT a picture: [channel][y][x], channels in the network's order */
    uint8_t *classes; /* index of the picture's synset id in the label file */
    float mean[3], scale[3];
};

/* Reads FOLDER/pictures.tsv, lines "nXXXXXXXX_NNN<TAB>FILE" as demo/draw prints them, and the files
 * it names. The manifest must ask for 3 x 64 x 64, CHW. The caller frees with dataset_free, also
 * after an error. */
enum status dataset_read(struct dataset *dataset, const char *folder,
                         const struct manifest *manifest, const struct labels *labels,
                         struct error *error) MUST_CHECK;
void dataset_free(struct dataset *dataset);

/* Writes picture `index` as [y][x][channel] floats, normalised, turned and mirrored by `symmetry`
 * (0: as it is; below DATASET_SYMMETRIES): no class of ours changes by that. */
void dataset_load(const struct dataset *dataset, size_t index, unsigned symmetry, float *input);

#endif
