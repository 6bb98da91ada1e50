"""Files that NumPy and Python's pickle write are read, and NumPy reads what we write."""

import json
import os
import pathlib
import pickle
import tempfile
import unittest

import lib

try:
    import numpy
except ImportError:
    numpy = None

PROTOTXT = """
input: "data" input_shape { dim: 1 dim: 3 dim: 5 dim: 5 }
layer { name: "c/1" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 4 kernel_size: 2 group: 1 } }
layer { name: "bn" type: "BatchNorm" bottom: "c" top: "c" }
layer { name: "s" type: "Scale" bottom: "c" top: "c" scale_param { bias_term: true } }
layer { name: "fc" type: "InnerProduct" bottom: "c" top: "fc"
        inner_product_param { num_output: 6 } }
"""


class Evil:
    def __init__(self, call, *arguments):
        self.what = call, arguments

    def __reduce__(self):
        return self.what


@unittest.skipIf(numpy is None, "skipped: python3-numpy is not installed")
class Numpy(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="carmlbench-numpy-"))
        self.addCleanup(lib.shutil.rmtree, self.folder)
        random = numpy.random.default_rng(1)

        def draw(*shape):
            return random.standard_normal(shape).astype("<f4")

        # Caffe's order.
        self.blobs = {
            "c/1/weights": draw(4, 3, 2, 2), "c/1/biases": draw(4),
            "bn/mean": draw(4), "bn/variance": draw(4) ** 2 + 1,
            "bn/scale_factor": numpy.ones(1, "<f4"),
            "s/scale": draw(4), "s/bias": draw(4),
            "fc/weights": draw(6, 64), "fc/biases": draw(6),
        }
        self.prototxt = self.folder / "net.prototxt"
        self.prototxt.write_text(PROTOTXT)

    def turned(self):
        """What caffe-tensorflow makes of the blobs."""
        b = self.blobs
        planes = b["fc/weights"].reshape(6, 4, 4, 4).transpose(2, 3, 1, 0).reshape(64, 6)
        return {
            "c_1": {"weights": b["c/1/weights"].transpose(2, 3, 1, 0), "biases": b["c/1/biases"]},
            "bn": {"mean": b["bn/mean"], "variance": b["bn/variance"],
                   "scale": b["s/scale"], "offset": b["s/bias"]},
            "fc": {"weights": planes, "biases": b["fc/biases"]},
        }

    def dump(self, name, value, protocol):
        """numpy.save() with a protocol of our choice."""
        array = numpy.array(value, dtype=object)
        path = self.folder / name
        with open(path, "wb") as file:
            numpy.lib.format.write_array_header_1_0(
                file, numpy.lib.format.header_data_from_array_1_0(array))
            pickle.dump(array, file, protocol=protocol)
        return path

    def write(self, weights, check=0):
        """Converts prototxt and weights; the archive and the graph, or the complaint."""
        stem = self.folder / f"out{len(list(self.folder.iterdir()))}"
        done = lib.run("write_numpy", f"{self.prototxt},{weights}", stem, check=check)
        if check:
            self.assertFalse(stem.with_suffix(".npz").exists())
            return done.stderr
        with numpy.load(stem.with_suffix(".npz"), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        return arrays, json.loads(stem.with_suffix(".json").read_text()), stem

    def expect_blobs(self, arrays):
        self.assertEqual(set(arrays), set(self.blobs))
        for name, blob in self.blobs.items():
            self.assertEqual(arrays[name].dtype, numpy.dtype("<f4"))
            numpy.testing.assert_array_equal(arrays[name], blob, err_msg=name)

    def test_pickles_of_every_protocol_are_read_and_written_as_plain_arrays(self):
        for protocol in range(5):
            with self.subTest(protocol=protocol):
                arrays, graph, _ = self.write(self.dump(f"{protocol}.npy", self.turned(), protocol))
                self.expect_blobs(arrays)
        self.assertEqual(graph["inputs"], [{"name": "data", "shape": [1, 3, 5, 5], "batch_axis": 0}])
        self.assertEqual([n["type"] for n in graph["nodes"]],
                         ["Input", "Convolution", "BatchNorm", "Scale", "InnerProduct"])
        for node in graph["nodes"]:
            for weight in node["weights"]:
                self.assertEqual(list(arrays[weight["array"]].shape), weight["shape"])

    def test_numpy_save_and_mmdnns_names_are_read(self):
        net = self.turned()
        net["c/1"] = net.pop("c_1")
        net["fc_1"] = net.pop("fc")
        net["bn"] = {"mean": net["bn"]["mean"], "var": net["bn"]["variance"],
                     "scale": net["bn"]["scale"], "bias": net["bn"]["offset"]}
        for layer in ("c/1", "fc_1"):
            net[layer]["bias"] = net[layer].pop("biases")
        numpy.save(self.folder / "m.npy", net)
        self.expect_blobs(self.write(self.folder / "m.npy")[0])

    def test_doubles_and_columns_are_read(self):
        net = self.turned()
        net["fc"]["weights"] = numpy.asfortranarray(net["fc"]["weights"].astype("<f8"))
        numpy.save(self.folder / "d.npy", net)
        self.expect_blobs(self.write(self.folder / "d.npy")[0])

    def test_pickles_that_call_something_are_refused(self):
        mark = self.folder / "mark"
        cases = [(Evil(os.system, f"touch {mark}"), "posix.system"),
                 (Evil(eval, "1"), "eval"),
                 ({"fc": [Evil(os.unlink, str(self.prototxt))]}, "posix.unlink"),
                 ({"fc": {"weights": Evil(exec, "raise SystemExit")}}, "exec")]
        for value, name in cases:
            for protocol in range(5):
                with self.subTest(name=name, protocol=protocol):
                    text = self.write(self.dump("evil.npy", value, protocol), check=65)
                    self.assertRegex(text, f"names [a-z_.]*{name}: refused, nothing was executed")
        self.assertFalse(mark.exists())
        self.assertTrue(self.prototxt.exists())

    def saved_again(self, save, change=lambda name, array: array):
        """The archive as numpy itself writes it, beside our graph."""
        arrays, _, stem = self.write(self.dump("net.npy", self.turned(), 3))
        path = stem.with_suffix(".npz")
        path.unlink()
        save(path, **{name: change(name, array) for name, array in arrays.items()})
        self.prototxt.unlink()
        again = self.folder / "again"
        done = lib.run("write_numpy", path, again)
        if done.returncode:
            return done.stderr
        with numpy.load(again.with_suffix(".npz"), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}

    def test_archives_of_numpy_savez_are_read(self):
        self.expect_blobs(self.saved_again(numpy.savez))

    def test_archives_in_fortran_order_are_read(self):
        self.expect_blobs(self.saved_again(numpy.savez, lambda _, a: numpy.asfortranarray(a)))

    def test_archives_of_doubles_are_read(self):
        self.expect_blobs(self.saved_again(numpy.savez, lambda _, a: a.astype("<f8")))

    def test_archives_of_halves_are_read(self):
        for name in self.blobs:
            self.blobs[name] = self.blobs[name].astype("<f2").astype("<f4")
        self.expect_blobs(self.saved_again(numpy.savez, lambda _, a: a.astype("<f2")))

    def test_compressed_archives_say_how_to_mend_it(self):
        self.assertIn("save it with numpy.savez()", self.saved_again(numpy.savez_compressed))

    def test_integers_are_refused(self):
        self.assertIn("does not hold floating-point numbers",
                      self.saved_again(numpy.savez, lambda _, a: a.astype("<i4")))


if __name__ == "__main__":
    unittest.main()
