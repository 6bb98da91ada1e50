/* onnx_proto: field numbers and codes of ONNX's protobuf messages.
 *
 * Source: onnx.proto of ONNX 1.8 (IR version 7, opset 13); later versions only add to it.
 */
#ifndef MODEL_FORMAT_ONNX_ONNX_PROTO_H
#define MODEL_FORMAT_ONNX_ONNX_PROTO_H

enum onnx_model_field {
    ONNX_MODEL_IR_VERSION = 1,
    ONNX_MODEL_PRODUCER_NAME = 2,
    ONNX_MODEL_PRODUCER_VERSION = 3,
    ONNX_MODEL_GRAPH = 7,
    ONNX_MODEL_OPSET_IMPORT = 8
};

enum onnx_opset_field { ONNX_OPSET_DOMAIN = 1, ONNX_OPSET_VERSION = 2 };

enum onnx_graph_field {
    ONNX_GRAPH_NODE = 1,
    ONNX_GRAPH_NAME = 2,
    ONNX_GRAPH_INITIALIZER = 5,
    ONNX_GRAPH_INPUT = 11,
    ONNX_GRAPH_OUTPUT = 12,
    ONNX_GRAPH_VALUE_INFO = 13,
    ONNX_GRAPH_SPARSE_INITIALIZER = 15
};

enum onnx_node_field {
    ONNX_NODE_INPUT = 1,
    ONNX_NODE_OUTPUT = 2,
    ONNX_NODE_NAME = 3,
    ONNX_NODE_OP_TYPE = 4,
    ONNX_NODE_ATTRIBUTE = 5,
    ONNX_NODE_DOMAIN = 7
};

enum onnx_attribute_field {
    ONNX_ATTRIBUTE_NAME = 1,
    ONNX_ATTRIBUTE_F = 2,
    ONNX_ATTRIBUTE_I = 3,
    ONNX_ATTRIBUTE_S = 4,
    ONNX_ATTRIBUTE_T = 5,
    ONNX_ATTRIBUTE_G = 6,
    ONNX_ATTRIBUTE_FLOATS = 7,
    ONNX_ATTRIBUTE_INTS = 8,
    ONNX_ATTRIBUTE_TYPE = 20
};

enum onnx_attribute_type {
    ONNX_TYPE_FLOAT = 1,
    ONNX_TYPE_INT = 2,
    ONNX_TYPE_STRING = 3,
    ONNX_TYPE_TENSOR = 4,
    ONNX_TYPE_GRAPH = 5,
    ONNX_TYPE_FLOATS = 6,
    ONNX_TYPE_INTS = 7
};

enum onnx_tensor_field {
    ONNX_TENSOR_DIMS = 1,
    ONNX_TENSOR_DATA_TYPE = 2,
    ONNX_TENSOR_FLOAT_DATA = 4,
    ONNX_TENSOR_INT32_DATA = 5,
    ONNX_TENSOR_STRING_DATA = 6,
    ONNX_TENSOR_INT64_DATA = 7,
    ONNX_TENSOR_NAME = 8,
    ONNX_TENSOR_RAW_DATA = 9,
    ONNX_TENSOR_DOUBLE_DATA = 10,
    ONNX_TENSOR_UINT64_DATA = 11,
    ONNX_TENSOR_EXTERNAL_DATA = 13,
    ONNX_TENSOR_DATA_LOCATION = 14
};

enum onnx_data_type {
    ONNX_FLOAT = 1,
    ONNX_UINT8 = 2,
    ONNX_INT8 = 3,
    ONNX_UINT16 = 4,
    ONNX_INT16 = 5,
    ONNX_INT32 = 6,
    ONNX_INT64 = 7,
    ONNX_STRING = 8,
    ONNX_BOOL = 9,
    ONNX_FLOAT16 = 10,
    ONNX_DOUBLE = 11,
    ONNX_UINT32 = 12,
    ONNX_UINT64 = 13,
    ONNX_BFLOAT16 = 16
};

/* StringStringEntryProto, of TensorProto.external_data. */
enum onnx_entry_field { ONNX_ENTRY_KEY = 1, ONNX_ENTRY_VALUE = 2 };

enum onnx_value_info_field { ONNX_VALUE_NAME = 1, ONNX_VALUE_TYPE = 2 };
enum onnx_type_field { ONNX_TYPE_TENSOR_TYPE = 1 };
enum onnx_tensor_type_field { ONNX_TENSOR_TYPE_ELEM = 1, ONNX_TENSOR_TYPE_SHAPE = 2 };
enum onnx_shape_field { ONNX_SHAPE_DIM = 1 };
enum onnx_dim_field { ONNX_DIM_VALUE = 1, ONNX_DIM_PARAM = 2 };

/* The domain of operators that only we define: DetectionOutput and PriorBox of SSD. */
#define ONNX_OUR_DOMAIN "carmlbench"

#endif
