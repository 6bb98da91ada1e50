#!/usr/bin/python3
"""One model for several frameworks: converted, added, asked about the same bytes, compared."""
import json
import os
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import daemon_lib  # noqa: E402
import lib  # noqa: E402

CONFIG = lib.ROOT / "config"
FORMATS = {"TensorFlow": ("tensorflow", {".pb"}), "NumPy": ("numpy", {".npz", ".json"}),
           "ONNX": ("onnx", {".onnx"})}


class Frameworks(daemon_lib.Case):
    def setUp(self):
        super().setUp()
        self.configure(defaults={"models": ["shapes"]}, models={"path": [str(CONFIG / "models")]})
        self.added = self.folder / "models"  # beside the database

    def cli(self, *arguments, check=0, **more):
        return lib.run("carmlbench", "--config", self.config, *arguments, check=check, cwd=self.folder,
                       **more)

    def add(self, framework, model="shapes"):
        """Converts and adds, and leaves nothing where it was converted."""
        self.cli("convert", model, "--to", FORMATS[framework][0], "-o", "X")
        self.cli("model", "add", "X.yml")
        for path in self.folder.glob("X.*"):
            path.unlink()

    def listed(self):
        return json.loads(self.cli("model", "list", "--json").stdout)

    def show(self, name):
        return json.loads(self.cli("model", "show", name, "--json").stdout)


class OneRun(Frameworks):
    def test_a_model_and_its_conversions_agree_on_identical_bytes(self):
        for framework in FORMATS:
            self.add(framework)
        asked = [word for name in ("Caffe", *FORMATS) for word in ("--framework", name)]
        lines = "".join(f"n9000000{n}_1\t{self.web.url}/ok/{name}\n" for n, name in
                        enumerate(self.pictures[:9], 1))
        lib.run("carmlbench", "--config", self.config, "enqueue", "-", "--model", "shapes", *asked,
                "--backend", "local", input=lines, check=0)
        self.once()
        self.assertEqual(self.assert_sound(), 0)

        rows = self.query("SELECT framework_a, framework_b, images, both + only_a + only_b + neither,"
                          " only_a + only_b, same_first, max_abs_probability_difference, p_value,"
                          " backend_a, backend_b FROM comparison WHERE scoring = 'isa'")
        self.assertEqual(len(rows), 6)  # pairs of four frameworks
        for row in rows:
            self.assertLess(row[0], row[1])
            self.assertEqual(row[2:6], (9, 9, 0, 9), row)
            self.assertLess(row[6], 1e-5)
            self.assertEqual(row[7:], (1.0, "local", "local"))
        (images,), = self.query("SELECT count(DISTINCT url || image_sha256) FROM results")
        self.assertEqual(images, 9)
        producers = self.query("SELECT DISTINCT framework, backend, model_sha256, manifest_sha256,"
                               " preprocessing FROM provenance ORDER BY 1")
        self.assertEqual([row[:2] for row in producers],
                         [(name, "local") for name in ("Caffe", "NumPy", "ONNX", "TensorFlow")])
        for column in (2, 3):
            self.assertEqual(len({row[column] for row in producers}), 4)
        layouts = {row[0]: row[4].rsplit("layout=", 1)[1] for row in producers}
        self.assertEqual(layouts, {"Caffe": "CHW", "NumPy": "CHW", "ONNX": "CHW",
                                   "TensorFlow": "HWC"})
        report = self.cli("report").stdout
        self.assertIn("Comparison of two answers about the same bytes", report)
        self.assertEqual(len(json.loads(self.cli("report", "--json").stdout)["comparison"]), 6)

    def test_urls_without_an_expectation_are_compared_too(self):
        self.add("TensorFlow")
        done = self.enqueue([f"/ok/{name}" for name in self.pictures], "--framework", "Caffe",
                            "--framework", "TensorFlow")
        self.assertIn(f"added {len(self.pictures)}\n", done.stdout)
        self.once()
        self.assertEqual(self.query("SELECT framework_a, framework_b, images, only_a + only_b,"
                                    " same_first, scoring FROM comparison"),
                         [("Caffe", "TensorFlow", len(self.pictures), 0, len(self.pictures),
                           "none")])

    def test_squeezenet_and_its_conversion_agree_on_photos(self):
        zoo, images = lib.shared("zoo", "squeezenet_v1.0"), lib.shared("images")
        lib.shared("zoo", "squeezenet_v1.0", "squeezenet_v1.0.caffemodel")
        (self.folder / "squeezenet.yml").write_text(f"""
name: SqueezeNet
framework:
  name: Caffe
  version: "1.0"
version: "1.0"
inputs:
  - type: image
    parameters:
      layout: CHW
      color_mode: BGR
      dimensions: [3, 227, 227]
      mean: [123, 117, 104]
output:
  type: feature
  parameters:
    features_url: {images}/synset_words.txt
model:
  graph_path: {zoo}/deploy.prototxt
  weights_path: {zoo}/squeezenet_v1.0.caffemodel
""")
        self.cli("model", "add", "squeezenet.yml")
        self.add("TensorFlow", "SqueezeNet")
        photos = sorted(images.glob("*.jpg"))
        web = self.start("webserver", "--root", images)
        self.enqueue([f"{web.url}/ok/{photo.name}" for photo in photos], "--model", "SqueezeNet",
                     "--framework", "Caffe", "--framework", "TensorFlow")
        self.once()
        (row,) = self.query("SELECT images, same_first, max_abs_probability_difference FROM"
                            " comparison WHERE model = 'SqueezeNet'")
        print(f"SqueezeNet: {row[0]} pairs, {row[1]} with the same first label, largest difference"
              f" of a probability {row[2]:.2g}", flush=True)
        self.assertEqual(row[:2], (len(photos), len(photos)))
        self.assertLess(row[2], 1e-4)


class Names(Frameworks):
    def test_what_is_added_needs_nothing_that_was_left_behind(self):
        for framework, (_, suffixes) in FORMATS.items():
            self.add(framework)
            folder, = self.added.glob(f"shapes-1.0-{framework}-*/")
            found = {"." + path.name.split(".", 1)[1] for path in folder.iterdir()}
            self.assertEqual(found, suffixes | {".certificate.json", ".txt"})
            shown = self.show(f"shapes@{framework}")
            self.assertEqual((shown["framework"], shown["converted_from"], shown["local"]),
                             (framework, "Caffe", "yes"))
            proof = json.loads(pathlib.Path(shown["certificate"]).read_text())
            self.assertEqual(proof["verdict"], "same")
        self.assertEqual(sorted(model["framework"] for model in self.listed()
                                if model["name"] == "shapes"),
                         ["Caffe", "NumPy", "ONNX", "TensorFlow"])
        for word in ("Caffe 1.0", "NumPy 1.0", "ONNX 1.8", "TensorFlow 1.15"):
            self.assertIn(word, self.show("shapes")["frameworks"])

    def test_a_name_means_the_original_and_says_that_there_are_others(self):
        alone = self.cli("classify", self.www / self.pictures[0], "--model", "shapes")
        self.assertEqual(alone.stderr, "")
        self.add("TensorFlow")
        self.assertEqual(self.show("shapes")["framework"], "Caffe")
        for words, note in ((["shapes"], "there is also shapes@TensorFlow; this is shapes@Caffe"),
                            (["shapes@TensorFlow"], ""), (["shapes:1.0@tensorflow:1.15"], ""),
                            (["shapes", "--framework", "TensorFlow"], "")):
            done = self.cli("classify", self.www / self.pictures[0], "--model", *words)
            self.assertEqual(done.stdout, alone.stdout)
            self.assertIn(note, done.stderr)
            self.assertEqual(bool(note), bool(done.stderr))
        self.cli("classify", self.www / self.pictures[0], "--model", "shapes@ONNX", check=65)
        self.cli("classify", self.www / self.pictures[0], "--model", "shapes@ONNX", "--framework",
                 "ONNX", check=2)
        self.enqueue([f"/ok/{self.pictures[0]}"], "--model", "shapes")
        self.assertEqual(self.query("SELECT framework FROM progress"), [("Caffe",)])

    def test_infer_verify_and_convert_take_names(self):
        self.add("TensorFlow")
        self.cli("verify", "shapes@Caffe", "shapes@TensorFlow")
        self.cli("convert", "shapes@TensorFlow", "--to", "caffe", "-o", "back")
        self.cli("verify", "back.yml", "shapes@Caffe")
        self.cli("model", "add", "back.yml")  # Caffe once more: replaces nothing, is listed first
        self.assertEqual(self.show("shapes")["converted_from"], "")
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 64, 64, 3), }".ljust(117)
        (self.folder / "in.npy").write_bytes(b"\x93NUMPY\x01\x00\x76\x00" + header.encode() + b"\n" +
                                             bytes(4 * 64 * 64 * 3))
        self.cli("infer", "shapes@TensorFlow", "--input", "in.npy", "--output", "out.npz")
        self.assertGreater(os.path.getsize(self.folder / "out.npz"), 40)

    def test_a_copy_that_would_lack_something_is_not_added(self):
        for name in ("shapes.prototxt", "shapes.caffemodel"):
            (self.folder / name).write_bytes((CONFIG / "models" / name).read_bytes())
        text = (CONFIG / "models" / "shapes.yml").read_text().split("\nmodel:")[0]
        text = text.replace("../labels/", f"{CONFIG}/labels/").replace("name: shapes", "name: mine")
        (self.folder / "mine.yml").write_text(
            text + "\nmodel: {graph_path: shapes.prototxt, weights_path: shapes.caffemodel}\n")
        done = self.cli("model", "add", "mine.yml", check=65)
        self.assertIn("the copy cannot be used", done.stderr)
        self.assertNotIn("mine", [model["name"] for model in self.listed()])


if __name__ == "__main__":
    lib.main()
