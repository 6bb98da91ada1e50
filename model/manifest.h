/* manifest: CarML's description of a model, in CarML's own YAML.
 *
 * A CarML builtin manifest works unchanged; graph_path, weights_path and features_url may be URLs
 * (as CarML writes them) or local paths, relative ones counted from the manifest's folder.
 * Generation A (one number for scale, layer_name) and generation B (input_layer,
 * probabilities_layer, lists) are both read. Unknown keys are ignored, as CarML does. Where
 * color_mode or layout is not stated, it is RGB or HWC, but for the framework Caffe BGR or CHW:
 * generation A fed Caffe nothing else.
 */
#ifndef MODEL_MANIFEST_H
#define MODEL_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "common/hash.h"
#include "common/status.h"

enum color_mode { COLOR_RGB, COLOR_BGR };
enum tensor_layout { LAYOUT_HWC, LAYOUT_CHW };
enum resize_method {
    RESIZE_CARML_B, /* triangle filter, 8-bit rounding per pass (disintegration/imaging Linear) */
    RESIZE_CARML_A, /* nearest neighbour, unsplit (rai-project/image resize_bilinear.cpp) */
    RESIZE_BILINEAR /* half-pixel centres, no antialiasing, result floor(v + 0.5); full-size decode
                       with libjpeg's default upsampling */
};

/* What turns a decoded picture into the network's input; recorded with each result. */
struct preprocessing {
    uint32_t channels, height, width; /* 3,H,W; all 0: keep the picture's size */
    float mean[3], scale[3]; /* in R, G, B order even for BGR nets; (value - mean) / scale */
    enum color_mode color;
    enum tensor_layout layout;
    enum resize_method
        resize; /* key `resize` (carml-b, carml-a, bilinear) under
                   inputs[0].parameters, which CarML's own files lack; default carml-b */
};

struct manifest {
    char *name, *version;                     /* "BVLC-AlexNet", "1.0" */
    char *framework_name, *framework_version; /* "Caffe", "1.0" */
    char *path;                               /* of the manifest file itself */
    char sha256[SHA256_HEX_SIZE];             /* of the manifest's bytes */
    char *input_layer;                        /* NULL: the net's only input */
    char *output_layer;                       /* NULL: the net's only output */
    /* Absolute local paths or URLs; weights may be NULL. */
    char *graph_path, *weights_path, *labels_path;
    char *graph_md5, *weights_md5, *labels_md5; /* NULL when not given */
    char *description, *license;                /* may be NULL */
    char *converted_from; /* attributes.converted_from: the framework whose model this one was
                             converted from; NULL: an original */
    bool archive; /* is_archive: graph and weights are members of the archive at base_url, here
                     written behind it as one path; such a model is never local */
    bool softmax; /* probabilities_transform: softmax */
    struct preprocessing preprocessing;
};

/* Reads and checks a manifest. Caller frees *out. Errors name file, line and key. */
enum status manifest_read(const char *path, struct manifest **out, struct error *error) MUST_CHECK;
void manifest_free(struct manifest *manifest);

/* The first of graph, weights (if any) and labels that is no local file that can be opened, as path
 * or URL; NULL when all are. It lives as long as the manifest. */
const char *manifest_missing(const struct manifest *manifest);

/* True when graph, weights (if any) and labels are local files that can be opened. */
bool manifest_is_local(const struct manifest *manifest);

/* Where `carmlbench convert` leaves the proof of the graph: STEM.certificate.json beside it. NULL
 * for a graph that is no local path, or without memory; the file need not be there. The caller
 * frees it. */
char *manifest_certificate(const struct manifest *manifest);

/* Compares the local files with the MD5 checksums that are given. STATUS_DATA names the first that
 * differs. Files without a checksum pass. */
enum status manifest_verify(const struct manifest *manifest, struct error *error) MUST_CHECK;

/* "carml-b", "carml-a", "bilinear"; STATUS_USAGE for another word. */
enum status resize_method_parse(const char *word, enum resize_method *method) MUST_CHECK;
const char *resize_method_name(enum resize_method method);

/* One line that says the preprocessing exactly, e.g.
 * "resize=carml-b size=227x227 mean=123,117,104 scale=1,1,1 color=BGR layout=CHW". */
void preprocessing_describe(const struct preprocessing *preprocessing, char *text, size_t size);

#endif
