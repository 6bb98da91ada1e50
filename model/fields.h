/* fields: the parameters of each kind of layer as data: one table of names, types and ranges over
 * the structs of model/parameters.h and model/spatial_parameters.h.
 *
 * What writes or reads parameters by name, and tests that make them up, walk this table. A row of
 * OPERATOR_MAP without one does not compile. Any thread.
 */
#ifndef MODEL_FIELDS_H
#define MODEL_FIELDS_H

#include "model/graph.h"

enum field_type {
    FIELD_INT,   /* int64_t */
    FIELD_BYTE,  /* uint8_t */
    FIELD_FLOAT, /* float */
    FIELD_BOOL,  /* bool */
    FIELD_WORD   /* an enum, by the words of `words` */
};

enum field_form {
    FIELD_ONE,
    FIELD_PAIR, /* an array of two: height, width */
    FIELD_AXES, /* an array of SHAPE_MAX_DIMS; an unsigned at `count` says how many are used.
                   Two fields may share it */
    FIELD_LIST, /* a pointer to what the graph's arena owns; a size_t at `count` says how many */
    FIELD_PER_INPUT /* the same, one for each input of the node, or NULL */
};

struct field {
    const char *name; /* NULL ends a table */
    enum field_type type;
    enum field_form form;
    size_t offset, count;     /* in union parameters */
    double low, high;         /* inclusive; may be infinite */
    const char *const *words; /* ends with NULL; words[i] stands for first_word + i */
    unsigned first_word;
    bool later; /* came after the first files with the others: where it is not said, it is 0 */
};

/* The table of a kind, ended by a field without a name. `kind` must be below OPERATOR_COUNT. */
const struct field *fields_of(enum operator_kind kind);

/* How many elements the field has in this node. */
size_t field_count(const struct field *field, const struct node *node);

/* The field's first element; NULL for a list of none. field_size() apart stand the next ones. */
void *field_at(const struct field *field, union parameters *parameters);
const void *field_in(const struct field *field, const union parameters *parameters);
size_t field_size(enum field_type type);

/* Holds what no single range can say against a node whose parameters are filled: a kernel where the
 * pooling is not global, an order that names each axis once. STATUS_DATA names the layer. */
enum status fields_check(const struct graph *graph, const struct node *node,
                         struct error *error) MUST_CHECK;

/* Holds the numbers against what the layer can work with: none is a NaN, limits make a range, sizes
 * are positive. Every reader does so through shape_infer(). STATUS_DATA names the layer. */
enum status fields_check_values(const struct graph *graph, const struct node *node,
                                struct error *error) MUST_CHECK;

enum { WEIGHT_NAME_SIZE = 16 };

/* What weight `index` of a node is called: "weights" and "biases" of convolutions and matrix
 * products; "mean", "variance" and "scale_factor" of BatchNorm (both are divided by the last);
 * "scale" and "bias" of Scale, "bias" of Bias; "slope" of PReLU; "scale" of Normalize. Returns
 * `name`. */
const char *weight_name(const struct node *node, uint32_t index, char name[WEIGHT_NAME_SIZE]);

#endif
