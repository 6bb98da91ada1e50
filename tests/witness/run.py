#!/usr/bin/python3
"""Outside witnesses of what `carmlbench convert` writes: every network of the zoo, run by software
that shares nothing with ours, against Caffe's results; and some drawn at random, against those of
our engine. Closes with "N passed, N failed, N skipped".

    tests/witness/run.py [--net NAME]... [--witness NAME]...

onnxruntime          .onnx, every top of the network
onnx-checker         .onnx, onnx.checker with types and shapes
opencv-onnx          .onnx, outputs and logits
opencv-tensorflow    .pb, outputs and logits
opencv-caffe         .prototxt and .caffemodel, outputs and logits
tensorflow.js        model.json and its shards, every top of the network
tensorflow.js-explicit  the same with --explicit-padding, three networks
numpy                .npz: every array is a blob of the caffemodel, bit for bit

The drawn networks (NETWORKS of them, default 20) go to onnxruntime, onnx-checker and tensorflow.js.

A conversion is made with --unverified, since its proof is what `make check` tests, in a folder
below build/witness that is deleted when its witness has spoken. One witness runs at a time.
"""
import argparse
import base64
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import tools

try:
    import numpy
    import drawn
    import protobuf
    import zoo
except ImportError:
    numpy = None

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = os.environ.get("PYTHON", "/usr/bin/python3")
CANNOT = 77  # exchange.py
LIMIT = 900  # seconds for one witness and one network
DRAWN_FOR = ("onnxruntime", "onnx-checker", "tensorflow.js")
EXPLICIT_NETS = ("resnet18", "googlenet", "squeezenet_v1.0")


def has_cv2():
    return tools.python_module("cv2", "python3-opencv")


def has_onnx():
    return tools.python_module("onnx", "python3-onnx")


class Witness:
    """to: the format; suffixes: its files after the stem; program: see exchange.py; missing(): why it
    cannot be heard, or None; options: of convert; layout: of its values; nets: None for all."""

    def __init__(self, to, suffixes, program, missing, options=(), layout="NCHW", nets=None):
        self.to, self.suffixes, self.program, self.missing = to, suffixes, program, missing
        self.options, self.layout, self.nets = list(options), layout, nets

    def model(self, stem):
        return ",".join(str(stem) + suffix for suffix in self.suffixes)

    def command(self):
        return [PYTHON if self.program.endswith(".py") else "node", str(HERE / self.program)]


WITNESSES = {
    "onnxruntime": Witness("onnx", [".onnx"], "onnxruntime.cjs", tools.javascript),
    "onnx-checker": Witness("onnx", [".onnx"], "onnx_checker.py", has_onnx),
    "opencv-onnx": Witness("onnx", [".onnx"], "opencv.py", has_cv2),
    "opencv-tensorflow": Witness("tensorflow", [".pb"], "opencv.py", has_cv2),
    "opencv-caffe": Witness("caffe", [".prototxt", ".caffemodel"], "opencv.py", has_cv2),
    "tensorflow.js": Witness("tfjs", [""], "tfjs.cjs", tools.javascript, layout="NHWC"),
    "tensorflow.js-explicit": Witness("tfjs", [""], "tfjs.cjs", tools.javascript,
                                      ["--explicit-padding"], "NHWC", EXPLICIT_NETS),
    "numpy": Witness("numpy", [".npz"], None, lambda: None),
}


class Testimony(unittest.TestCase):
    """One witness and one network."""

    def __init__(self, net, name, work):
        super().__init__("runTest")
        self.net, self.name, self.work, self.witness = net, name, work, WITNESSES[name]

    def id(self):
        return f"{self.net} {self.name}"

    __str__ = id

    def setUp(self):
        reason = self.witness.missing()
        if reason:
            self.skip(reason)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{self.net}-", dir=self.work))
        self.addCleanup(shutil.rmtree, self.folder)
        self.network = (drawn if self.net.startswith(drawn.PREFIX) else zoo).Network(self.net, self.folder)
        if not self.network.model:
            self.skip("its weights could not be drawn")

    def skip(self, reason):
        report(self, f"skipped: {reason}")
        self.skipTest(reason)

    def runTest(self):
        stem = self.folder / "net"
        try:
            self.convert(stem)
            start = time.time()
            if self.witness.program:
                words = self.hear(stem)
            else:
                words = self.compare_arrays(stem)
        except AssertionError as error:
            report(self, "FAILED: " + " ".join(str(error).split())[:300])
            raise
        report(self, f"{words}  {time.time() - start:.1f} s")

    def convert(self, stem):
        done = subprocess.run([tools.WORK.parent / "bin" / "carmlbench", "convert", self.network.model,
                               "--to", self.witness.to, "-o", stem, "--unverified", *self.witness.options],
                              capture_output=True, text=True)
        if done.returncode:
            self.fail(done.stderr)

        if self.witness.options == ["--explicit-padding"]:
            if base64.b64encode(b"EXPLICIT") not in (stem / "model.json").read_bytes():
                self.fail("model.json has no node with explicit padding")

    def hear(self, stem):
        golden = self.network.golden()
        # OpenCV merges layers, so that few of the others have a value there.
        opencv = self.name.startswith("opencv")
        wanted = golden.outputs + golden.logits if opencv else golden.tops
        if self.name == "onnxruntime":
            protobuf.add_onnx_outputs(str(stem) + ".onnx", wanted)
        answer = self.ask(self.witness.model(stem), golden, wanted)
        if not any(answer["results"]):
            return f"passed ({answer['about']})"
        return self.judge(golden, answer, wanted)

    def ask(self, model, golden, wanted):
        files = []
        for k, values in enumerate(golden.inputs()):
            values.tofile(self.folder / f"in{k}.f32")
            files.append(f"in{k}.f32")
        (self.folder / "request.json").write_text(json.dumps({
            "input": golden.input, "shape": golden.shape, "inputs": files, "tops": wanted,
            "outputs": golden.outputs}))
        try:
            done = subprocess.run([*self.witness.command(), model, self.folder], timeout=LIMIT,
                                  capture_output=True, text=True, stdin=subprocess.DEVNULL,
                                  env={**os.environ, "NODE_PATH": str(tools.MODULES)})
        except subprocess.TimeoutExpired:
            self.skip(f"took longer than {LIMIT} s")
        said = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        if done.returncode == CANNOT:
            self.skip(said)
        if done.returncode:
            self.fail(said)
        return json.loads((self.folder / "answer.json").read_text())

    def judge(self, golden, answer, wanted):
        worst, sampled, tops, wrong = 0.0, 0.0, 0, []
        for k, results in enumerate(answer["results"]):
            values = {v["name"]: self.load(v) for v in results}
            one = golden.compare(k, values)
            worst, sampled, tops = max(worst, one[0]), max(sampled, one[1]), one[2]
            wrong += one[3] + [f"{name} is missing" for name in wanted if name not in values]
        words = (f"outputs {worst:.1e}  samples {sampled:.1e} of {tops}/{len(golden.tops)} tops "
                 f"({answer['about']})")
        if wrong:
            self.fail(f"{words}: {'; '.join(wrong[:4])}")
        return words

    def load(self, value):
        array = numpy.fromfile(self.folder / value["file"], "<f4").reshape(value["shape"])
        if self.witness.layout == "NHWC" and array.ndim == 4:
            array = array.transpose(0, 3, 1, 2)
        return array

    def compare_arrays(self, stem):
        description = json.loads(pathlib.Path(f"{stem}.json").read_text())
        names = {node["name"]: [weight["array"] for weight in node["weights"]]
                 for node in description["nodes"]}
        unseen = {array for arrays in names.values() for array in arrays}
        count = 0
        with numpy.load(f"{stem}.npz", allow_pickle=False) as archive:
            self.assertEqual(unseen, set(archive.files))
            for layer, blobs in protobuf.caffemodel(self.network.weights):
                arrays = names.get(layer, [])
                self.assertEqual(len(arrays), len(blobs), f"arrays of {layer}")
                for array, (shape, floats) in zip(arrays, blobs):
                    self.compare_array(array, archive[array], shape, floats)
                    unseen.discard(array)
                    count += floats.size
            self.assertFalse(unseen, "arrays that no layer of the caffemodel has")
            return f"{len(archive.files)} arrays, {count} values, the same bits"

    def compare_array(self, name, array, shape, floats):
        self.assertEqual(array.dtype, numpy.dtype("<f4"), name)
        # Old files give every blob four extents, ones in front.
        while len(shape) > array.ndim and shape[0] == 1:
            shape = shape[1:]
        self.assertEqual(list(array.shape), shape, name)
        self.assertTrue(array.tobytes() == floats.tobytes(), f"{name} has other bits")


def report(test, words):
    print(f"{test.net:18s} {test.name:23s} {words}", flush=True)


def suite(nets, names, work):
    chosen = unittest.TestSuite()
    for net in nets:
        for name in names:
            if (name in DRAWN_FOR if net.startswith(drawn.PREFIX)
                    else WITNESSES[name].nets is None or net in WITNESSES[name].nets):
                chosen.addTest(Testimony(net, name, work))
    return chosen


def absent():
    """Why nothing can be tested, or None."""
    if numpy is None:
        return "python3-numpy is not installed"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--net", action="append")
    parser.add_argument("--witness", action="append", choices=list(WITNESSES))
    given = parser.parse_args()
    reason = absent()
    if reason:
        print(f"skipped: {reason}\n0 passed, 0 failed, 1 skipped")
        return 0
    tools.WORK.mkdir(parents=True, exist_ok=True)
    start, result = time.time(), unittest.TestResult()
    # unittest lets KeyboardInterrupt through, and the folder goes with it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="work-", dir=tools.WORK) as work:
        suite(given.net or drawn.nets() + zoo.nets(), given.witness or list(WITNESSES), work).run(result)
    for test, trace in result.failures + result.errors:
        print(f"---- {test}\n{trace}")
    failed, skipped = len(result.failures) + len(result.errors), len(result.skipped)
    if not zoo.nets():
        print(f"skipped: {zoo.ZOO} holds no networks (set CARMLBENCH_SHARED)")
    print(f"{time.time() - start:.0f} s")
    print(f"{result.testsRun - failed - skipped} passed, {failed} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
