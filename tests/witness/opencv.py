"""OpenCV's dnn module runs MODEL, whose suffix says how it is read. Values have the order N, C, H, W.

Faults of its own that are known: it ignores the second input of ONNX's Split 13 (opencv/opencv#23482,
mended in 4.8) and count_include_pad of ONNX's AveragePool (what counts is whether the producer's name
is "pytorch"), and k of Caffe's LRN (not that of the other formats). Of a Caffe pooling it knows not
`round_mode` but the `ceil_mode` of published forks, so that is what it gets here.
"""

import pathlib
import re

import exchange
import numpy
import protobuf


def version(cv2):
    return tuple(int(part) for part in cv2.__version__.split(".")[:2])


def read_onnx(cv2, model):
    for operator, attributes in protobuf.onnx_nodes(model):
        if version(cv2) < (4, 8) and operator == "Split":
            raise exchange.Cannot(f"OpenCV {cv2.__version__} ignores the extents of ONNX's Split 13")
        if any(attributes.get("pads", [])) and attributes.get("count_include_pad") == [1]:
            raise exchange.Cannot("OpenCV ignores count_include_pad of ONNX's AveragePool")
    return cv2.dnn.readNetFromONNX(model), ""


def read_caffe(cv2, prototxt, caffemodel):
    text = pathlib.Path(prototxt).read_text()
    for part in re.findall(r"lrn_param\s*{([^}]*)}", text):
        if any(float(k) != 1 for k in re.findall(r"\bk\s*:\s*([-+.\deE]+)", part)):
            raise exchange.Cannot("OpenCV ignores k of Caffe's LRN")
    other = text.replace("round_mode: FLOOR", "ceil_mode: false")
    pathlib.Path(prototxt).write_text(other)
    note = ", round_mode given as ceil_mode" if other != text else ""
    return cv2.dnn.readNetFromCaffe(prototxt, caffemodel), note


def read(cv2, model):
    if model.endswith(".pb"):
        return cv2.dnn.readNetFromTensorflow(model), ""
    if model.endswith(".onnx"):
        return read_onnx(cv2, model)
    return read_caffe(cv2, *model.split(","))


def layers_of(net, tops):
    """(top, OpenCV's layer) for the tops that it can give. A node of ONNX gets a prefix; the BiasAdd
    of TensorFlow becomes a part of the product before it."""
    layers = set(net.getLayerNames())
    for top in tops:
        for name in (top, f"onnx_node!{top}", f"{top}/MatMul", f"{top}/Conv2D"):
            if name in layers:
                yield top, name
                break


def judge(model, request):
    import cv2

    net, note = read(cv2, model)
    found = list(layers_of(net, request["tops"]))
    missing = set(request["outputs"]) - {top for top, _ in found}
    if missing:
        raise exchange.Failed(f"no layers {sorted(missing)} among {net.getLayerNames()[-5:]}")

    def run(floats):
        net.setInput(floats.reshape(request["shape"]))
        values = net.forward([name for _, name in found])
        return [(top, numpy.asarray(value)) for (top, _), value in zip(found, values)]

    return f"OpenCV {cv2.__version__}{note}", run


exchange.start(judge)
