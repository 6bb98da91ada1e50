/* onnx_put: how a layer becomes nodes of ONNX.
 *
 * One writer per row of OPERATOR_MAP, in onnx_put_*.c. A layer that takes several nodes is a chain:
 * onnx_step() adds the next one, whose value is called after the layer's output until
 * onnx_finish() gives the last one the output's own name. Errors stick in the writer. One thread.
 */
#ifndef MODEL_FORMAT_ONNX_ONNX_PUT_H
#define MODEL_FORMAT_ONNX_ONNX_PUT_H

#include "model/format/limits.h"
#include "model/format/wire_writer.h"
#include "model/names.h"

enum { ONNX_PUT_WORDS = 24 };

struct onnx_writer {
    const struct graph *graph;
    struct names *names;
    struct arena arena; /* names, and constants of a few numbers per channel */
    struct wire_message graph_message;
    struct wire_message initializers; /* fields of the graph message that stand behind the nodes */
    int64_t *reader; /* per value: the only node that reads it, ONNX_NO_READER or MANY */
    bool *top;       /* per value: it is what a name of the source means at the end */
    bool *done;      /* per node: an earlier node has said it, too */
    bool our_domain; /* holds operators that no plain runtime has */
    enum status status;
    struct error *error;
    char refused[512]; /* layers that ONNX cannot say */
    size_t refused_size, refused_count;
};

enum { ONNX_NO_READER = -1, ONNX_MANY_READERS = -2 };

/* The layer that is being written. */
struct onnx_put {
    struct onnx_writer *writer;
    const struct node *node;
    const char *name;        /* of the node */
    const char *base;        /* name of its first output */
    const uint32_t *outputs; /* its values, or those of the layer that it takes in */
    bool pending;            /* a node waits for its output's name */
    const char *pending_name, *pending_output, *pending_second;
    struct wire_message message;
    struct {
        const char *word;
        unsigned count;
    } words[ONNX_PUT_WORDS]; /* behind the layer's name, and how often */
};

/* One per row of OPERATOR_MAP. */
#define X(kind, suffix, ...) void onnx_put_##suffix(struct onnx_put *put);
OPERATOR_MAP(X)
#undef X

/* ---- the layer ---- */

const char *onnx_input(const struct onnx_put *put, uint32_t index);
const struct shape *onnx_input_shape(const struct onnx_put *put, uint32_t index);
const struct shape *onnx_output_shape(const struct onnx_put *put, uint32_t index);

/* The index of an axis that may be negative and that inference has checked. */
unsigned onnx_axis(const struct onnx_put *put, int64_t axis);

/* ONNX has no words for this layer; all of them are named together at the end. */
void onnx_refuse(struct onnx_put *put, enum limit limit);

/* ---- nodes ---- */

/* Adds a node of one output with up to three inputs (NULL: none from here on) and returns the name
 * of its output, which is valid as long as the writer. */
const char *onnx_step(struct onnx_put *put, const char *type, const char *a, const char *b,
                      const char *c);

/* The same with a list of inputs. */
const char *onnx_step_list(struct onnx_put *put, const char *type, const char *const *inputs,
                           size_t count);

/* Casts a truth or an index to float. */
const char *onnx_cast_to_float(struct onnx_put *put, const char *value);

/* The last node gets another output, whose name is returned. */
const char *onnx_second_output(struct onnx_put *put, const char *word);

/* Moves the last node to our own domain. */
void onnx_our_domain(struct onnx_put *put);

/* Gives the last node the layer's name and outputs. Without a node: Identity of the first input. */
void onnx_finish(struct onnx_put *put);

/* Instead of that: every output is the first input (Identity). */
void onnx_finish_copies(struct onnx_put *put);

/* Makes the output of `node`, which reads nothing else, the layer's own; `node` is then done. */
void onnx_take_in(struct onnx_put *put, const struct node *node);

/* Attributes of the last node. */
void onnx_put_int(struct onnx_put *put, const char *name, int64_t value);
void onnx_put_float(struct onnx_put *put, const char *name, float value);
void onnx_put_text(struct onnx_put *put, const char *name, const char *text);
void onnx_put_ints(struct onnx_put *put, const char *name, const int64_t *values, size_t count);
void onnx_put_floats(struct onnx_put *put, const char *name, const float *values, size_t count);

/* ---- constants; each returns its name ---- */

const char *onnx_scalar(struct onnx_put *put, const char *word, float value);
const char *onnx_int_list(struct onnx_put *put, const char *word, const int64_t *values,
                          size_t count);
/* The numbers stay where they are and must outlive the writing. */
const char *onnx_weight(struct onnx_put *put, const char *word, const struct weight *weight);

/* `count` floats of the writer's arena; NULL with the error set. */
float *onnx_floats(struct onnx_put *put, size_t count);

/* Room in the writer's arena was refused. */
void onnx_no_memory(struct onnx_put *put);

#endif
