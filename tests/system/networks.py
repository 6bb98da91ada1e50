"""networks: small Caffe networks drawn at random, with weights, for tests of the converter.

draw(seed) gives the same network each time. Layers are drawn from the catalogue with parameters that
fit what they read, kernels larger than their stride and smaller, paddings, branches, other orders of
axes. What is left out: windows that lie wholly behind the image (0/0 or -FLT_MAX in Caffe), and
values that overflow.

    networks.py SEED STEM      writes STEM.prototxt and STEM.caffemodel
"""

import math
import random
import sys

import numpy

MOST = 60000  # elements of a value


def varint(number):
    data = b""
    while number > 127:
        data += bytes([number & 127 | 128])
        number >>= 7
    return data + bytes([number])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def blob(array):
    """LayerParameter.blobs of caffe.proto: BlobProto.shape and .data."""
    array = numpy.asarray(array, "<f4")
    return field(7, field(7, field(1, b"".join(map(varint, array.shape)))) + field(5, array.tobytes()))


class Network:
    """shape: of the input "data"; text, weights: contents of the two files."""

    def __init__(self, seed):
        self.random, self.numbers = random.Random(seed), numpy.random.RandomState(seed)
        self.shape = (1, self.within(1, 6), self.within(3, 14), self.within(3, 14))
        self.values = [("data", self.shape)]
        self.layers, self.blobs, self.unread = [], [], {}

    @property
    def text(self):
        extents = " ".join(f"dim: {n}" for n in self.shape)
        return "\n".join(['layer { name: "data" type: "Input" top: "data" input_param { shape { %s } } }' % extents,
                          *self.layers, ""])

    @property
    def weights(self):
        return b"".join(
            field(100, field(1, name.encode()) + field(2, kind.encode()) + b"".join(map(blob, arrays)))
            for name, kind, arrays in self.blobs)

    @property
    def outputs(self):
        """Names of the values that no layer reads."""
        return list(self.unread)

    def within(self, low, high):
        return self.random.randint(low, high)

    def chance(self, probability):
        return self.random.random() < probability

    def draw(self, *shape, scale=1.0):
        return (self.numbers.rand(*shape) * 2 - 1) * scale

    def read(self, axes=None):
        """A value for the next layer, most often the last one; None if there is none of so many axes."""
        fit = [v for v in self.values if axes in (None, len(v[1]))]
        return None if not fit else fit[-1] if self.chance(0.7) else self.random.choice(fit)

    def add(self, kind, inputs, shapes, parameters="", arrays=(), in_place=False):
        name = f"{kind.lower()}{len(self.layers) + 1}"
        names = [f"{name}_{i}" for i in range(len(shapes))] if len(shapes) > 1 else [name]
        if in_place:
            names = [inputs[0][0]]
        bottoms, tops = (" ".join(f'{what}: "{n}"' for n in some)
                         for what, some in (("bottom", [v[0] for v in inputs]), ("top", names)))
        self.layers.append(f'layer {{ name: "{name}" type: "{kind}" {bottoms} {tops} {parameters} }}')
        self.blobs.append((name, kind, arrays))
        for read in inputs:
            self.unread.pop(read[0], None)
        self.unread.update((n, None) for n in names)
        self.values += [(n, tuple(shape)) for n, shape in zip(names, shapes)]
        return self.values[-1]


def fits(*shape):
    return min(shape) > 0 and math.prod(shape) <= MOST


def flag(value):
    return "true" if value else "false"


class Window:
    """Of one layer, in both directions: kernel, stride, pad."""

    def __init__(self, net, kernel, stride, pad):
        self.square = net.chance(0.7)
        self.kernel, self.stride, self.pad = [], [], []
        for _ in range(2):
            self.kernel.append(net.within(1, kernel))
            self.stride.append(net.within(1, stride))
            self.pad.append(net.within(0, pad(self.kernel[-1])))
        if self.square:
            for pair in (self.kernel, self.stride, self.pad):
                pair[1] = pair[0]

    def text(self):
        if self.square:
            return f"kernel_size: {self.kernel[0]} stride: {self.stride[0]} pad: {self.pad[0]}"
        return " ".join(f"{what}_{axis}: {pair[i]}" for i, axis in enumerate("hw") for what, pair in
                        (("kernel", self.kernel), ("stride", self.stride), ("pad", self.pad)))

    def extents(self, shape, extent):
        """What extent(n, kernel, stride, pad) makes of height and width."""
        return [extent(shape[2 + i], self.kernel[i], self.stride[i], self.pad[i]) for i in range(2)]


def convolution(net, up=False):
    value = net.read(4)
    if not value:
        return
    shape, window = value[1], Window(net, 5, 3, lambda kernel: min(3, kernel))
    dilation = net.random.choice([1, 1, 1, 2, 3])
    group = net.random.choice([n for n in range(1, shape[1] + 1) if shape[1] % n == 0]) if net.chance(0.5) else 1
    outputs, bias = group * net.within(1, 4), net.chance(0.6)
    if up:
        plane = window.extents(shape, lambda n, k, s, p: s * (n - 1) + dilation * (k - 1) + 1 - 2 * p)
    else:
        plane = window.extents(shape, lambda n, k, s, p: (n + 2 * p - dilation * (k - 1) - 1) // s + 1)
    if not fits(1, outputs, *plane):
        return
    channels = (shape[1], outputs // group) if up else (outputs, shape[1] // group)
    scale = 1.7 / math.sqrt(shape[1] // group * math.prod(window.kernel))
    arrays = [net.draw(*channels, *window.kernel, scale=scale)] + [net.draw(outputs)] * bias
    net.add("Deconvolution" if up else "Convolution", [value], [(1, outputs, *plane)],
            f"convolution_param {{ num_output: {outputs} group: {group} dilation: {dilation} "
            f"bias_term: {flag(bias)} {window.text()} }}", arrays)


def deconvolution(net):
    convolution(net, up=True)


def pooling(net):
    value = net.read(4)
    if not value:
        return
    shape, method = value[1], net.random.choice(["MAX", "AVE"])
    if net.chance(0.15):
        net.add("Pooling", [value], [(*shape[:2], 1, 1)], f"pooling_param {{ pool: {method} global_pooling: true }}")
        return
    window, up = Window(net, 4, 4, lambda kernel: kernel - 1), net.chance(0.7)
    padded = any(window.pad)

    def extent(n, kernel, stride, pad):
        if n + 2 * pad < kernel:
            return 0
        count = (n + 2 * pad - kernel + (stride - 1 if up else 0)) // stride + 1
        return count - 1 if padded and (count - 1) * stride >= n + pad else count

    plane = window.extents(shape, extent)
    if fits(*plane) and all((plane[i] - 1) * window.stride[i] - window.pad[i] < shape[2 + i] for i in range(2)):
        net.add("Pooling", [value], [(*shape[:2], *plane)], f"pooling_param {{ pool: {method} {window.text()} "
                f"{'' if up else 'round_mode: FLOOR'} }}")


# Parameters of layers that change each number by itself; what bounds their inputs stands before some.
SINGLE = [
    ("ReLU", None, ["", "relu_param { negative_slope: 0.1 }"]),
    ("ELU", None, ["", "elu_param { alpha: 0.5 }"]),
    ("Sigmoid", None, [""]),
    ("TanH", None, [""]),
    ("AbsVal", None, [""]),
    ("BNLL", None, [""]),
    ("Dropout", None, [""]),
    ("Swish", None, ["", "swish_param { beta: 1.5 }"]),
    ("Clip", None, ["clip_param { min: 0 max: 6 }", "clip_param { min: -1 max: 1 }"]),
    ("Power", None, ["power_param { power: 1 scale: -0.3 shift: 1 }", "power_param { shift: -0.5 }"]),
    ("Power", "TanH", ["power_param { power: 2 scale: 0.5 }", "power_param { power: 3 shift: 0.5 }"]),
    ("Power", "AbsVal", ["power_param { power: 0.5 scale: 0.5 shift: 1 }"]),
    ("Exp", "TanH", ["", "exp_param { base: 2 }", "exp_param { base: 3 scale: -0.5 shift: 1 }"]),
    ("Log", "Exp", ["log_param { base: 2 }", "log_param { scale: 2 shift: 0.5 }", "log_param { base: 10 shift: 1 }"]),
]


def single(net):
    value, (kind, before, parameters) = net.read(), net.random.choice(SINGLE)
    in_place = net.chance(0.3) and not before and value is net.values[-1] and value[0] != "data"
    if before == "Exp":
        value = net.add("TanH", [value], [value[1]])
    if before:
        value = net.add(before, [value], [value[1]])
    net.add(kind, [value], [value[1]], net.random.choice(parameters), in_place=in_place)


def normalisation(net):
    value, region = net.read(4), net.chance(0.3)
    if not value:
        return
    channels = value[1][1]
    shared = net.chance(0.4)
    kind, parameters, arrays = net.random.choice([
        ("LRN", f"lrn_param {{ local_size: {net.random.choice([1, 3, 5])} alpha: 0.5 beta: 0.75 "
                f"{'norm_region: WITHIN_CHANNEL' if region else 'k: 2'} }}", []),
        ("MVN", f"mvn_param {{ normalize_variance: {flag(region)} across_channels: {flag(shared)} }}", []),
        ("Normalize", f"norm_param {{ across_spatial: {flag(region)} channel_shared: {flag(shared)} }}",
         [net.draw(*([] if shared else [channels])) + 2]),
        ("PReLU", f"prelu_param {{ channel_shared: {flag(shared)} }}", [net.draw(1 if shared else channels)]),
        ("BatchNorm", "batch_norm_param { use_global_stats: true }",
         [net.draw(channels), abs(net.draw(channels)) + 0.3, [999.98]]),
        ("Softmax", f"softmax_param {{ axis: {net.random.choice([1, 2, 3, -1])} }}", []),
    ])
    net.add(kind, [value], [value[1]], parameters, arrays)


def scale(net):
    value = net.read()
    shape = value[1]
    if len(shape) < 2:
        return
    axis = 1 if net.chance(0.6) else net.within(1, len(shape) - 1)
    count = net.within(1, len(shape) - axis) if net.chance(0.3) else 1
    some, bias = shape[axis:axis + count], net.chance(0.5)
    if net.chance(0.3):
        net.add("Bias", [value], [shape], f"bias_param {{ axis: {axis} num_axes: {count} }}", [net.draw(*some)])
    else:
        net.add("Scale", [value], [shape], f"scale_param {{ axis: {axis} num_axes: {count} bias_term: {flag(bias)} }}",
                [net.draw(*some) + 1.2] + [net.draw(*some)] * bias)


def inner_product(net):
    value = net.read()
    shape = value[1]
    if len(shape) < 2:
        return
    axis = 1 if net.chance(0.7) else net.within(1, len(shape) - 1)
    inputs, outputs = math.prod(shape[axis:]), net.within(1, 12)
    turned, bias = net.chance(0.3), net.chance(0.7)
    net.add("InnerProduct", [value], [(*shape[:axis], outputs)],
            f"inner_product_param {{ num_output: {outputs} axis: {axis} bias_term: {flag(bias)} "
            f"transpose: {flag(turned)} }}",
            [net.draw(*((inputs, outputs) if turned else (outputs, inputs)), scale=1.7 / math.sqrt(inputs))]
            + [net.draw(outputs)] * bias)


def eltwise(net):
    value = net.read()
    alike = [v for v in net.values if v[1] == value[1]]
    inputs = [net.random.choice(alike) for _ in range(net.within(2, 3))]
    operation = net.random.choice(["SUM", "SUM", "MAX", "PROD"])
    if operation == "PROD":  # of bounded numbers, so that none overflows
        inputs = [net.add("TanH", [v], [v[1]]) for v in inputs[:2]]
    words = " ".join(f"coeff: {net.random.choice([1, -1, 0.5])}" for _ in inputs)
    net.add("Eltwise", inputs, [value[1]], f"eltwise_param {{ operation: {operation} "
            f"{words if operation == 'SUM' and net.chance(0.4) else ''} }}")


def concat(net):
    value = net.read()
    shape = value[1]
    if len(shape) < 2:
        return
    axis = 1 if net.chance(0.7) else net.within(1, len(shape) - 1)

    def rest(other):
        return len(other), other[:axis], other[axis + 1:]

    alike = [v for v in net.values if rest(v[1]) == rest(shape)]
    inputs = [net.random.choice(alike) for _ in range(net.within(1, 3))]
    joined = (*shape[:axis], sum(v[1][axis] for v in inputs), *shape[axis + 1:])
    if fits(*joined):
        net.add("Concat", inputs, [joined],
                f"concat_param {{ axis: {axis if net.chance(0.8) else axis - len(shape)} }}")


def cut(net):
    value = net.read()
    shape = value[1]
    axes = [i for i in range(1, len(shape)) if shape[i] > 1]
    if not axes:
        return
    axis = net.random.choice(axes)
    points = sorted(net.random.sample(range(1, shape[axis]), net.within(1, min(2, shape[axis] - 1))))
    ends = [0, *points, shape[axis]]
    net.add("Slice", [value], [(*shape[:axis], b - a, *shape[axis + 1:]) for a, b in zip(ends, ends[1:])],
            f"slice_param {{ axis: {axis} {' '.join(f'slice_point: {p}' for p in points)} }}")


def crop(net):
    value = net.read(4)
    if not value:
        return
    shape = value[1]
    like = net.random.choice([v for v in net.values if len(v[1]) == 4 and v[1][2] <= shape[2] and v[1][3] <= shape[3]])
    offsets = [net.within(0, shape[i] - like[1][i]) for i in (2, 3)]
    net.add("Crop", [value, like], [(*shape[:2], *like[1][2:])],
            f"crop_param {{ axis: 2 {' '.join(f'offset: {n}' for n in offsets)} }}")


def reshape(net):
    value = net.read()
    shape = value[1]
    if len(shape) < 2:
        return
    if net.chance(0.5):
        axis = net.within(1, len(shape) - 1)
        end = net.within(axis, len(shape) - 1)
        net.add("Flatten", [value], [(*shape[:axis], math.prod(shape[axis:end + 1]), *shape[end + 1:])],
                f"flatten_param {{ axis: {axis} end_axis: {end} }}")
        return
    count = math.prod(shape[1:])
    part = net.random.choice([n for n in range(1, count + 1) if count % n == 0])
    extents = net.random.choice([(-1,), (part, -1), (part, 1, -1), (part, -1, 1)])
    known = [count // part if n < 0 and len(extents) > 1 else count if n < 0 else n for n in extents]
    net.add("Reshape", [value], [(1, *known)],
            f"reshape_param {{ shape {{ dim: 0 {' '.join(f'dim: {n}' for n in extents)} }} }}")


def order(net):
    value = net.read()
    shape = value[1]
    axes = list(range(1, len(shape)))
    net.random.shuffle(axes)
    net.add("Permute", [value], [(1, *(shape[i] for i in axes))],
            f"permute_param {{ order: 0 {' '.join(f'order: {i}' for i in axes)} }}")


def other(net):
    value = net.read(4)
    if not value:
        return
    shape, axis, tiles = value[1], net.within(1, 3), net.within(1, 3)
    tiled = [n * tiles if i == axis else n for i, n in enumerate(shape)]
    height, width = net.within(1, 12), net.within(1, 12)
    group = net.random.choice([n for n in range(1, shape[1] + 1) if shape[1] % n == 0])
    if net.chance(0.2):  # of numbers above 0: a sum that cancels is nothing but rounding
        positive = net.add("AbsVal", [value], [shape])
        net.add("Reduction", [positive], [shape[:axis]], f"reduction_param {{ axis: {axis} coeff: 0.5 "
                f"operation: {net.random.choice(['SUM', 'ASUM', 'SUMSQ', 'MEAN'])} }}")
        return
    net.add(*net.random.choice([
        ("Tile", [value], [tiled], f"tile_param {{ axis: {axis} tiles: {tiles} }}"),
        ("ShuffleChannel", [value], [shape], f"shuffle_channel_param {{ group: {group} }}"),
        ("Interp", [value], [(*shape[:2], height, width)], f"interp_param {{ height: {height} width: {width} }}"),
        ("Split", [value], [shape, shape]),
    ]))


KINDS = ([convolution] * 5 + [single] * 4 + [pooling] * 3 + [normalisation, eltwise, concat, cut] * 2
         + [deconvolution, scale, inner_product, crop, reshape, order, other])


def draw(seed):
    """The network of that number: two to twelve layers."""
    net = Network(seed)
    layers = net.within(2, 10)
    while len(net.layers) < layers:
        net.random.choice(KINDS)(net)
    return net


def write(net, stem):
    """Writes both files; returns what carmlbench calls the model."""
    with open(f"{stem}.prototxt", "w") as prototxt, open(f"{stem}.caffemodel", "wb") as caffemodel:
        prototxt.write(net.text)
        caffemodel.write(net.weights)
    return f"{stem}.prototxt,{stem}.caffemodel"


if __name__ == "__main__":
    print(write(draw(int(sys.argv[1])), sys.argv[2]))
