/* tensorflow_fields: field numbers of TensorFlow's protobuf messages.
 *
 * Source: tensorflow/core/framework/{graph,node_def,attr_value,tensor,tensor_shape,types,versions}
 * .proto and tensorflow/core/protobuf/{saved_model,meta_graph}.proto of TensorFlow 1.15.
 *
 * What our writer says beyond TensorFlow, and our reader understands (attributes that begin with
 * '_' are ignored by TensorFlow):
 * - TF_HINT_NAME, on the node that makes a value: the value's name, where TensorFlow does not allow
 *   it for a node.
 * - TF_HINT_BATCH_NORM, on a FusedBatchNorm that stands for a BatchNorm and the Scale behind it:
 *   the name of the value between the two.
 * - A Reshape from N,H,W,C to N x (H*W*C) that only MatMuls read, through nothing but Identity,
 *   Relu and LeakyRelu, is a Flatten in Caffe's order C,H,W: the columns of the MatMuls' weights
 *   are turned instead. Any other reader of a Flatten gets a Transpose to N,C,H,W before it.
 */
#ifndef MODEL_FORMAT_TENSORFLOW_TENSORFLOW_FIELDS_H
#define MODEL_FORMAT_TENSORFLOW_TENSORFLOW_FIELDS_H

#define TF_HINT_NAME "_name"
#define TF_HINT_BATCH_NORM "_batch_norm"

enum tf_graph_field { TF_GRAPH_NODE = 1, TF_GRAPH_LIBRARY = 2, TF_GRAPH_VERSIONS = 4 };

enum tf_versions_field { TF_VERSIONS_PRODUCER = 1, TF_VERSIONS_MIN_CONSUMER = 2 };

enum tf_library_field { TF_LIBRARY_FUNCTION = 1 };

enum tf_node_field {
    TF_NODE_NAME = 1,
    TF_NODE_OP = 2,
    TF_NODE_INPUT = 3,
    TF_NODE_DEVICE = 4,
    TF_NODE_ATTR = 5 /* a map: messages of tf_entry_field */
};

enum tf_entry_field { TF_ENTRY_KEY = 1, TF_ENTRY_VALUE = 2 };

enum tf_attr_field {
    TF_ATTR_LIST = 1, /* its fields have the numbers that follow */
    TF_ATTR_S = 2,    /* bytes */
    TF_ATTR_I = 3,
    TF_ATTR_F = 4,
    TF_ATTR_B = 5,
    TF_ATTR_TYPE = 6,
    TF_ATTR_SHAPE = 7,
    TF_ATTR_TENSOR = 8,
    TF_ATTR_PLACEHOLDER = 9, /* only inside functions */
    TF_ATTR_FUNC = 10
};

enum tf_shape_field { TF_SHAPE_DIM = 2, TF_SHAPE_UNKNOWN_RANK = 3 };

enum tf_dim_field { TF_DIM_SIZE = 1, TF_DIM_NAME = 2 }; /* size -1: not known */

enum tf_tensor_field {
    TF_TENSOR_DTYPE = 1,
    TF_TENSOR_SHAPE = 2,
    TF_TENSOR_VERSION = 3,
    TF_TENSOR_CONTENT = 4, /* the elements as they lie in memory, little-endian */
    TF_TENSOR_FLOAT = 5,
    TF_TENSOR_DOUBLE = 6,
    TF_TENSOR_INT = 7, /* int32, and the smaller types and uint16 */
    TF_TENSOR_STRING = 8,
    TF_TENSOR_INT64 = 10,
    TF_TENSOR_BOOL = 11,
    TF_TENSOR_HALF = 13 /* half and bfloat16: the bits in the low half of an int32 */
};

enum tf_type {
    TF_TYPE_INVALID = 0,
    TF_TYPE_FLOAT = 1,
    TF_TYPE_DOUBLE = 2,
    TF_TYPE_INT32 = 3,
    TF_TYPE_UINT8 = 4,
    TF_TYPE_INT16 = 5,
    TF_TYPE_INT8 = 6,
    TF_TYPE_STRING = 7,
    TF_TYPE_COMPLEX64 = 8,
    TF_TYPE_INT64 = 9,
    TF_TYPE_BOOL = 10,
    TF_TYPE_QINT8 = 11,
    TF_TYPE_QUINT8 = 12,
    TF_TYPE_QINT32 = 13,
    TF_TYPE_BFLOAT16 = 14,
    TF_TYPE_QINT16 = 15,
    TF_TYPE_QUINT16 = 16,
    TF_TYPE_UINT16 = 17,
    TF_TYPE_COMPLEX128 = 18,
    TF_TYPE_HALF = 19,
    TF_TYPE_RESOURCE = 20,
    TF_TYPE_VARIANT = 21,
    TF_TYPE_UINT32 = 22,
    TF_TYPE_UINT64 = 23,
    TF_TYPE_REF = 100 /* added to the others for variables */
};

/* What holds a GraphDef without being one. */
enum tf_meta_graph_field {
    TF_META_GRAPH_INFO = 1,
    TF_META_GRAPH_GRAPH = 2,
    TF_META_GRAPH_SAVER = 3,
    TF_META_GRAPH_COLLECTION = 4,
    TF_META_GRAPH_SIGNATURE = 5
};

enum tf_saved_model_field {
    TF_SAVED_MODEL_VERSION = 1, /* a number */
    TF_SAVED_MODEL_META_GRAPH = 2
};

#endif
