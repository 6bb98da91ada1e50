"""Networks drawn at random (tests/system/networks.py), and what our engine computes for them.

A witness gets two pictures at once, our engine one by one: the batch dimension is free. Outputs only
are compared: a value inside may stand in another order of axes, or be part of its neighbour.
"""

import os
import pathlib
import subprocess
import sys

import numpy
import tools

sys.path.insert(0, str(tools.ROOT / "tests/system"))
import networks

COUNT = int(os.environ.get("NETWORKS", "20"))
BATCH = 2
TOLERANCE = 1e-4  # of an output's largest number
PREFIX = "drawn-"


def nets():
    return [f"{PREFIX}{seed}" for seed in range(1, COUNT + 1)]


class Network:
    """As zoo.Network."""

    def __init__(self, net, folder):
        self.net = networks.draw(int(net.removeprefix(PREFIX)))
        self.folder = pathlib.Path(folder)
        self.model = networks.write(self.net, self.folder / "drawn")

    def golden(self):
        return Golden(self.net, self.model, self.folder)


class Golden:
    """As zoo.Golden."""

    logits = ()

    def __init__(self, net, model, folder):
        self.input, self.shape = "data", [BATCH, *net.shape[1:]]
        self.data = numpy.random.RandomState(1).uniform(-2, 2, self.shape).astype("<f4")
        self.tops = self.outputs = net.outputs
        parts = [infer(model, self.data[i:i + 1], folder) for i in range(BATCH)]
        self.expected = {name: numpy.concatenate([part[name] for part in parts]) for name in net.outputs}

    def inputs(self):
        return [self.data]

    def compare(self, _, values):
        """As zoo.Golden.compare()."""
        differences = {name: difference(self.expected[name], values[name]) for name in self.tops if name in values}
        wrong = [f"{name} differs by {apart:.2g}" for name, apart in differences.items() if not apart <= TOLERANCE]
        worst = max(differences.values(), default=0.0)
        return worst, worst, len(differences), wrong


def infer(model, data, folder):
    """All values of the network by name."""
    numpy.save(folder / "data.npy", data)
    done = subprocess.run([tools.WORK.parent / "bin" / "carmlbench", "infer", model, "--input", folder / "data.npy",
                           "--output", folder / "values.npz", "--layers", "all"], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(done.stderr)
    with numpy.load(folder / "values.npz", allow_pickle=False) as archive:
        return dict(archive)


def difference(expected, got):
    """What a Reshape made has no height and width, and stands as Caffe has it."""
    turned = got.transpose(0, 2, 3, 1) if got.ndim == 4 else got
    return min((relative(expected, one) for one in (got, turned) if one.shape == expected.shape), default=float("inf"))


def relative(expected, got):
    with numpy.errstate(invalid="ignore"):  # a window without a pixel gives -FLT_MAX, or infinity elsewhere
        apart = numpy.where(expected == got, 0, numpy.abs(expected.astype(float) - got))
    largest = numpy.abs(expected[numpy.abs(expected) < 3e38]).max(initial=0)
    return float(apart.max(initial=0) / largest) if apart.any() else 0.0
