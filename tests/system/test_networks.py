#!/usr/bin/python3
"""Networks that nobody chose: drawn at random (networks.py), sent from Caffe through the other formats,
each step with its proof, and compared with the first at the end.

Environment: NETWORKS is how many are drawn (default 60), NETWORKS_FIRST the first seed (default 1).
"""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lib
import networks

COUNT, FIRST = int(os.environ.get("NETWORKS", "60")), int(os.environ.get("NETWORKS_FIRST", "1"))
SUFFIX = {"numpy": ".npz", "tensorflow": ".pb", "onnx": ".onnx", "caffe": ".prototxt,{}.caffemodel"}
WAYS = [("numpy", "tensorflow", "onnx", "caffe"), ("onnx", "tensorflow", "numpy", "caffe"),
        ("tensorflow", "caffe", "numpy", "onnx", "numpy")]


class Chain(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="carmlbench-networks-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def prove(self, net, way):
        first = last = networks.write(net, self.folder / "first")
        for i, form in enumerate(way):
            stem = self.folder / f"{i}-{form}"
            lib.run("carmlbench", "convert", last, "--to", form, "-o", stem, check=0)
            last = f"{stem}{SUFFIX[form].format(stem)}"
        lib.run("carmlbench", "verify", first, last, check=0)


class Drawn(Chain):
    """One test per network, named after its seed."""


def drawn(seed):
    def test(self):
        net = networks.draw(seed)
        try:
            self.prove(net, WAYS[seed % len(WAYS)])
        except AssertionError as error:
            raise AssertionError(f"networks.py {seed}:\n{net.text}{error}") from None
    return test


for number in range(FIRST, FIRST + COUNT):
    setattr(Drawn, f"test_network_{number}", drawn(number))


class Chosen(Chain):
    """What drawn networks have found."""

    def setUp(self):
        super().setUp()
        self.net = networks.Network(1)
        self.net.shape = (1, 4, 8, 6)
        self.data = ("data", self.net.shape)

    def prove_all_ways(self):
        for way in WAYS:
            with self.subTest(way=way):
                self.prove(self.net, way)

    def test_groups_of_a_dilated_convolution(self):
        self.net.add("Convolution", [self.data], [(1, 6, 8, 6)], "convolution_param { num_output: 6 group: 2 "
                     "dilation: 2 kernel_size: 3 pad: 2 }", [self.net.draw(6, 2, 3, 3), self.net.draw(6)])
        self.prove_all_ways()

    def test_windows_of_a_maximum_that_lie_behind_the_image(self):
        positive = self.net.add("ReLU", [self.data], [self.data[1]])
        self.net.add("Pooling", [positive], [(1, 4, 5, 4)], "pooling_param { kernel_size: 1 stride: 2 }")
        self.net.add("Pooling", [self.data], [(1, 4, 3, 2)], "pooling_param { kernel_size: 2 stride: 4 }")
        self.prove_all_ways()

    def test_padding_before_an_exchange_of_axes(self):
        turned = self.net.add("Permute", [self.data], [(1, 4, 6, 8)],
                              "permute_param { order: 0 order: 1 order: 3 order: 2 }")
        self.net.add("Pooling", [turned], [(1, 4, 4, 5)], "pooling_param { kernel_size: 3 stride: 2 pad: 1 }")
        self.prove_all_ways()

    def test_a_reduction_of_what_stands_in_caffe_s_order(self):
        part = self.net.add("Reshape", [self.data], [(1, 2, 96, 1)],
                            "reshape_param { shape { dim: 0 dim: 2 dim: -1 dim: 1 } }")
        total = self.net.add("Reduction", [part], [(1, 2, 96)], "reduction_param { axis: 3 operation: ASUM }")
        self.net.add("Concat", [total, total], [(1, 4, 96)])
        self.prove_all_ways()

    def test_parts_whose_axes_stand_in_another_order(self):
        turned = self.net.add("Permute", [self.data], [(1, 6, 8, 4)],
                              "permute_param { order: 0 order: 3 order: 2 order: 1 }")
        self.net.add("Slice", [turned], [(1, 2, 8, 4), (1, 4, 8, 4)], "slice_param { axis: 1 slice_point: 2 }")
        self.net.add("Slice", [("slice2_1", (1, 4, 8, 4))], [(1, 4, 8, 1), (1, 4, 8, 3)],
                     "slice_param { axis: 3 slice_point: 1 }")
        self.prove_all_ways()


if __name__ == "__main__":
    unittest.main()
