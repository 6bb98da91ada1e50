#include "tests/lib/seed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/format/mapping.h"
#include "model/model.h"
#include "model/shape.h"
#include "tests/lib/graphdef_draft.h"
#include "tests/lib/net.h"
#include "tests/lib/onnx_model.h"
#include "tests/lib/protobuf.h"

enum { BUF_LIMIT = 1 << 22, PATH_SIZE = 128, NUMBERS = 4096, LEARNED = 12, LEARNED_BLOBS = 3 };

#define CHECK(call)                                                                                \
    do {                                                                                           \
        if (call)                                                                                  \
            abort();                                                                               \
    } while (0)

static float numbers[NUMBERS];

static struct seed *add(struct seeds *seeds, const char *name, const char *format)
{
    struct seed *seed = &seeds->seeds[seeds->count++];

    if (seeds->count > SEEDS_MOST)
        abort();
    snprintf(seed->name, sizeof seed->name, "%s%s%s", name, *format ? " as " : "", format);
    return seed;
}

static struct buf *add_file(struct seed *seed, const char *suffix, enum mutation_kind kind)
{
    struct buf *bytes = &seed->files[seed->count].bytes;

    seed->files[seed->count].suffix = suffix;
    seed->files[seed->count++].kind = kind;
    buf_init(bytes, BUF_LIMIT);
    return bytes;
}

static void add_text(struct seed *seed, const char *suffix, const char *text)
{
    CHECK(buf_append_text(add_file(seed, suffix, MUTATION_TEXT), text));
}

enum status seed_write(const struct seed *seed, const char *folder, char spec[256],
                       struct error *error)
{
    size_t used = 0;

    for (size_t i = 0; i < seed->count; i++) {
        char path[PATH_SIZE];
        const struct buf *bytes = &seed->files[i].bytes;
        snprintf(path, sizeof path, "%s/net%s", folder, seed->files[i].suffix);
        FILE *file = fopen(path, "wb");
        if (!file || fwrite(bytes->data ? bytes->data : "", 1, bytes->size, file) != bytes->size ||
            fclose(file))
            return error_set(error, STATUS_IO, "%s: cannot be written", path);
        used += (size_t)snprintf(spec + used, 256 - used, "%s%s", i ? "," : "", path);
    }
    return STATUS_OK;
}

/* ---- Caffe ---- */

#define LAYER(name, type, bottom, parameters)                                                      \
    "layer { name: '" name "' type: '" type "' bottom: '" bottom "' top: '" name "' " parameters   \
    " }\n"
#define LAYER2(name, type, one, two, parameters)                                                   \
    "layer { name: '" name "' type: '" type "' bottom: '" one "' bottom: '" two "' top: '" name    \
    "' " parameters " }\n"
#define IMAGE "input: 'data' input_shape { dim: 1 dim: 4 dim: 8 dim: 8 }\n"

struct learned {
    const char *layer;
    size_t count;
    struct shape shapes[LEARNED_BLOBS];
};

static const struct caffe_net {
    const char *name, *prototxt;
    struct learned learned[LEARNED];
} caffe_nets[] = {
    {"windows",
     IMAGE LAYER("c", "Convolution", "data",
                 "convolution_param { num_output: 4 kernel_size: 3 pad: 1 stride: 2 group: 2 }")
         LAYER("d", "Deconvolution", "c",
               "convolution_param { num_output: 4 kernel_size: 2 stride: 2 bias_term: false }")
             LAYER("p", "Pooling", "d", "pooling_param { kernel_size: 3 stride: 2 }") LAYER(
                 "a", "Pooling", "p", "pooling_param { pool: AVE kernel_size: 3 stride: 1 pad: 1 }")
                 LAYER("n", "LRN", "a", "lrn_param { local_size: 3 alpha: 0.5 }")
                     LAYER("fc", "InnerProduct", "n", "inner_product_param { num_output: 5 }")
                         LAYER("prob", "Softmax", "fc", ""),
     {{"c", 2, {{4, {4, 2, 3, 3}}, {1, {4}}}},
      {"d", 1, {{4, {4, 4, 2, 2}}}},
      {"fc", 2, {{2, {5, 64}}, {1, {5}}}}}},
    {"numbers",
     IMAGE LAYER("relu", "ReLU", "data", "relu_param { negative_slope: 0.1 }")
         LAYER("prelu", "PReLU", "relu", "") LAYER("elu", "ELU", "prelu", "elu_param { alpha: 2 }")
             LAYER("tanh", "TanH", "elu", "") LAYER("abs", "AbsVal", "tanh", "")
                 LAYER("power", "Power", "abs", "power_param { power: 2 scale: 0.5 shift: 1 }")
                     LAYER("exp", "Exp", "power", "exp_param { base: 2 }")
                         LAYER("log", "Log", "exp", "log_param { base: 2 shift: 1 }")
                             LAYER("bnll", "BNLL", "log", "") LAYER("clip", "ReLU6", "bnll", "")
                                 LAYER("swish", "Swish", "clip", "swish_param { beta: 1 }")
                                     LAYER("sig", "Sigmoid", "swish", "")
                                         LAYER("more", "Threshold", "sig",
                                               "threshold_param { threshold: 0.5 }")
                                             LAYER("drop", "Dropout", "sig", ""),
     {{"prelu", 1, {{1, {4}}}}}},
    {"statistics",
     IMAGE LAYER("bn", "BatchNorm", "data", "batch_norm_param { use_global_stats: true }")
         LAYER("scale", "Scale", "bn", "scale_param { bias_term: true }")
             LAYER("bias", "Bias", "scale", "bias_param { axis: 1 }")
                 LAYER("mvn", "MVN", "bias", "mvn_param { across_channels: true }")
                     LAYER("norm", "Normalize", "mvn",
                           "norm_param { across_spatial: false channel_shared: false }")
                         LAYER("sum", "Reduction", "norm",
                               "reduction_param { operation: SUMSQ axis: 2 coeff: 0.5 }")
                             LAYER("best", "ArgMax", "norm", "argmax_param { axis: 1 top_k: 2 }"),
     {{"bn", 3, {{1, {4}}, {1, {4}}, {1, {1}}}},
      {"scale", 2, {{1, {4}}, {1, {4}}}},
      {"bias", 1, {{1, {4}}}},
      {"norm", 1, {{1, {4}}}}}},
    {"layout",
     IMAGE
     "layer { name: 'slice' type: 'Slice' bottom: 'data' top: 's0' top: 's1' slice_param { axis: 1 "
     "slice_point: 1 } }\n" LAYER("perm", "Permute", "s1",
                                  "permute_param { order: 0 order: 2 order: 3 order: 1 }")
         LAYER("flat", "Flatten", "perm", "flatten_param { axis: 1 end_axis: 2 }") LAYER(
             "shape", "Reshape", "flat", "reshape_param { shape { dim: 0 dim: 8 dim: -1 dim: 3 } }")
             LAYER("tile", "Tile", "s0", "tile_param { axis: 1 tiles: 3 }") LAYER2(
                 "cat", "Concat", "tile", "s1", "concat_param { axis: 1 }")
                 LAYER("mix", "ShuffleChannel", "cat", "shuffle_channel_param { group: 2 }") LAYER2(
                     "sum", "Eltwise", "tile", "s1",
                     "eltwise_param { operation: SUM coeff: 1 coeff: -0.5 }")
                     LAYER("small", "Pooling", "mix", "pooling_param { kernel_size: 2 stride: 2 }")
                         LAYER2("crop", "Crop", "mix", "small",
                                "crop_param { axis: 2 offset: 1 offset: 2 }")
                             LAYER("big", "Interp", "small",
                                   "interp_param { height: 7 width: 7 }") "layer { name: 'split' "
                                                                          "type: 'Split' bottom: "
                                                                          "'sum' top: 't0' top: "
                                                                          "'t1' }\n"
                                                                          "layer { name: 'quiet' "
                                                                          "type: 'Silence' bottom: "
                                                                          "'t1' }\n",
     {{.layer = NULL}}},
    {"detection",
     IMAGE LAYER("box", "Convolution", "data",
                 "convolution_param { num_output: 12 kernel_size: 3 pad: 1 stride: 4 }")
         LAYER("class", "Convolution", "data",
               "convolution_param { num_output: 6 kernel_size: 3 pad: 1 stride: 4 }")
             LAYER("boxes", "Flatten", "box",
                   "") LAYER("perm", "Permute", "class",
                             "permute_param { order: 0 order: 2 order: 3 order: 1 }")
                 LAYER("rows", "Reshape", "perm",
                       "reshape_param { shape { dim: 0 dim: -1 dim: 2 } }")
                     LAYER("soft", "Softmax", "rows", "softmax_param { axis: 2 }")
                         LAYER("flat", "Flatten", "soft", "") LAYER2(
                             "prior", "PriorBox", "box", "data",
                             "prior_box_param { min_size: 3 aspect_ratio: 2 flip: true "
                             "clip: true variance: 0.1 variance: 0.1 variance: 0.2 "
                             "variance: 0.2 }") "layer { name: 'out' type: 'DetectionOutput' "
                                                "bottom: 'boxes' bottom: 'flat' bottom: 'prior' "
                                                "top: 'out' detection_output_param { num_classes: "
                                                "2 nms_param { nms_threshold: 0.4 top_k: 9 } "
                                                "keep_top_k: 5 confidence_threshold: 0.1 "
                                                "code_type: CENTER_SIZE } }\n",
     {{"box", 2, {{4, {12, 4, 3, 3}}, {1, {12}}}}, {"class", 2, {{4, {6, 4, 3, 3}}, {1, {6}}}}}},
    {"regions",
     IMAGE "input: 'rois' input_shape { dim: 2 dim: 5 }\n" LAYER2(
         "roi", "ROIPooling", "data", "rois",
         "roi_pooling_param { pooled_h: 2 pooled_w: 2 spatial_scale: 0.5 }")
         LAYER("fc", "InnerProduct", "roi", "inner_product_param { num_output: 3 }"),
     {{"fc", 2, {{2, {3, 16}}, {1, {3}}}}}},
};

/* The same network as every other writer says it, where it can. */
static enum status add_written(struct seeds *seeds, const struct seed *source, const char *name,
                               const char *folder, struct error *error)
{
    static const enum model_format formats[] = {MODEL_NUMPY, MODEL_TENSORFLOW, MODEL_ONNX};
    static const enum mutation_kind kinds[][SEED_FILES] = {{MUTATION_BYTES, MUTATION_TEXT},
                                                           {MUTATION_PROTOBUF, MUTATION_BYTES},
                                                           {MUTATION_PROTOBUF, MUTATION_BYTES}};
    char spec[256], stem[PATH_SIZE];
    struct graph *graph = NULL;
    enum status status = seed_write(source, folder, spec, error);

    if (!status)
        status = model_load(spec, NULL, &graph, error);
    snprintf(stem, sizeof stem, "%s/written", folder);
    for (size_t i = 0; i < sizeof formats / sizeof *formats && !status; i++) {
        const struct model_write_options options = {.format = formats[i]};
        const struct model_files *files = model_files(formats[i]);
        struct seed *seed;
        if (model_write(graph, &options, stem, error))
            continue;
        seed = add(seeds, name, model_format_name(formats[i]));
        for (size_t j = 0; j < files->count; j++) {
            struct mapping *mapping;
            char path[PATH_SIZE + 16];
            snprintf(path, sizeof path, "%s%s", stem, files->suffixes[j]);
            CHECK(mapping_open(path, &mapping, error));
            CHECK(buf_append(add_file(seed, files->suffixes[j], kinds[i][j]), mapping->bytes,
                             mapping->size));
            mapping_close(mapping);
            unlink(path);
        }
    }
    graph_free(graph);
    for (size_t i = 0; i < source->count; i++) {
        snprintf(stem, sizeof stem, "%s/net%s", folder, source->files[i].suffix);
        unlink(stem);
    }
    return status;
}

static enum status add_caffe(struct seeds *seeds, const struct caffe_net *net, const char *folder,
                             struct error *error)
{
    struct seed *seed = add(seeds, net->name, "caffe");
    struct buf *weights;

    add_text(seed, ".prototxt", net->prototxt);
    if (net->learned[0].layer) {
        weights = add_file(seed, ".caffemodel", MUTATION_PROTOBUF);
        for (size_t i = 0; i < LEARNED && net->learned[i].layer; i++)
            net_weights(weights, net->learned[i].layer, net->learned[i].count,
                        net->learned[i].shapes, numbers);
    }
    return add_written(seeds, seed, net->name, folder, error);
}

/* Layers of Caffe's first two forms: where a layer's name, type and blobs stand in V1LayerParameter
 * (2 of NetParameter) and, one message deeper, in V0LayerParameter (1). */
static void put_old_layer(struct buf *net, bool v0, const char *name, const int64_t shape[4],
                          const int64_t bias[4])
{
    struct buf inner, outer;

    buf_init(&inner, BUF_LIMIT);
    buf_init(&outer, BUF_LIMIT);
    protobuf_text(&inner, v0 ? 1 : 4, name);
    if (v0)
        protobuf_text(&inner, 2, "conv");
    else
        protobuf_varint(&inner, 5, 4); /* CONVOLUTION */
    protobuf_blob(&inner, v0 ? 50 : 6, 4, shape, numbers);
    if (bias)
        protobuf_blob(&inner, v0 ? 50 : 6, 4, bias, numbers);
    if (v0) {
        protobuf_message(&outer, 1, &inner);
        protobuf_message(net, 2, &outer);
    } else {
        protobuf_message(net, 2, &inner);
    }
    buf_free(&inner);
    buf_free(&outer);
}

static void add_old_caffe(struct seeds *seeds)
{
    static const char v0[] =
        "name: 'old' input: 'data' input_dim: 1 input_dim: 2 input_dim: 5 input_dim: 5\n"
        "layers { layer { name: 'pad' type: 'padding' pad: 1 } bottom: 'data' top: 'pad' }\n"
        "layers { layer { name: 'c' type: 'conv' num_output: 4 group: 2 kernelsize: 3 stride: 2 } "
        "bottom: 'pad' top: 'c' }\n"
        "layers { layer { name: 'r' type: 'relu' } bottom: 'c' top: 'c' }\n"
        "layers { layer { name: 'p' type: 'pool' pool: AVE kernelsize: 3 stride: 2 } bottom: 'c' "
        "top: 'p' }\n"
        "layers { layer { name: 'both' type: 'concat' concat_dim: 0 } bottom: 'p' bottom: 'p' top: "
        "'both' }\n"
        "layers { layer { name: 'prob' type: 'softmax' } bottom: 'both' top: 'prob' }\n";
    static const char v1[] =
        "name: 'older' input: 'data' input_dim: 1 input_dim: 2 input_dim: 5 input_dim: 5\n"
        "layers { name: 'c' type: CONVOLUTION bottom: 'data' top: 'c' convolution_param { "
        "num_output: 4 group: 2 kernel_size: 3 stride: 2 pad: 1 } blobs_lr: 1 blobs_lr: 2 }\n"
        "layers { name: 'r' type: RELU bottom: 'c' top: 'c' }\n"
        "layers { name: 'd' type: DROPOUT bottom: 'c' top: 'c' dropout_param { dropout_ratio: 0.5 "
        "} include { phase: TRAIN } }\n"
        "layers { name: 's' type: SLICE bottom: 'c' top: 'x' top: 'y' slice_param { slice_dim: 1 } "
        "}\n"
        "layers { name: 'e' type: ELTWISE bottom: 'x' bottom: 'y' top: 'e' eltwise_param { "
        "operation: MAX } }\n"
        "layers { name: 'prob' type: SOFTMAX bottom: 'e' top: 'prob' }\n";
    static const int64_t conv[] = {4, 1, 3, 3}, bias[] = {1, 1, 1, 4};

    for (int i = 0; i < 2; i++) {
        struct seed *seed = add(seeds, i ? "V0" : "V1", "caffe");
        struct buf *bytes;
        add_text(seed, ".prototxt", i ? v0 : v1);
        bytes = add_file(seed, ".caffemodel", MUTATION_PROTOBUF);
        protobuf_text(bytes, 1, "old");
        put_old_layer(bytes, i, "c", conv, bias);
    }
}

/* ---- pickles: {'c': {'weights': (2,2,2,3), 'biases': (3)}} as Python 2 and protocol 2 wrote it */

static void put(struct buf *out, const void *bytes, size_t size)
{
    CHECK(buf_append(out, bytes, size));
}

#define PUT(out, text) put(out, text, sizeof(text) - 1)

static void put_array(struct buf *out, const unsigned char *extents, size_t count)
{
    unsigned char size[] = {'T', sizeof(float), 0, 0, 0};

    PUT(out, "h\1(h\2(K\0tU\1btR(K\1(");
    for (size_t i = 0; i < count; i++) {
        put(out, (unsigned char[]){'K', extents[i]}, 2);
        size[1] = (unsigned char)(size[1] * extents[i]);
    }
    PUT(out, "th\7I00\n");
    put(out, size, sizeof size);
    put(out, numbers, size[1]);
    PUT(out, "tb");
}

static void add_pickle(struct seeds *seeds)
{
    static const char header[] = "{'descr': '|O', 'fortran_order': False, 'shape': (), }";
    struct seed *seed = add(seeds, "pickle", "npy");
    struct buf *out;

    add_text(seed, ".prototxt",
             "input: 'data' input_shape { dim: 1 dim: 2 dim: 3 dim: 3 }\n"
             "layer { name: 'c' type: 'Convolution' bottom: 'data' top: 'c' convolution_param { "
             "num_output: 3 kernel_size: 2 } }\n");
    out = add_file(seed, ".npy", MUTATION_BYTES);
    PUT(out, "\223NUMPY\1\0\66\0");
    put(out, header, sizeof header - 1);
    PUT(out, "\x80\2cnumpy.core.multiarray\n_reconstruct\nq\1(cnumpy\nndarray\nq\2(K\0tU\1btRq\3");
    PUT(out, "(K\1)cnumpy\ndtype\nq\4(U\2O8K\0K\1tRq\5(K\3U\1|NNNJ\377\377\377\377J\377\377\377\377"
             "K\77tbI00\n]h\4(U\2f4K\0K\1tRq\6(K\3U\1<NNNJ\377\377\377\377J\377\377\377\377K\0tb");
    PUT(out, "q\7"
             "0}U\1c}U\7weights");
    put_array(out, (const unsigned char[]){2, 2, 2, 3}, 4);
    PUT(out, "sU\6biases");
    put_array(out, (const unsigned char[]){3}, 1);
    PUT(out, "ssatb.");
}

/* ---- TensorFlow: what our writer does not say ---- */

#define SHAPE(...)                                                                                 \
    (&(const struct shape){.dims = sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),             \
                           .dim = {__VA_ARGS__}})
#define INTS(draft, name, ...)                                                                     \
    draft_numbers(draft, name, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                 \
                  (int64_t[]){__VA_ARGS__})
#define LIST(draft, key, ...)                                                                      \
    draft_ints(draft, key, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t),                     \
               (int64_t[]){__VA_ARGS__})

static void keep_draft(struct seeds *seeds, const char *name, struct draft *draft)
{
    struct buf bytes = draft_bytes(draft);

    put(add_file(add(seeds, name, "graphdef"), ".pb", MUTATION_PROTOBUF), bytes.data, bytes.size);
    draft_free(draft);
}

static void add_windows_draft(struct seeds *seeds)
{
    struct draft d;

    draft_init(&d);
    draft_input(&d, "x", SHAPE(1, 8, 8, 2));
    draft_floats(&d, "w", SHAPE(3, 3, 2, 2), numbers);
    draft_node(&d, "c", "Conv2D", "x w");
    LIST(&d, "strides", 1, 2, 2, 1);
    draft_text(&d, "padding", "SAME");
    draft_node(&d, "dw", "DepthwiseConv2dNative", "c w");
    LIST(&d, "strides", 1, 1, 1, 1);
    draft_text(&d, "padding", "SAME");
    draft_floats(&d, "four", SHAPE(4), numbers);
    draft_node(&d, "bn", "FusedBatchNorm", "dw four four four four");
    draft_bool(&d, "is_training", false);
    draft_node(&d, "p", "MaxPool", "bn");
    LIST(&d, "ksize", 1, 3, 3, 1);
    LIST(&d, "strides", 1, 2, 2, 1);
    draft_text(&d, "padding", "SAME");
    draft_node(&d, "a", "AvgPool", "p");
    LIST(&d, "ksize", 1, 2, 2, 1);
    LIST(&d, "strides", 1, 1, 1, 1);
    draft_text(&d, "padding", "SAME");
    INTS(&d, "axes", 1, 2);
    draft_node(&d, "m", "Mean", "a axes");
    draft_floats(&d, "k", SHAPE(4, 3), numbers);
    draft_node(&d, "fc", "MatMul", "m k");
    draft_node(&d, "y", "Softmax", "fc");
    keep_draft(seeds, "windows", &d);
}

static void add_layout_draft(struct seeds *seeds)
{
    struct draft d;

    draft_init(&d);
    draft_input(&d, "x", SHAPE(1, 6, 6, 4));
    draft_number(&d, "axis", 3);
    draft_node(&d, "split", "Split", "axis x");
    draft_int(&d, "num_split", 2);
    draft_node(&d, "cat", "ConcatV2", "split:1 split axis");
    draft_int(&d, "N", 2);
    draft_node(&d, "size", "Shape", "cat");
    INTS(&d, "zero", 0);
    INTS(&d, "one", 1);
    INTS(&d, "two", 2);
    draft_node(&d, "n", "StridedSlice", "size zero one one");
    draft_int(&d, "shrink_axis_mask", 1);
    draft_number(&d, "rest", -1);
    draft_node(&d, "pack", "Pack", "n rest");
    draft_int(&d, "N", 2);
    draft_node(&d, "flat", "Reshape", "cat pack");
    INTS(&d, "begin", 0, 1, 1, 0);
    INTS(&d, "end", 0, 5, 5, 4);
    INTS(&d, "step", 1, 1, 1, 1);
    draft_node(&d, "cut", "StridedSlice", "cat begin end step");
    draft_int(&d, "begin_mask", 1);
    draft_int(&d, "end_mask", 1);
    draft_number(&d, "from", 0);
    draft_number(&d, "to", 4);
    draft_number(&d, "by", 1);
    draft_node(&d, "order", "Range", "from to by");
    draft_node(&d, "turn", "Transpose", "cut order");
    INTS(&d, "times", 1, 1, 2, 1);
    draft_node(&d, "tile", "Tile", "turn times");
    INTS(&d, "hw", 9, 9);
    draft_node(&d, "big", "ResizeBilinear", "tile hw");
    draft_node(&d, "fill", "Fill", "two axis");
    draft_node(&d, "dim", "ExpandDims", "big one");
    draft_node(&d, "y", "Squeeze", "dim");
    LIST(&d, "squeeze_dims", 1);
    keep_draft(seeds, "layout", &d);
}

/* ---- ONNX: what our writer does not say ---- */

#define SIZES(...)                                                                                 \
    (sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t)), (int64_t[])                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

static void keep_onnx(struct seeds *seeds, const char *name, struct onnx_model *model)
{
    onnx_model_end(model);
    put(add_file(add(seeds, name, "onnx"), ".onnx", MUTATION_PROTOBUF), model->bytes.data,
        model->bytes.size);
    onnx_model_free(model);
}

static void add_layout_onnx(struct seeds *seeds)
{
    struct onnx_model m;

    onnx_model_begin(&m, 13);
    onnx_model_input(&m, "x", SIZES(0, 4, 6, 6));
    onnx_model_integers(&m, "zero", SIZES(0));
    onnx_model_integers(&m, "one", SIZES(1));
    onnx_model_integers(&m, "rest", SIZES(-1));
    onnx_model_integers(&m, "ten", SIZES(1, 4, 12, 12));
    onnx_model_integers(&m, "pads", SIZES(0, 0, 1, 1, 0, 0, 2, 2));
    onnx_model_integers(&m, "begin", SIZES(1, 1));
    onnx_model_integers(&m, "end", SIZES(4, 4));
    onnx_model_integers(&m, "axes", SIZES(2, 3));
    onnx_model_integers(&m, "times", SIZES(1, 2, 1, 1));
    onnx_model_integers(&m, "wide", SIZES(2, 1, 1, 1, 1));
    onnx_model_node(&m, "Shape", "x", "size");
    onnx_model_node(&m, "Gather", "size zero", "n");
    onnx_model_int(&m, "axis", 0);
    onnx_model_node(&m, "Concat", "n rest", "to");
    onnx_model_int(&m, "axis", 0);
    onnx_model_node(&m, "Reshape", "x to", "flat");
    onnx_model_node(&m, "ConstantOfShape", "one", "constant");
    onnx_model_node(&m, "Add", "flat constant", "y");
    onnx_model_node(&m, "Pad", "x pads", "padded");
    onnx_model_node(&m, "Slice", "padded begin end axes", "cut");
    onnx_model_node(&m, "Tile", "cut times", "tiled");
    onnx_model_ints(&m, "perm", SIZES(0, 2, 3, 1));
    onnx_model_node(&m, "Transpose", "tiled", "turned");
    onnx_model_node(&m, "Expand", "x wide", "expanded");
    onnx_model_node(&m, "Resize", "x - - ten", "resized");
    onnx_model_int(&m, "blocksize", 2);
    onnx_model_node(&m, "DepthToSpace", "x", "space");
    for (const char *const *name = (const char *const[]){"y", "turned", "resized", "space", NULL};
         *name; name++)
        onnx_model_output(&m, *name);
    keep_onnx(seeds, "layout", &m);
}

static void add_windows_onnx(struct seeds *seeds)
{
    struct onnx_model m;

    onnx_model_begin(&m, 11);
    onnx_model_input(&m, "x", SIZES(0, 4, 8, 8));
    onnx_model_floats(&m, "w", SIZES(4, 2, 3, 3), numbers);
    onnx_model_floats(&m, "v", SIZES(4), numbers);
    onnx_model_floats(&m, "k", SIZES(64, 3), numbers);
    onnx_model_floats(&m, "b", SIZES(3), numbers);
    onnx_model_int(&m, "group", 2);
    onnx_model_ints(&m, "pads", SIZES(0, 1, 2, 1));
    onnx_model_node(&m, "Conv", "x w v", "c");
    onnx_model_node(&m, "BatchNormalization", "c v v v v", "bn");
    onnx_model_node(&m, "HardSwish", "bn", "hs");
    onnx_model_ints(&m, "kernel_shape", SIZES(3, 3));
    onnx_model_ints(&m, "strides", SIZES(2, 2));
    onnx_model_int(&m, "ceil_mode", 1);
    onnx_model_ints(&m, "pads", SIZES(0, 0, 1, 1));
    onnx_model_node(&m, "AveragePool", "hs", "p");
    onnx_model_node(&m, "InstanceNormalization", "p v v", "in");
    onnx_model_node(&m, "Flatten", "in", "flat");
    onnx_model_node(&m, "Gemm", "flat k b", "fc");
    onnx_model_node(&m, "Softmax", "fc", "y");
    onnx_model_output(&m, "y");
    keep_onnx(seeds, "windows", &m);
}

enum status seeds_create(const char *folder, struct seeds **out, struct error *error)
{
    struct seeds *seeds = calloc(1, sizeof *seeds);
    enum status status = STATUS_OK;

    *out = seeds;
    if (!seeds)
        abort();
    for (size_t i = 0; i < NUMBERS; i++)
        numbers[i] = (float)(i % 17) * 0.125F + 0.25F;
    for (size_t i = 0; i < sizeof caffe_nets / sizeof *caffe_nets && !status; i++)
        status = add_caffe(seeds, &caffe_nets[i], folder, error);
    add_old_caffe(seeds);
    add_pickle(seeds);
    add_windows_draft(seeds);
    add_layout_draft(seeds);
    add_windows_onnx(seeds);
    add_layout_onnx(seeds);
    return status;
}

void seeds_free(struct seeds *seeds)
{
    for (size_t i = 0; seeds && i < seeds->count; i++) {
        for (size_t j = 0; j < seeds->seeds[i].count; j++)
            buf_free(&seeds->seeds[i].files[j].bytes);
    }
    free(seeds);
}
