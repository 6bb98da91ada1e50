/* graphdef_tensor: the constants of a GraphDef as operands of the importer.
 *
 * Sources: tensor.proto and Tensor::FromProto (tensorflow/core/framework/tensor.cc): the elements
 * stand in tensor_content as they lie in memory, or in the field of their type, where the last one
 * is repeated until the shape is full and none at all means zeros.
 */
#ifndef MODEL_FORMAT_TENSORFLOW_GRAPHDEF_TENSOR_H
#define MODEL_FORMAT_TENSORFLOW_GRAPHDEF_TENSOR_H

#include "model/format/tensorflow/graphdef.h"
#include "model/import/importer.h"

/* Reads the tensor in an attribute of the node ("value" of a Const). Float32 numbers stay where
 * they lie; halves and doubles become float32; integers and bools become integers; texts give
 * OPERAND_NONE. STATUS_UNSUPPORTED for quantised and complex numbers. */
enum status graphdef_tensor_read(struct graphdef *graph, const struct graphdef_node *node,
                                 const char *key, struct importer *importer,
                                 struct operand *out) MUST_CHECK;

/* The first element of the node's tensor, when it has exactly one and that is a number or a bool.
 * Never an error. */
bool graphdef_tensor_scalar(const struct graphdef *graph, const struct graphdef_node *node,
                            double *number) MUST_CHECK;

/* "float32", "int64"; "type 99" for a number that types.proto does not have. */
const char *graphdef_type_name(enum tf_type type);

#endif
