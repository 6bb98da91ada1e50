#!/usr/bin/python3
"""convert and verify: every format into every other, the proof beside it, and what is refused.

Environment: CARMLBENCH_LONG=1 sends every network of ../shared/zoo through the chain (make
check-long); otherwise the small ones go. Weights that the zoo generates are kept in
CARMLBENCH_CACHE (default: ~/.cache/carmlbench-zoo).
"""

import json
import os
import pathlib
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lib

LONG = os.environ.get("CARMLBENCH_LONG")
CACHE = pathlib.Path(os.environ.get("CARMLBENCH_CACHE", pathlib.Path.home() / ".cache/carmlbench-zoo"))
FILES = {"caffe": (".prototxt", ".caffemodel"), "numpy": (".npz", ".json"),
         "tensorflow": (".pb",), "onnx": (".onnx",)}
SMALL = ["lenet", "squeezenet_v1.0"]
TIMEOUT = 3600 if LONG else 300


def weights_of(net):
    """The network's weights: real ones where there are, else generated once."""
    own = sorted(net.glob("*.caffemodel"))
    if own:
        return own[0]
    CACHE.mkdir(parents=True, exist_ok=True)
    path = CACHE / f"{net.name}.caffemodel"
    if not path.exists():
        made = path.with_suffix(f".{os.getpid()}")
        subprocess.run(["/usr/bin/python3", net.parent / "make_weights.py", net / "deploy.prototxt",
                        made], check=True, stdout=subprocess.DEVNULL)
        made.rename(path)
    return path


class Convert(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="carmlbench-convert-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def cli(self, *arguments, check=0, **more):
        return lib.run("carmlbench", *arguments, check=check, timeout=TIMEOUT, **more)

    def convert(self, model, to, name, *more, **options):
        """Converts; returns what the next command calls the result."""
        self.cli("convert", model, "--to", to, "-o", self.folder / name, *more, **options)
        return ",".join(str(self.folder / name) + suffix for suffix in FILES[to][:1 if to == "numpy" else 2])

    def certificate(self, name):
        return json.loads((self.folder / f"{name}.certificate.json").read_text())

    def names(self):
        return sorted(p.name for p in self.folder.iterdir())

    def small_model(self):
        return f"{lib.ROOT}/config/models/shapes.prototxt,{lib.ROOT}/config/models/shapes.caffemodel"

    def refused(self, code, word, *arguments):
        """Ends with `code` and one line that holds `word`, and writes nothing."""
        before = self.names()
        done = self.cli(*arguments, check=code)
        self.assertIn(word, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertEqual(self.names(), before)
        return done


class Chain(Convert):
    def test_networks_come_back_through_all_formats(self):
        zoo = lib.shared("zoo")
        nets = sorted(p.parent.name for p in zoo.glob("*/deploy.prototxt")) if LONG else SMALL
        for net in nets:
            with self.subTest(net):
                self.chain(zoo, zoo / net)
                for path in self.folder.iterdir():
                    path.unlink()

    def chain(self, zoo, net):
        model = f"{net}/deploy.prototxt,{weights_of(net)}"
        for to in ("numpy", "tensorflow", "onnx", "caffe"):
            model = self.convert(model, to, to)
            certificate = self.certificate(to)
            self.assertEqual(certificate["verdict"], "same")
            self.assertEqual(certificate["inputs"], 3)
            self.assertLessEqual(certificate["outputs"]["max_probability_difference"], 1e-5)
            self.assertGreater(certificate["paired"], len(certificate["layers"]) // 2)
            print(f"{net.name} -> {to}: {certificate['paired']} of {len(certificate['layers'])} values paired, "
                  f"probabilities differ by {certificate['outputs']['max_probability_difference']:.2g}, "
                  f"layers by {certificate['max_relative_difference']:.2g}")
        done = subprocess.run(
            ["/usr/bin/python3", zoo / "check_golden.py", "--weights-dir", CACHE, "--layers", "--run",
             f"{lib.binary('carmlbench')} infer {model} {{inputs}} --output {{output}} --layers all", net],
            capture_output=True, text=True, timeout=TIMEOUT)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("missing 0", done.stdout)


class Layers(Convert):
    """Layers of their own, without weights, and what stands around them."""

    def through_all(self, shapes, *layers):
        net = self.folder / "net.prototxt"
        inputs = "".join(f"input: '{name}' input_shape {{ {' '.join(f'dim: {d}' for d in shape)} }}\n"
                         for name, shape in shapes.items())
        net.write_text(inputs + "".join(f"layer {{ {layer} }}\n" for layer in layers))
        model = str(net)
        for to in ("numpy", "tensorflow", "onnx", "caffe"):
            model = self.convert(model, to, to)
        self.cli("verify", net, model)
        return (self.folder / "caffe.prototxt").read_text()

    def test_a_network_without_weights_has_an_archive_without_arrays(self):
        self.through_all({"data": (1, 3, 4, 5)}, "name: 'y' type: 'AbsVal' bottom: 'data' top: 'y'")

    def test_the_largest_of_equal_numbers_are_the_last(self):
        for words in ("", "top_k: 3", "axis: 1", "axis: -1 top_k: 2", "out_max_val: true top_k: 2",
                      "axis: 1 top_k: 2 out_max_val: true"):
            with self.subTest(words):
                text = self.through_all(
                    {"data": (1, 6, 4, 5)}, "name: 'r' type: 'Threshold' bottom: 'data' top: 'r'",
                    f"name: 'y' type: 'ArgMax' bottom: 'r' top: 'y' argmax_param {{ {words} }}")
                self.assertIn('type: "Threshold"', text)
                self.assertIn('type: "ArgMax"', text)

    def test_what_is_normalized_may_be_the_same_everywhere(self):
        for words in ("", "normalize_variance: false", "across_channels: true"):
            with self.subTest(words):
                self.through_all(
                    {"data": (1, 6, 7, 5)},
                    "name: 'x' type: 'Power' bottom: 'data' top: 'x' power_param { scale: 0.01 shift: 0.3 }",
                    f"name: 'y' type: 'MVN' bottom: 'x' top: 'y' mvn_param {{ {words} }}")

    def test_prior_boxes_may_be_an_output(self):
        boxes = ("name: '{0}' type: 'PriorBox' bottom: 'y' bottom: 'data' top: '{0}' "
                 "prior_box_param {{ min_size: 3 max_size: 6 aspect_ratio: 2 }}")
        for last in ("name: 'all' type: 'Concat' bottom: 'a' bottom: 'b' top: 'all' concat_param { axis: 2 }",
                     "name: 'unread' type: 'Split' bottom: 'a' top: 'unread'"):
            with self.subTest(last):
                text = self.through_all({"data": (1, 3, 9, 9)}, "name: 'y' type: 'AbsVal' bottom: 'data' top: 'y'",
                                        boxes.format("a"), boxes.format("b"), last)
                self.assertEqual(text.count('type: "PriorBox"'), 2)

    def test_an_input_that_is_asked_for_its_size_only_may_go(self):
        self.through_all({"data": (1, 3, 8, 9), "size": (1, 1, 4, 5)},
                         "name: 'y' type: 'Crop' bottom: 'data' bottom: 'size' top: 'y' crop_param { offset: 2 }")


    def test_a_batch_that_layers_count_on_stays_what_it_is(self):
        for words in ("dim: 6 dim: 20", "dim: 3 dim: 2 dim: 20", "dim: 120"):
            with self.subTest(words):
                self.through_all({"data": (2, 3, 4, 5)},
                                 f"name: 'y' type: 'Reshape' bottom: 'data' top: 'y' reshape_param {{ shape {{ {words} }} }}")


class Formats(Convert):
    def test_each_format_goes_into_each_other(self):
        models = {"caffe": self.small_model()}
        for to in ("numpy", "tensorflow", "onnx"):
            models[to] = self.convert(models["caffe"], to, f"first_{to}")
        for source, model in models.items():
            for to in FILES:
                with self.subTest(f"{source} -> {to}"):
                    name = f"{source}_{to}"
                    result = self.convert(model, to, name)
                    self.assertEqual(self.certificate(name)["verdict"], "same")
                    self.assertEqual(self.certificate(name)["source"]["format"], source)
                    done = self.cli("verify", models["caffe"], result, "--json")
                    self.assertEqual(json.loads(done.stdout)["verdict"], "same")

    def test_squeezenet_says_the_same_about_every_picture_in_every_format(self):
        zoo, images = lib.shared("zoo", "squeezenet_v1.0"), lib.shared("images")
        manifest = self.folder / "caffe.yml"
        manifest.write_text(f"""
name: SqueezeNet
framework: {{name: Caffe, version: "1.0"}}
version: "1.0"
inputs:
  - type: image
    parameters: {{layout: CHW, color_mode: BGR, dimensions: [3, 227, 227],
                  mean: [123, 117, 104], scale: 1.0}}
output:
  parameters: {{features_url: {images}/synset_words.txt}}
model:
  graph_path: {zoo}/deploy.prototxt
  weights_path: {zoo}/squeezenet_v1.0.caffemodel
""")
        pictures = sorted(p for p in images.iterdir() if p.suffix in (".jpg", ".jpeg", ".png"))
        self.assertGreater(len(pictures), 5)
        expected = self.classify(manifest, pictures)
        for to in ("numpy", "tensorflow", "onnx"):
            self.cli("convert", manifest, "--to", to, "-o", self.folder / to)
            answers = self.classify(self.folder / f"{to}.yml", pictures)
            worst = 0
            for one, other in zip(expected, answers):
                self.assertEqual([p["index"] for p in one], [p["index"] for p in other])
                worst = max([worst] + [abs(p["probability"] - q["probability"]) for p, q in zip(one, other)])
            print(f"squeezenet as {to}: {len(pictures)} pictures, largest difference of a probability {worst:.2g}")
            self.assertLessEqual(worst, 1e-5)
            done = self.cli("verify", manifest, self.folder / f"{to}.yml", "--images", images, "--json")
            self.assertEqual(json.loads(done.stdout)["outputs"]["same_top3"], len(pictures))

    def classify(self, manifest, pictures):
        done = self.cli("classify", *pictures, "--model", manifest, "--json")
        return [answer["predictions"] for answer in json.loads(done.stdout)]

    def test_tensorflow_tensors_stand_in_its_own_layout_or_as_they_were_given(self):
        numpy = self.import_numpy()
        model = self.convert(self.small_model(), "tensorflow", "tf")
        planes = numpy.random.default_rng(1).normal(size=(2, 3, 64, 64)).astype(numpy.float32)
        numpy.save(self.folder / "nchw.npy", planes)
        numpy.save(self.folder / "nhwc.npy", planes.transpose(0, 2, 3, 1))
        results = {}
        for layout in ("nchw", "nhwc"):
            self.cli("infer", model, "--input", self.folder / f"{layout}.npy", "--output",
                     self.folder / f"{layout}.npz", "--layers", "all")
            results[layout] = numpy.load(self.folder / f"{layout}.npz")
        for name in results["nchw"].files:
            first, second = results["nchw"][name], results["nhwc"][name]
            if first.ndim == 4:
                second = second.transpose(0, 3, 1, 2)
            numpy.testing.assert_array_equal(first, second, err_msg=name)

    def import_numpy(self):
        try:
            import numpy
        except ImportError:
            self.skipTest("skipped: python3-numpy is not installed")
        return numpy


# Writes over some numbers in the middle of each file below FLIP_UNDER when it is opened for reading.
FLIP = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int flip(const char *name, const char *path, int flags, int mode)
{
    int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
    const char *under = getenv("FLIP_UNDER");
    size_t size = strlen(path);

    if ((flags & O_ACCMODE) == O_RDONLY && under && !strncmp(path, under, strlen(under)) &&
        !(flags & O_DIRECTORY) && !(size > 5 && !strcmp(path + size - 5, ".json"))) {
        int file = real(path, O_RDWR);
        unsigned char bytes[512];
        off_t at = file < 0 ? 0 : (lseek(file, 0, SEEK_END) / 2);
        if (file >= 0 && pread(file, bytes, sizeof bytes, at) > 0) {
            memset(bytes, 0x7e, sizeof bytes);
            if (pwrite(file, bytes, sizeof bytes, at) < 0)
                abort();
        }
        if (file >= 0)
            close(file);
    }
    return real(path, flags, mode);
}

#define OPEN(name)                                 \
    int name(const char *path, int flags, ...)     \
    {                                              \
        va_list more;                              \
        va_start(more, flags);                     \
        int mode = va_arg(more, int);              \
        va_end(more);                              \
        return flip(#name, path, flags, mode);     \
    }
OPEN(open)
OPEN(open64)
"""


class Commas(Convert):
    """Commas in names, where a comma also stands between the two files of a model."""

    def test_a_word_that_names_a_file_is_that_file(self):
        for to in ("tensorflow", "onnx", "numpy"):
            model = self.convert(self.small_model(), to, f"a,{to}", "--unverified")
            self.cli("convert", model, "--to", "caffe", "-o", self.folder / "out")
            self.assertEqual([f["name"] for f in self.certificate("out")["source"]["files"]],
                             [f"a,{to}{FILES[to][0]}"])

    def test_names_of_two_files_may_hold_commas(self):
        for name in ("a,b", "c,d/e,f"):
            (self.folder / name).parent.mkdir(exist_ok=True)
            model = self.convert(self.small_model(), "caffe", name)
            self.assertEqual([f["name"] for f in self.certificate(name)["result"]["files"]],
                             [pathlib.Path(name).name + suffix for suffix in FILES["caffe"]])
            self.cli("verify", model, self.small_model())

    def test_a_manifest_may_stand_in_a_folder_with_a_comma(self):
        models = self.folder / "a,b"
        models.mkdir()
        (self.folder / "labels").mkdir()
        for path in (lib.ROOT / "config/models").glob("shapes.*"):
            shutil.copy(path, models)
        shutil.copy(lib.ROOT / "config/labels/shapes.txt", self.folder / "labels")
        self.cli("convert", models / "shapes.yml", "--to", "numpy", "-o", models / "numpy")
        self.cli("model", "add", models / "numpy.yml", "--db", models / "jobs.db")

    def test_what_is_missing_is_told_as_it_was_named(self):
        self.refused(74, "a: No such file", "convert", "a,b.pb", "--to", "onnx", "-o", self.folder / "out")


# Fails the rename whose number is FAIL_AT, or all from FAIL_FROM on, is killed before the one whose number is KILL_AT,
# and knows no hard links where NO_LINKS is set.
RENAMES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static int value(const char *name)
{
    const char *text = getenv(name);
    return text ? atoi(text) : 1 << 20;
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *) =
        (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
    static int count;
    count++;
    if (count == value("KILL_AT"))
        kill(getpid(), SIGKILL);
    errno = EIO;
    return count == value("FAIL_AT") || count >= value("FAIL_FROM") ? -1 : real(from, to);
}

int link(const char *from, const char *to)
{
    errno = EPERM;
    return getenv("NO_LINKS") ? -1 : linkat(-100, from, -100, to, 0);
}
"""


class Publishing(Convert):
    """The files of a result appear together or not at all, and a certificate only beside its model."""

    SUFFIXES = (".prototxt", ".caffemodel", ".yml", ".certificate.json")

    def setUp(self):
        super().setUp()
        self.out = self.folder / "out"

    def contents(self):
        return {p.name: p.read_bytes() for p in self.out.iterdir() if p.is_file()}

    def write_older(self, suffixes):
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        for suffix in suffixes:
            (self.out / f"net{suffix}").write_text("older")

    def runs(self, word):
        """Converts with the first, the second, ... rename hindered, until all goes well, over no older result, a part
        of one and a whole one; yields exit code, what stood there before, and whether there are hard links."""
        shim, source = self.folder / "renames.so", self.folder / "renames.c"
        source.write_text(RENAMES)
        if subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"]).returncode:
            self.skipTest("skipped: no compiler")
        environment = dict(os.environ, LD_PRELOAD=str(shim),
                           ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0")
        for older in ((), self.SUFFIXES[1:2], self.SUFFIXES):
            for links in ({}, {"NO_LINKS": "1"}):
                for number in range(1, 100):
                    self.write_older(older)
                    before = self.contents()
                    done = subprocess.run(
                        [lib.binary("carmlbench"), "convert", lib.ROOT / "config/models/shapes.yml", "--to", "caffe",
                         "-o", self.out / "net", "--unverified"], capture_output=True, text=True, timeout=TIMEOUT,
                        env={**environment, **links, word: str(number)})
                    if done.returncode == 0:
                        break
                    yield done, before, not links
                self.assertGreater(number, 6)
                self.assertNotIn(b"older", self.contents().values())
                self.assertEqual(sorted(self.contents()), sorted(f"net{suffix}" for suffix in self.SUFFIXES))
                self.assertEqual(len(list(self.out.iterdir())), len(self.SUFFIXES))

    def test_a_rename_that_fails_takes_all_back(self):
        for done, before, _ in self.runs("FAIL_AT"):
            self.assertEqual(done.returncode, 74, done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
            self.assertEqual(self.contents(), before)
            self.assertEqual(len(list(self.out.iterdir())), len(before))

    def test_what_cannot_be_put_back_is_not_lost(self):
        for done, before, _ in self.runs("FAIL_FROM"):
            self.assertEqual(done.returncode, 74, done.stderr)
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
            folders = [p for p in self.out.iterdir() if p.is_dir()]
            if self.contents() == before:
                self.assertEqual(folders, [])
            else:
                self.assertIn(f"look into {folders[0]}", done.stderr)
            kept = [p for p in self.out.rglob("*") if p.is_file() and p.read_bytes() == b"older"]
            self.assertGreaterEqual(len(kept), len(before))

    def test_killed_at_any_rename_it_leaves_no_certificate_of_another_model(self):
        for done, before, links in self.runs("KILL_AT"):
            self.assertEqual(done.returncode, -signal.SIGKILL, done.stderr)
            now = self.contents()
            if "net.certificate.json" in now:
                self.assertEqual(now, before)
            if links:
                self.assertLessEqual(set(before) - {"net.certificate.json"}, set(now))

    def test_a_folder_in_the_way_is_found_before_anything_is_written(self):
        for to, suffixes in {**FILES, "tfjs": ("",)}.items():
            for suffix in (*suffixes, ".certificate.json", ".yml"):
                with self.subTest(f"{to}{suffix}"):
                    shutil.rmtree(self.out, ignore_errors=True)
                    (self.out / f"net{suffix}/kept").mkdir(parents=True)
                    if to == "tfjs" and suffix == ".yml":
                        continue
                    done = self.cli("convert", lib.ROOT / "config/models/shapes.yml", "--to", to, "-o",
                                    self.out / "net", check=74)
                    self.assertRegex(done.stderr, rf"/net{suffix}: is a folder.*; .*give another -o\n$")
                    self.assertEqual([p.name for p in self.out.rglob("*")], [f"net{suffix}", "kept"])

    def test_a_device_in_the_way_stays_one(self):
        self.out.mkdir()
        os.mkfifo(self.out / "net.onnx")
        done = self.cli("convert", self.small_model(), "--to", "onnx", "-o", self.out / "net", check=74)
        self.assertIn("net.onnx: is not a regular file", done.stderr)
        self.assertTrue((self.out / "net.onnx").is_fifo())
        self.assertEqual(len(list(self.out.iterdir())), 1)

    def test_an_empty_folder_becomes_that_of_tensorflow_js(self):
        for name in ("first", "second/"):
            (self.out / name).mkdir(parents=True)
            self.cli("convert", self.small_model(), "--to", "tfjs", "-o", f"{self.out}/{name}")
            self.assertTrue((self.out / name / "model.json").exists())


class Destination(Convert):
    """What -o may not be: a name that would write over the source, a folder, a stream."""

    def setUp(self):
        super().setUp()
        (self.folder / "models").mkdir()
        (self.folder / "labels").mkdir()
        for path in (lib.ROOT / "config/models").glob("shapes.*"):
            shutil.copy(path, self.folder / "models")
        shutil.copy(lib.ROOT / "config/labels/shapes.txt", self.folder / "labels")

    def contents(self):
        return {str(p): p.read_bytes() for p in self.folder.rglob("*") if p.is_file()}

    def refused_in(self, folder, code, word, *arguments):
        """As refused(), but in a folder and with not a byte changed anywhere."""
        before = self.contents()
        done = self.cli("convert", *arguments, check=code, cwd=folder)
        self.assertIn(word, done.stderr)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
        self.assertEqual(self.contents(), before)

    def keeps(self, name, *arguments):
        self.refused_in(self.folder / "models", 2, f"{name}: is a file of the model that is to be converted", *arguments)

    def test_the_source_is_not_written_over(self):
        models = self.folder / "models"
        pair = "shapes.prototxt,shapes.caffemodel"
        for to in FILES:
            self.keeps("shapes.prototxt" if to == "caffe" else "shapes.yml",
                       "shapes.yml", "--to", to, "-o", "shapes")
        self.keeps("./shapes.prototxt", pair, "--to", "caffe", "-o", "./shapes", "--unverified")
        self.keeps("shapes.prototxt", f"{models}/shapes.prototxt,{models}/shapes.caffemodel", "--to", "caffe",
                   "-o", "shapes.caffemodel")
        for to in ("onnx", "tensorflow", "numpy"):
            self.cli("convert", pair, "--to", to, "-o", to, cwd=models)
            result = f"{to}{FILES[to][0]}"
            self.keeps(result, result, "--to", to, "-o", to)
        self.keeps("../models/numpy.npz", "numpy.json,numpy.npz", "--to", "numpy", "-o", "../models/numpy")
        shutil.copy(models / "onnx.onnx", models / "plain")
        self.keeps("plain", "plain", "--to", "tfjs", "-o", "plain")

    def test_links_do_not_hide_the_source(self):
        models = self.folder / "models"
        pair = "shapes.prototxt,shapes.caffemodel"
        self.cli("convert", pair, "--to", "numpy", "-o", "numpy", cwd=models)
        (models / "a.json").symlink_to("numpy.json")
        (models / "b.caffemodel").hardlink_to(models / "shapes.caffemodel")
        (models / "c.certificate.json").symlink_to("../labels/shapes.txt")
        (models / "here").symlink_to(".")
        self.keeps("a.json", "numpy.npz", "--to", "numpy", "-o", "a")
        self.keeps("b.caffemodel", pair, "--to", "caffe", "-o", "b")
        self.keeps("c.certificate.json", "shapes.yml", "--to", "onnx", "-o", "c")
        self.keeps("here/shapes.yml", "shapes.yml", "--to", "onnx", "-o", "here/shapes")

    def test_what_is_not_read_may_be_written_over(self):
        pair = "shapes.prototxt,shapes.caffemodel"
        models = self.folder / "models"
        for _ in range(2):
            self.cli("convert", pair, "--to", "onnx", "-o", "shapes", cwd=models)
            self.cli("convert", "shapes.onnx", "--to", "numpy", "-o", "shapes.onnx", cwd=models)
            self.cli("convert", "shapes.yml", "--to", "caffe", "-o", "caffe", cwd=models)

    def test_folders_and_streams_are_no_beginning_of_a_name(self):
        (self.folder / "sub").mkdir()
        os.mkfifo(self.folder / "pipe")
        model = self.small_model()
        for output in ("-", "", ".", "..", "./", "sub/", "new/", "sub/.", "sub/..", "/", ".onnx", "sub/.onnx", "pipe",
                       "/dev/null", "/dev/stdout", "/dev/stderr", "/dev/fd/1", "/proc/self/fd/1"):
            with self.subTest(output):
                if output.startswith("/dev"):
                    self.addCleanup(pathlib.Path(f"{output}.onnx").unlink, missing_ok=True)
                    self.addCleanup(pathlib.Path(f"{output}.certificate.json").unlink, missing_ok=True)
                self.refused_in(self.folder, 2, f"-o '{output}': expected the beginning of the files' names",
                                model, "--to", "onnx", "-o", output)
        for output in ("-", "", ".", "..", "/", "/dev/stdout"):
            with self.subTest(f"tfjs {output}"):
                self.refused_in(self.folder, 2, f"-o '{output}': expected the name of a folder",
                                model, "--to", "tfjs", "-o", output)

    def test_a_name_may_be_that_of_a_folder_beside_it(self):
        self.cli("convert", self.small_model(), "--to", "onnx", "-o", "models", cwd=self.folder)
        self.assertTrue((self.folder / "models.onnx").exists())
        self.cli("convert", self.small_model(), "--to", "onnx", "-o", "./-", cwd=self.folder)
        self.assertTrue((self.folder / "-.onnx").exists())


class Proof(Convert):
    def test_without_proof_the_certificate_says_so(self):
        self.convert(self.small_model(), "onnx", "net", "--unverified")
        self.assertEqual(self.certificate("net")["verdict"], "unverified")
        self.assertIn("nothing was hashed", self.certificate("net")["hashes"])
        self.assertEqual(self.certificate("net")["result"]["files"],
                         [{"name": "net.onnx", "bytes": (self.folder / "net.onnx").stat().st_size}])
        self.assertNotIn("layers", self.certificate("net"))
        self.assertEqual(self.names(), ["net.certificate.json", "net.onnx"])

    def test_a_suffix_is_taken_off_and_an_older_result_replaced(self):
        self.convert(self.small_model(), "tensorflow", "net.pb", "--unverified")
        self.convert(self.small_model(), "tensorflow", "net")
        self.assertEqual(self.names(), ["net.certificate.json", "net.pb"])
        self.assertEqual(self.certificate("net")["verdict"], "same")

    def test_two_models_that_differ_are_told_apart_by_layer(self):
        text = (lib.ROOT / "config/models/shapes.prototxt").read_text()
        self.assertIn("MAX", text)
        other = self.folder / "other.prototxt"
        other.write_text(text.replace("MAX", "AVE", 1))
        done = self.cli("verify", self.small_model(),
                        f"{other},{lib.ROOT}/config/models/shapes.caffemodel", check=1)
        self.assertRegex(done.stdout, r"DIFFERENT: '\w+' \(Pooling\) is the first to differ; common causes: ")
        done = self.cli("verify", self.small_model(),
                        f"{other},{lib.ROOT}/config/models/shapes.caffemodel", "--json", check=1)
        self.assertEqual(json.loads(done.stdout)["verdict"], "different")

    def test_each_input_is_given_once(self):
        net, ones = self.folder / "sum.prototxt", self.folder / "ones.npy"
        net.write_text("".join("input: '%s' input_shape { dim: 1 dim: 2 } " % name for name in "xy") +
                       "layer { name: 's' type: 'Eltwise' bottom: 'x' bottom: 'y' top: 's' }\n")
        header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }".ljust(117) + "\n"
        ones.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H118s2f", 118, header.encode(), 1, 1))
        x, y = f"x={ones}", f"y={ones}"
        self.cli("verify", net, net, "--input", x, "--input", y)
        self.refused(65, "'x' was given before", "verify", net, net, "--input", x, "--input", x)
        self.refused(65, "'y' was given before", "verify", net, net, "--input", y, "--input", ones)

    def test_an_interrupted_conversion_leaves_nothing(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            process = subprocess.Popen(
                [lib.binary("carmlbench"), "convert", self.small_model(), "--to", "onnx", "-o", self.folder / "net"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            while process.poll() is None and not self.names():
                pass
            process.send_signal(number)
            process.wait(lib.DEADLINE)
            self.assertFalse([n for n in self.names() if "partial" in n])

    def test_a_signal_that_is_ignored_ends_nothing(self):
        process = subprocess.Popen(
            [lib.binary("carmlbench"), "convert", self.small_model(), "--to", "onnx", "-o", self.folder / "net"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        while process.poll() is None and not self.names():
            pass
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.wait(lib.DEADLINE), 0)
        self.assertIn("net.onnx", self.names())

    def test_a_full_disk_leaves_nothing(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

        for to in FILES:
            with self.subTest(to):
                done = subprocess.run(
                    [lib.binary("carmlbench"), "convert", self.small_model(), "--to", to, "-o", self.folder / "net"],
                    capture_output=True, text=True, preexec_fn=limit, timeout=TIMEOUT)
                self.assertEqual(done.returncode, 74, done.stderr)
                self.assertIn(str(self.folder / "net"), done.stderr)
                self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
                self.assertEqual(self.names(), [])

    def test_a_killed_conversion_leaves_only_its_hidden_folder(self):
        process = subprocess.Popen(
            [lib.binary("carmlbench"), "convert", self.small_model(), "--to", "onnx", "-o", self.folder / "net"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        while process.poll() is None and not self.names():
            pass
        process.kill()
        process.wait(lib.DEADLINE)
        if process.returncode == -signal.SIGKILL:
            for name in self.names():
                self.assertRegex(name, r"^\.net\.partial-|^net\.")

    def test_numbers_that_the_disk_changes_are_found(self):
        shim = self.folder / "flip.so"
        source = self.folder / "flip.c"
        source.write_text(FLIP)
        if subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, source, "-ldl"]).returncode:
            self.skipTest("skipped: no compiler")
        out = self.folder / "out"
        out.mkdir()
        for to in FILES:
            with self.subTest(to):
                done = subprocess.run(
                    [lib.binary("carmlbench"), "convert", self.small_model(), "--to", to, "-o", out / "net"],
                    capture_output=True, text=True, timeout=TIMEOUT,
                    env=dict(os.environ, LD_PRELOAD=str(shim), FLIP_UNDER=str(out),
                             ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"))
                self.assertIn(done.returncode, (1, 65), done.stderr)
                self.assertIn("not written", done.stderr)
                self.assertEqual(list(out.iterdir()), [])

    def test_what_cannot_be_written_is_told_in_one_line(self):
        self.refused(74, str(self.folder / "none/net"), "convert", self.small_model(), "--to", "onnx",
                     "-o", self.folder / "none/net")
        self.refused(2, "--to", "convert", self.small_model(), "-o", self.folder / "net")
        self.refused(2, "--to pytorch", "convert", self.small_model(), "--to", "pytorch", "-o", "net")
        self.refused(2, "-o OUT", "convert", self.small_model(), "--to", "onnx")


class BadInput(Convert):
    def test_files_cut_anywhere_are_refused_and_nothing_is_written(self):
        sources = {"caffe": self.small_model()}
        for to in ("numpy", "tensorflow", "onnx"):
            sources[to] = self.convert(self.small_model(), to, f"whole_{to}")
        for kind, model in sources.items():
            whole = pathlib.Path(model.split(",")[-1])
            content = whole.read_bytes()
            for cut in (0, 1, 7, 100, len(content) // 2, len(content) - 100, len(content) - 1):
                with self.subTest(f"{kind} cut at {cut}"):
                    part = self.folder / f"part{whole.suffix}"
                    part.write_bytes(content[:cut])
                    if kind == "numpy":
                        shutil.copy(whole.with_suffix(".json"), self.folder / "part.json")
                    spec = ",".join(model.split(",")[:-1] + [str(part)])
                    self.refused(65, "part", "convert", spec, "--to", "caffe" if kind != "caffe" else "onnx",
                                 "-o", self.folder / "out")

    def test_all_unsupported_layers_stand_in_one_line(self):
        net = self.folder / "net.prototxt"
        net.write_text('input: "d" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }\n'
                       'layer { name: "a" type: "LSTM" bottom: "d" top: "a" }\n'
                       'layer { name: "b" type: "Python" bottom: "a" top: "b" }\n')
        done = self.refused(65, "'a' (LSTM)", "convert", net, "--to", "onnx", "-o", self.folder / "out")
        self.assertIn("'b' (Python)", done.stderr)
        self.assertIn(f"{net}:2", done.stderr)

    def test_a_checkpoint_of_pytorch_is_told_the_way_to_onnx(self):
        names = ("data.pkl", "data/0", "version")
        for order in (names, names[::-1]):
            with zipfile.ZipFile(self.folder / "net.pth", "w") as archive:
                for name in order:
                    archive.writestr(f"archive/{name}", b"\x80\x02." + bytes(5000))
            self.refused(65, "net.pth: is a PyTorch checkpoint; export the model to ONNX with torch.onnx.export",
                         "convert", self.folder / "net.pth", "--to", "onnx", "-o", self.folder / "out")

    def test_what_is_no_model_is_called_by_its_name(self):
        files = {"old.pth": (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", "a PyTorch checkpoint"),
                 "page.onnx": (b"\n<!DOCTYPE html>\n<html><head>", "a web page"),
                 "page.pb": (b"\xef\xbb\xbf<HTML lang='en'>", "a web page"),
                 "denied.onnx": (b"<?xml version='1.0'?><Error>", "a web page"),
                 "pointer.caffemodel": (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 7\n",
                                        "a git-lfs pointer instead of the file; fetch that with 'git lfs pull'")}
        for name, (content, word) in files.items():
            (self.folder / name).write_bytes(content)
            for model in (self.folder / name, f"{lib.ROOT}/config/models/shapes.prototxt,{self.folder / name}"):
                with self.subTest(model):
                    self.refused(65, f"{name}: is {word}", "convert", model, "--to", "onnx",
                                 "-o", self.folder / "out")

    def test_absurd_networks_are_refused(self):
        net = self.folder / "net.prototxt"
        for text, word in (("layer {" * 10000, "net.prototxt"),
                           ('input: "d" input_shape { dim: 100000 dim: 100000 dim: 100000 dim: 3 }\n'
                            'layer { name: "a" type: "ReLU" bottom: "d" top: "a" }', "2147483647"),
                           ('input: "d" input_shape { dim: 1 dim: 3 }\n'
                            'layer { name: "a" type: "ReLU" bottom: "b" top: "a" }\n'
                            'layer { name: "b" type: "ReLU" bottom: "a" top: "b" }', "'b'")):
            net.write_text(text)
            self.refused(65, word, "convert", net, "--to", "onnx", "-o", self.folder / "out")


if __name__ == "__main__":
    unittest.main()
