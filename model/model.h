/* model: from what a user names on the command line to a graph, and back to files. */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <sys/stat.h>

#include "common/status.h"
#include "model/graph.h"

enum model_format { MODEL_CAFFE, MODEL_NUMPY, MODEL_TENSORFLOW, MODEL_ONNX, MODEL_TFJS };

struct model_options {
    struct shape input_shape; /* for a file that does not say it; in the file's own order of axes;
                                 dims 0: not given */
    int64_t batch; /* what a batch that the file leaves free is read as; 0: as 1, and then again as
                      another number, to see whether that makes another network */
};

/* Loads a network. `spec` is "X.prototxt,X.caffemodel", "X.npz" (with X.json beside it, or both
 * with a comma), "X.prototxt,X.npy" (the pickled dictionaries of caffe-tensorflow and MMdnn), a
 * frozen GraphDef or an ONNX file; model_split() says where its first file ends. What each file is,
 * is told by content, not by name. `options` may be NULL. STATUS_UNSUPPORTED names every layer of a
 * kind that it does not know; STATUS_DATA names file, line or byte and layer; STATUS_IO a file that
 * cannot be opened. The caller frees *out with graph_free(). Weights stay in the mapped file, which
 * must not change meanwhile. */
enum status model_load(const char *spec, const struct model_options *options, struct graph **out,
                       struct error *error) MUST_CHECK;

/* Whether that is one of the files that `graph` was loaded from by `spec`: named there, beside an
 * .npz, or with data of an ONNX model. */
bool model_reads(const struct graph *graph, const char *spec, const struct stat *info);

/* How many bytes of `spec` name its first file; there it ends, or a comma and the second file
 * follow. A spec that is the name of a file means that file, whatever commas are in it; else it
 * ends at the comma that has files on both sides, at one behind a file, or at the first. */
size_t model_split(const char *spec);

struct model_write_options {
    enum model_format format;
    bool explicit_padding; /* TensorFlow: padding=EXPLICIT instead of Pad and VALID */
};

enum { MODEL_MAX_FILES = 2 };

/* The files of a model in one format: STEM.prototxt and STEM.caffemodel; STEM.npz and STEM.json;
 * STEM.pb; STEM.onnx; the folder STEM with model.json and its shards. */
struct model_files {
    size_t count;
    const char *suffixes[MODEL_MAX_FILES]; /* behind the stem; "" for the folder */
};

const struct model_files *model_files(enum model_format format);

/* "caffe", "numpy", "tensorflow", "onnx", "tfjs"; STATUS_USAGE for another word. */
enum status model_format_parse(const char *word, enum model_format *format) MUST_CHECK;
const char *model_format_name(enum model_format format);

/* Writes the files, none of which may exist. STATUS_UNSUPPORTED names every layer that the format
 * cannot say; then, and after any other error, none of them is left behind. The weights are turned
 * while they are written, never held in memory. */
enum status model_write(const struct graph *graph, const struct model_write_options *options,
                        const char *stem, struct error *error) MUST_CHECK;

#endif
