/* onnx_read: what the parts of the ONNX reader share.
 *
 * One node is unpacked at a time; its texts live until the next. One thread.
 */
#ifndef MODEL_FORMAT_ONNX_ONNX_READ_H
#define MODEL_FORMAT_ONNX_ONNX_READ_H

#include "model/format/mapping.h"
#include "model/format/wire.h"
#include "model/import/importer.h"

enum { ONNX_OLDEST_OPSET = 7, ONNX_NEWEST_OPSET = 23, ONNX_MAX_ATTRIBUTES = 64 };

/* A file beside the model that holds data of its tensors. */
struct onnx_external {
    char *location;
    const struct mapping *mapping; /* kept by the graph */
    struct onnx_external *next;
};

/* A tensor turned back to front along an axis. TopK looks at it from in front: so our writer says
 * which of equal numbers Caffe's ArgMax takes. The name means the tensor as it was. */
struct onnx_reversed {
    const char *name;
    unsigned axis;
    struct operand turned; /* what other nodes read; OPERAND_NONE until one does */
    struct onnx_reversed *next;
};

struct onnx_reader {
    struct importer importer;
    const char *path;
    struct error *error;
    bool again;                      /* notices have been given */
    unsigned depth;                  /* of graphs in graphs */
    int64_t opset;                   /* of the standard domain */
    struct onnx_external *externals; /* in the graph's arena, as the next */
    struct onnx_reversed *reversed;
};

struct onnx_attribute {
    const char *name;
    struct wire wire; /* at the beginning of the AttributeProto */
};

struct onnx_node {
    struct onnx_reader *reader;
    struct importer *importer;
    const char *name, *type, *domain;
    size_t input_count, output_count, attribute_count;
    const char **input_names, **outputs; /* an empty text: left out */
    const struct operand **inputs;       /* NULL: left out */
    struct onnx_attribute attributes[ONNX_MAX_ATTRIBUTES];
};

/* ---- onnx_read.c ---- */

/* Adds the initializers and nodes of a GraphProto, which sees all that was made before. */
enum status onnx_read_nodes(struct onnx_reader *reader, struct wire graph) MUST_CHECK;

/* The name in a ValueInfoProto, in the graph's arena. */
enum status onnx_value_name(struct onnx_reader *reader, struct wire wire,
                            const char **name) MUST_CHECK;

/* ---- onnx_node.c ---- */

/* Unpacks a NodeProto; what it needs lives in `arena`. STATUS_DATA names the byte. */
enum status onnx_node_parse(struct onnx_reader *reader, struct wire wire, struct arena *arena,
                            struct onnx_node *node) MUST_CHECK;

/* "FILE: node 'NAME' (TYPE): LINE". Returns `status`. */
#define onnx_fail(node, status, ...) importer_fail((node)->importer, status, __VA_ARGS__)

/* The operand, or NULL when it was left out. */
const struct operand *onnx_operand(const struct onnx_node *node, size_t index);

/* NULL: the tensor of that name stands as it is. */
struct onnx_reversed *onnx_reversed_find(const struct onnx_reader *reader, const char *name);

/* The tensor as it stands after being turned; makes the layers that turn it when first asked. */
enum status onnx_reversed_turn(struct onnx_reader *reader, struct onnx_reversed *reversed,
                               const struct operand **out) MUST_CHECK;

/* Defines an output; nothing if the node does not have or name it. */
enum status onnx_define(const struct onnx_node *node, size_t index,
                        const struct operand *operand) MUST_CHECK;

/* "OUTPUT/SUFFIX", for a layer that stands before the one that makes the first output. */
enum status onnx_helper(const struct onnx_node *node, const char *suffix,
                        const char **name) MUST_CHECK;

bool onnx_has(const struct onnx_node *node, const char *attribute);

/* The value of an attribute, or `fallback` when it is not there. STATUS_DATA for another type. */
enum status onnx_int(const struct onnx_node *node, const char *attribute, int64_t fallback,
                     int64_t *value) MUST_CHECK;
enum status onnx_float(const struct onnx_node *node, const char *attribute, float fallback,
                       float *value) MUST_CHECK;

/* At most `max` numbers; *count 0 when it is not there. */
enum status onnx_ints(const struct onnx_node *node, const char *attribute, int64_t *values,
                      size_t max, size_t *count) MUST_CHECK;
enum status onnx_floats_of(const struct onnx_node *node, const char *attribute, float *values,
                           size_t max, size_t *count) MUST_CHECK;

/* Which of the `words` (separated by blanks) the text is; the first when it is not there.
 * STATUS_UNSUPPORTED for another one. */
enum status onnx_word(const struct onnx_node *node, const char *attribute, const char *words,
                      unsigned *index) MUST_CHECK;

/* The tensor; STATUS_DATA when the attribute is missing. */
enum status onnx_tensor_attribute(const struct onnx_node *node, const char *attribute,
                                  struct operand *out) MUST_CHECK;

/* The graph; STATUS_DATA when the attribute is missing. */
enum status onnx_graph_attribute(const struct onnx_node *node, const char *attribute,
                                 struct wire *graph) MUST_CHECK;

/* The constant input `index`, or the attribute in opsets before `since`; *count 0 without either.
 */
enum status onnx_ints_or_input(const struct onnx_node *node, const char *attribute, size_t index,
                               int64_t since, int64_t *values, size_t max,
                               size_t *count) MUST_CHECK;

/* ---- onnx_tensor.c ---- */

/* A TensorProto as a constant: floats where they lie, if they are float32; integers and bools as
 * integers. `name` (may be NULL) gets its name, in the graph's arena. */
enum status onnx_tensor_read(struct onnx_reader *reader, struct wire wire, const char **name,
                             struct operand *out) MUST_CHECK;

/* ---- onnx_external.c ---- */

/* Where a tensor's bytes lie outside of the model. */
struct onnx_place {
    const char *location; /* NULL: not given */
    uint64_t offset, length;
    bool has_length;
};

/* Maps the file beside the model that holds the bytes and finds them. `size` is what the tensor
 * needs. STATUS_DATA when the location leaves the model's folder or the file is too short. */
enum status onnx_external_find(struct onnx_reader *reader, const struct onnx_place *place,
                               size_t size, const unsigned char **bytes) MUST_CHECK;

/* ---- operators ---- */

typedef enum status onnx_take(struct onnx_node *node);

struct onnx_operator {
    const char *type;
    size_t input_min;
    onnx_take *take;
};

/* The row of a type of the standard domain, or of our own; NULL when it is not supported. */
const struct onnx_operator *onnx_operator_find(const char *domain, const char *type);

struct layer; /* model/import/build.h */

/* A layer that makes the node's first output. */
enum status onnx_layer(struct onnx_node *node, const struct layer *layer,
                       struct operand *out) MUST_CHECK;

/* Tables of the onnx_take_*.c files; they end with a row without type. */
extern const struct onnx_operator onnx_window_operators[], onnx_arithmetic_operators[],
    onnx_statistics_operators[], onnx_layout_operators[], onnx_constant_operators[],
    onnx_resize_operators[], onnx_branch_operators[], onnx_our_operators[];

#endif
