"""The networks of ../shared/zoo, their weights, and Caffe's results for them (its README has the
format, the inputs and the pass marks).

CARMLBENCH_SHARED names another folder than ../shared, CARMLBENCH_CACHE the one where drawn weights
are kept, as in tests/parity/test_golden.c.
"""

import os
import pathlib
import subprocess
import sys

import numpy

ROOT = pathlib.Path(__file__).resolve().parents[2]
ZOO = pathlib.Path(os.environ.get("CARMLBENCH_SHARED", ROOT.parent / "shared")) / "zoo"
OUTPUT_TOLERANCE, SAMPLE_TOLERANCE = 1e-3, 2e-3


def nets():
    """Names, small networks first."""
    found = [path.parent for path in ZOO.glob("*/golden.npz")]
    return [path.name for path in sorted(found, key=lambda p: (size_of(p), p.name))]


def size_of(folder):
    """Parameters, from the table in the zoo's README; 0 where it does not know the network."""
    for line in (ZOO / "README.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) > 3 and cells[1] == folder.name:
            return float(cells[2])
    return 0.0


def weights(net):
    """Path of the network's caffemodel, drawn when there is none; None: that was impossible."""
    own = sorted((ZOO / net).glob("*.caffemodel"))
    if own:
        return own[0]
    cache = pathlib.Path(os.environ.get("CARMLBENCH_CACHE", "~/.cache/carmlbench-zoo")).expanduser()
    path = cache / f"{net}.caffemodel"
    if path.exists():
        return path
    cache.mkdir(parents=True, exist_ok=True)
    part = cache / f"{net}.caffemodel.{os.getpid()}"
    try:
        words = [sys.executable, ZOO / "make_weights.py", ZOO / net / "deploy.prototxt", part]
        subprocess.run(words, check=True, stdout=subprocess.DEVNULL)
        part.rename(path)
    except subprocess.CalledProcessError:
        return None
    finally:
        part.unlink(missing_ok=True)
    return path


class Network:
    """model: what carmlbench calls it, None when its weights could not be drawn; weights: their path."""

    def __init__(self, net, _):
        self.net, self.weights = net, weights(net)
        self.model = self.weights and f"{ZOO / net / 'deploy.prototxt'},{self.weights}"

    def golden(self):
        return Golden(self.net)


class Golden:
    """Caffe's results. Attributes: input, shape, tops (all), outputs, logits: names of values."""

    def __init__(self, net):
        sys.path.insert(0, str(ZOO))
        sys.dont_write_bytecode = True  # the zoo may be read only, and is not ours
        import check_golden

        self.check = check_golden
        self.data = data = numpy.load(ZOO / net / "golden.npz", allow_pickle=False)
        self.shape = [int(n) for n in data["input_shape"]]
        self.input = self.names("input")[0]
        self.tops = [name for name in self.names("names") if name != self.input]
        self.outputs, self.logits = self.names("out_names"), self.names("logit_names")

    def names(self, key):
        return [self.check.text(name) for name in self.data[key]] if key in self.data.files else []

    def inputs(self):
        return [self.check.make_input(k, self.shape) for k in (0, 1)]

    def compare(self, k, values):
        """values: name -> array in Caffe's order of axes, for input k. The largest differences of
        outputs and logits, of samples of all tops, how many tops there were; and the complaints."""
        worst, sampled, tops, wrong = 0.0, 0.0, 0, []
        for kind, names in (("out", self.outputs), ("logits", self.logits)):
            for j, name in enumerate(names):
                if name in values:
                    worst = max(worst, self.compare_whole(f"in{k}_{kind}{j}", values[name], wrong))
        for at, name in enumerate(self.names("names")):
            if name in values and name != self.input:
                tops += 1
                difference = self.compare_samples(k, at, values[name])
                if not difference <= SAMPLE_TOLERANCE:
                    wrong.append(f"{name} differs by {difference:.2g}")
                sampled = max(sampled, difference)
        if not worst <= OUTPUT_TOLERANCE:
            wrong.insert(0, f"outputs or logits differ by {worst:.2g}")
        return worst, sampled, tops, wrong

    def compare_whole(self, key, got, wrong):
        if key in self.data.files:
            expected = self.data[key]
            same = got.size == expected.size and numpy.argmax(got) == numpy.argmax(expected)
            if expected.size >= 10 and not same:
                wrong.append("another top 1")
            return self.check.rel(got, expected)
        chosen = numpy.argmax(got, axis=1)[:, ::5, ::5]
        expected = self.data[f"{key}_argmax5"]
        # Two classes may be as close as rounding; a shift or a wrong order is far from that.
        if chosen.size != expected.size or (chosen.ravel() != expected.ravel()).mean() > 1e-3:
            wrong.append("another class at more than 0.1 % of the pixels")
        return self.check.rel(got[:, :, 7::25, 7::25], self.data[f"{key}_strided"])

    def compare_samples(self, k, at, got):
        shape = self.data["shapes"][at][:int(self.data["ndim"][at])]
        if got.size != int(numpy.prod(shape)):
            return float("inf")
        mean, deviation, _ = self.data[f"in{k}_stats"][at]
        off = got.reshape(-1)[self.data["sample_idx"][at]] - self.data[f"in{k}_samples"][at]
        worst = float(numpy.abs(off).max() / max(abs(mean) + deviation, 1e-30))
        return worst if numpy.isfinite(worst) else float("inf")
