"""A small reading of protobuf's wire format (https://protobuf.dev/programming-guides/encoding/) and of
the messages that matter here. It shares nothing with the product's reader, which it is to check. The
files come from the zoo or from the product: a damaged one is an exception.
"""

import mmap

import numpy

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return value, at


def varints(data):
    values, at = [], 0
    while at < len(data):
        value, at = varint(data, at)
        values.append(value)
    return values


def fields(data):
    """(field number, number or part of data) one by one."""
    at = 0
    while at < len(data):
        key, at = varint(data, at)
        kind = key & 7
        if kind == VARINT:
            value, at = varint(data, at)
        else:
            size = {FIXED64: 8, FIXED32: 4}.get(kind)
            if size is None:
                if kind != BYTES:
                    raise ValueError(f"wire type {kind} at byte {at}")
                size, at = varint(data, at)
            value = data[at:at + size]
            if len(value) != size:
                raise ValueError(f"the message ends within a field at byte {at}")
            at += size
        yield key >> 3, value


def encode(number, value):
    """One field; `value` is a number or bytes."""
    def number_bytes(n):
        out = bytearray()
        while n > 127:
            out.append(n & 127 | 128)
            n >>= 7
        return bytes(out + bytes([n]))

    if isinstance(value, int):
        return number_bytes(number << 3 | VARINT) + number_bytes(value)
    return number_bytes(number << 3 | BYTES) + number_bytes(len(value)) + value


def view(path):
    with open(path, "rb") as file:
        return memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))


def text(value):
    return bytes(value).decode()


# ---- caffe.proto ----

def blob(data):
    """BlobProto: shape and floats. The data are packed (5); the extents are num, channels, height and
    width (1 to 4) in old files, a BlobShape (7) in others."""
    old, new, floats = {}, None, numpy.zeros(0, "<f4")
    for number, value in fields(data):
        if number <= 4:
            old[number] = value
        elif number == 5:
            floats = numpy.frombuffer(value, "<f4")
        elif number == 7:
            new = []
            for _, dims in fields(value):
                new += [dims] if isinstance(dims, int) else varints(dims)
    return new if new is not None else [old.get(i, 1) for i in range(1, 5)], floats


def caffemodel(path):
    """(layer name, blobs) of NetParameter: layer (100; name 1, blobs 7) or layers (2; 4 and 6)."""
    layers = []
    for number, value in fields(view(path)):
        if number not in (2, 100):
            continue
        name_field, blob_field = (1, 7) if number == 100 else (4, 6)
        name, blobs = "", []
        for inner, part in fields(value):
            if inner == name_field:
                name = text(part)
            elif inner == blob_field:
                blobs.append(blob(part))
        layers.append((name, blobs))
    return layers


# ---- onnx.proto ----

def onnx_nodes(path):
    """(operator, {attribute: numbers}): NodeProto.op_type 4, attribute 5; AttributeProto.name 1,
    i 3, ints 8."""
    for number, graph in fields(view(path)):
        for inner, node in fields(graph) if number == 7 else ():
            if inner != 1:
                continue
            operator, attributes = "", {}
            for n, value in fields(node):
                if n == 4:
                    operator = text(value)
                elif n == 5:
                    name, numbers = attribute(value)
                    attributes[name] = numbers
            yield operator, attributes


def attribute(data):
    name, numbers = "", []
    for number, value in fields(data):
        if number == 1:
            name = text(value)
        elif number in (3, 8):
            numbers += [value] if isinstance(value, int) else varints(value)
    return name, numbers


def add_onnx_outputs(path, wanted):
    """Makes values of the graph its outputs too, by appending to the file: one message behind
    another is their merger. ModelProto.graph 7; GraphProto.node 1, output 12; NodeProto.output 2;
    ValueInfoProto.name 1, type 2; TypeProto.tensor_type 1; its elem_type 1, where FLOAT is 1."""
    made, outputs = set(), set()
    for number, graph in fields(view(path)):
        if number != 7:
            continue
        for inner, part in fields(graph):
            if inner == 1:
                made |= {text(name) for n, name in fields(part) if n == 2}
            elif inner == 12:
                outputs |= {text(name) for n, name in fields(part) if n == 1}
    more = b""
    for name in wanted:
        if name in made and name not in outputs:
            kind = encode(1, encode(1, 1))
            more += encode(12, encode(1, name.encode()) + encode(2, kind))
    with open(path, "ab") as file:
        file.write(encode(7, more))
