#!/usr/bin/python3
"""carmlbench, the command: what it prints, what it refuses and with which exit code."""
import contextlib
import csv
import fcntl
import io
import json
import os
import pathlib
import pty
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lib  # noqa: E402

MODELS = lib.ROOT / "config" / "models"


def on_terminal(columns, words):
    """What a program writes to a terminal of that width, which cannot redraw, and its exit code."""
    try:
        ours, theirs = pty.openpty()
    except OSError as error:
        raise unittest.SkipTest(f"skipped: there are no pseudo terminals here: {error}") from None
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = lib.subprocess.Popen(words, stdin=theirs, stdout=theirs, env={**os.environ, "TERM": "dumb"})
    os.close(theirs)
    output = b""
    while True:
        try:
            data = os.read(ours, 4096)
        except OSError:  # how Linux says that the other end is closed
            data = b""
        if not data:
            break
        output += data
    os.close(ours)
    return output.decode(), process.wait(lib.DEADLINE)


class Cli(lib.Case):
    def setUp(self):
        super().setUp()
        self.database = self.folder / "test.db"

    def cli(self, *arguments, check=None, input=None, env=None):
        return lib.run("carmlbench", "--db", self.database, *arguments, check=check, input=input, env=env)

    def refused(self, code, said, *arguments, **more):
        """One line on stderr, nothing else, and the right exit code."""
        done = self.cli(*arguments, check=code, **more)
        lines = [l for l in done.stderr.splitlines() if l.startswith("carmlbench: ")]
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertIn(said, lines[0])
        return done

    def write(self, name, text):
        path = self.folder / name
        if isinstance(text, bytes):
            path.write_bytes(text)
        else:
            path.write_text(text)
        return path


class Usage(Cli):
    def test_help_and_version(self):
        self.assertIn("enqueue", lib.run("carmlbench", "--help", check=0).stdout)
        self.assertRegex(lib.run("carmlbench", "--version", check=0).stdout, r"^carmlbench \d")
        for command in "enqueue status results report retry fsck model classify infer".split():
            self.assertIn("usage: carmlbench", lib.run("carmlbench", command, "--help", check=0).stdout)

    def test_the_manual_names_every_reason(self):
        shown = lib.run("carmlbench", "retry", "--help", check=0).stdout.split("Reasons:\n")[1]
        manual = (lib.ROOT / "docs" / "carmlbench.1.scd").read_text().replace("\\", "").replace("_", "")
        for line in shown.splitlines():
            name, meaning = line.split(None, 1)
            self.assertIn(f"*{name.replace('_', '')}*", manual)
            self.assertIn(meaning[1:].replace("_", "") + ".", manual)

    def test_unknown_words_are_usage_errors(self):
        self.refused(2, "a command is missing")
        self.refused(2, "frobnicate: there is no such command", "frobnicate")
        self.refused(2, "--frob: there is no such option", "status", "--frob")
        self.refused(2, "--run: the option needs a value", "status", "--run")
        self.refused(2, "is missing", "enqueue")
        self.refused(2, "too many", "enqueue", "a", "b")
        self.refused(2, "expected auto, carml or local", "enqueue", "-", "--backend", "cloud", input="")
        self.refused(2, "expected table, csv or jsonl", "results", "--format", "xml")
        self.refused(2, "no such reason", "retry", "--reason", "bad_luck")
        self.refused(2, "WordNet id", "enqueue", "-", "--synset", "bear", input="")

    def test_configuration_errors_name_file_line_and_key(self):
        config = self.write("bad.yml", "fetch:\n  timout: 5s\n")
        done = lib.run("carmlbench", "--config", config, "status", check=78)
        self.assertIn(f"{config}:2: ", done.stderr)
        self.assertIn("fetch.timeout", done.stderr)
        lib.run("carmlbench", "--config", self.folder / "none.yml", "status", check=78)


class Enqueue(Cli):
    def test_every_line_is_accounted_for(self):
        text = ("\ufeffhttp://example.org/a.jpg\r\n# a comment\n\nhttp://example.org/b.jpg\\\n"
                "http://example.org/a.jpg\nnot a url\nn02131653_7\thttp://example.org/c.jpg\n"
                "ftp://example.org/d.jpg\n  http://EXAMPLE.org:80/e f.jpg  \nhttp://user:secret@example.org/\n")
        path = self.write("list.txt", text)
        done = self.cli("enqueue", path, "--json", check=0)
        counts = json.loads(done.stdout)
        self.assertEqual((counts["read"], counts["added"], counts["duplicate"], counts["refused"]), (8, 4, 1, 3))
        for number in (6, 8, 10):
            self.assertIn(f"{path}:{number}: refused: ", done.stderr)
        self.assertNotIn("secret", done.stderr)
        plain = self.cli("enqueue", path, check=0)
        self.assertEqual(plain.stdout, "read 8\nadded 0\nduplicate 5\nrefused 3\n")

    def test_standard_input_and_latin_1(self):
        done = lib.subprocess.run([lib.binary("carmlbench"), "--db", str(self.database), "enqueue", "-"],
                                  input="http://example.org/b\xe4r.jpg\n".encode("latin-1"), capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        with sqlite3.connect(self.database) as db:
            self.assertEqual(db.execute("SELECT url FROM item").fetchall(), [("http://example.org/b%E4r.jpg",)])

    def test_the_reports_own_list(self):
        path = lib.shared("seed-data", "bear-urls.txt")
        done = self.cli("enqueue", path, "--expect", "bear", "--json", check=0)
        counts = json.loads(done.stdout)
        self.assertEqual(counts["read"], counts["added"] + counts["duplicate"] + counts["refused"])
        self.assertEqual(counts["refused"], done.stderr.count(": refused: "))
        lines = sum(1 for l in path.read_bytes().splitlines() if l.strip())
        self.assertEqual(counts["read"], lines)
        with sqlite3.connect(self.database) as db:
            self.assertEqual(db.execute("SELECT count(*) FROM item WHERE url LIKE '%\\'").fetchone(), (0,))

    def test_a_list_without_urls_is_bad_data(self):
        self.refused(65, "not one line is a URL", "enqueue", self.write("x", "hello\nworld\n"))

    def test_unknown_models(self):
        path = self.write("l", "http://example.org/\n")
        self.refused(65, "no model nosuch", "enqueue", path, "--model", "nosuch", "--backend", "local")
        self.refused(65, "no model nosuch", "enqueue", path, "--model", "nosuch:1.0", "--framework", "Caffe:1.0")
        self.refused(65, "nosuch:VERSION", "enqueue", path, "--model", "nosuch", "--backend", "carml")
        self.refused(65, "known, but not as shapes:9.9;", "enqueue", path, "--model", "shapes:9.9", "--backend", "local")
        self.refused(65, "known, but not as shapes:9 for framework Caffe:2;", "enqueue", path, "--model", "shapes:9",
                     "--framework", "Caffe:2")
        self.refused(65, "known, but not as shapes for framework Caffe:2;", "enqueue", path, "--model", "shapes", "--framework", "Caffe:2")
        for name in ("", ":1", b"b\xe4r"):
            self.refused(2, "expected NAME or NAME:VERSION", "enqueue", path, "--model", os.fsdecode(name))
        self.refused(2, "UTF-8", "enqueue", path, "--run", os.fsdecode(b"b\xe4r"))
        self.refused(2, "UTF-8", "enqueue", path, "--expect", os.fsdecode(b"b\xe4r"))
        self.cli("enqueue", path, "--model", "nosuch:1.0", "--framework", "Caffe:1.0", "--backend", "carml", check=0)

    def test_a_model_whose_files_are_elsewhere_needs_a_server(self):
        path = self.write("l", "http://example.org/\n")
        text = (MODELS / "shapes.yml").read_text().replace("name: shapes", "name: far", 1)
        text = text.replace("graph_path: ", "graph_path: https://example.org/")
        text = text.replace("weights_path: ", "weights_path: https://example.org/")
        text = text.replace("features_url: ../labels/", "features_url: https://example.org/")
        self.assertIn("only a CarML server", self.cli("model", "add", self.write("far.yml", text), check=0).stderr)
        for backend in ("local", "auto"):
            self.refused(65, "https://example.org/shapes.prototxt is not on this machine", "enqueue", path,
                         "--model", "far", "--backend", backend)
        self.cli("enqueue", path, "--model", "far", "--backend", "carml", check=0)
        config = self.write("c.yml", "carml:\n  url: http://127.0.0.1:1\n")
        self.cli("--config", config, "enqueue", path, "--model", "far", check=0)

    def test_one_url_for_several_targets(self):
        path = self.write("l", "http://example.org/\n")
        done = self.cli("enqueue", path, "--model", "shapes", "--model", "x:1.0", "--framework", "Caffe:1.0", "--backend", "carml",
                        "--json", check=0)
        self.assertEqual(json.loads(done.stdout)["jobs"], 2)
        self.assertEqual(len(json.loads(self.cli("status", "--json", check=0).stdout)["progress"]), 2)

    def test_a_missing_list_is_an_io_error(self):
        self.refused(74, "none.txt", "enqueue", self.folder / "none.txt")


class Databases(Cli):
    def test_wrong_files_are_refused(self):
        self.write("test.db", b"\xff\xd8\xff\xe0 this is a picture " * 100)
        self.refused(65, "test.db", "status")
        os.unlink(self.database)
        with sqlite3.connect(self.database) as db:
            db.execute("CREATE TABLE other (x)")
        self.refused(65, "test.db", "enqueue", "-", input="http://example.org/\n")

    def test_a_newer_version_is_refused_and_untouched(self):
        self.cli("enqueue", "-", input="http://example.org/\n", check=0)
        # Closed before the file is read, because closing the file would drop SQLite's locks on it.
        db = sqlite3.connect(self.database)
        db.execute("PRAGMA user_version = 999")
        db.close()
        before = self.database.read_bytes()
        self.refused(65, "newer", "status")
        self.refused(65, "newer", "enqueue", "-", input="http://example.org/2\n")
        self.assertEqual(before, self.database.read_bytes())

    def test_reading_what_is_not_there_creates_nothing(self):
        done = self.cli("status")
        self.assertIn(done.returncode, (65, 74))
        self.assertFalse(self.database.exists())

    def test_an_unwritable_folder(self):
        done = lib.run("carmlbench", "--db", "/proc/nowhere/x.db", "enqueue", "-", input="http://example.org/\n", check=74)
        self.assertIn("/proc/nowhere", done.stderr)

    def test_a_full_disk_is_told_and_loses_nothing(self):
        script = ('mount -t tmpfs -o size=1m tmpfs "$1" && cd "$1" || exit 99\n'
                  '"$0" --db x.db enqueue - < ../few >&2 || exit 98\n'
                  '"$0" --db x.db enqueue ../many >&2\necho $?\n"$0" --db x.db fsck --json\n')
        self.write("few", "http://example.org/1.jpg\n")
        self.write("many", "".join(f"http://example.org/many/{i}.jpg\n" for i in range(60000)))
        (self.folder / "disk").mkdir()
        done = lib.run("/usr/bin/unshare", "--mount", "--", "sh", "-c", script, lib.binary("carmlbench"),
                       self.folder / "disk")
        if done.returncode in (1, 32, 99):
            self.skipTest(f"skipped: no file system may be mounted here: {done.stderr}")
        code, counts = done.stdout.split("\n", 1)
        self.assertEqual(code, "74", done.stderr)
        self.assertRegex(done.stderr, r"carmlbench: x.db: .*full; free some space")
        self.assertEqual(json.loads(counts)["problems"], 0)
        self.assertGreaterEqual(json.loads(counts)["pending"], 1)

    def test_an_unknown_run_is_the_answer_no(self):
        self.cli("enqueue", "-", input="http://example.org/\n", check=0)
        for command in ("status", "results", "report", "retry"):
            self.refused(1, "nosuch", command, "--run", "nosuch")

    def test_a_closed_pipe_is_no_crash(self):
        self.cli("enqueue", "-", input="".join(f"http://example.org/{i}\n" for i in range(10)), check=0)
        with open("/dev/full", "w") as full:
            done = lib.subprocess.run([lib.binary("carmlbench"), "--db", str(self.database), "status"], stdout=full,
                                      stderr=lib.subprocess.PIPE, text=True)
        self.assertEqual(done.returncode, 74)
        self.assertIn("standard output", done.stderr)


class Reading(Cli):
    def setUp(self):
        super().setUp()
        self.cli("enqueue", "-", "--run", "r1", input="n90000001_1\thttp://127.0.0.1:9/a.jpg\n", check=0)
        done = lib.run("carmlbenchd", "--db", self.database, "--once", check=0)
        self.stderr = done.stderr

    def test_status_report_results_fsck_and_retry_agree(self):
        status = json.loads(self.cli("status", "--json", check=0).stdout)
        self.assertEqual(status["total"]["failed"], 1)
        self.assertEqual(status["reasons"][0]["reason"], "address_refused")
        self.assertEqual([(t["model"], t["enqueued"], t["failed"]) for t in status["targets"]], [("shapes", 1, 1)])
        self.assertEqual((status["activity"], status["daemon"]), ([], False))
        self.assertIn("address_refused", self.cli("report", check=0).stdout)
        self.assertEqual(json.loads(self.cli("report", "--json", check=0).stdout)["failures"][0]["count"], 1)
        self.assertEqual(self.cli("results", "--format", "jsonl", check=0).stdout, "")
        self.assertEqual(self.cli("results", "--json", check=0).stdout, "[]\n")
        header = self.cli("results", "--format", "csv", check=0).stdout
        self.assertTrue(header.startswith("run,url,model,") and header.count("\n") == 1, header)
        self.assertIn("problems 0", self.cli("fsck", check=0).stdout)
        self.assertEqual(self.cli("retry", "--reason", "html", check=0).stdout, "retried 0\n")
        self.assertEqual(self.cli("retry", "--run", "r1", check=0).stdout, "retried 1\n")
        self.assertEqual(json.loads(self.cli("status", "--json", check=0).stdout)["total"]["pending"], 1)

    def test_rate_is_of_the_time_since_work_began(self):
        """A second after a thousand outcomes: whatever the machine makes of that second, no sixtieth of them."""
        self.cli("enqueue", "-", "--run", "r2", input="".join(f"http://127.0.0.1:9/{n}.jpg\n" for n in range(100)))
        with contextlib.closing(sqlite3.connect(self.database)) as db, db:
            db.execute("INSERT INTO throughput SELECT id, unixepoch() - 1, 900, 101 FROM run WHERE name = 'r2'")
        total = json.loads(self.cli("status", "--run", "r2", "--json", check=0).stdout)["total"]
        self.assertGreater(total["rate"], 1000 / 50)
        self.assertLessEqual(total["rate"], 1000)
        self.assertAlmostEqual(total["eta_seconds"], 100 / total["rate"], delta=0.6)

    def test_status_is_of_one_moment_whoever_writes_meanwhile(self):
        """Somebody adds to the accounting all the time; the rows still add up to the total."""
        over = threading.Event()

        def write():
            with contextlib.closing(sqlite3.connect(self.database, timeout=30, isolation_level=None)) as db:
                while not over.is_set():
                    db.execute("UPDATE tally SET enqueued = enqueued + 1, pending = pending + 1")

        writer = threading.Thread(target=write)
        writer.start()
        try:
            for _ in range(40):
                seen = json.loads(self.cli("status", "--json", check=0).stdout)
                self.assertEqual(sum(row["enqueued"] for row in seen["progress"]),
                                 seen["total"]["enqueued"])
        finally:
            over.set()
            writer.join()

    def test_watch_ends_when_nothing_is_pending(self):
        done = self.cli("status", "--watch", check=0)
        self.assertIn("100 %", done.stdout)
        self.assertNotIn("\x1b", done.stdout)
        done = self.cli("status", "--watch", "--json", check=0)
        self.assertEqual(json.loads(done.stdout)["failed"], 1)

    def test_watch_says_that_nobody_is_at_work(self):
        self.cli("retry", check=0)
        words = [lib.binary("carmlbench"), "--db", str(self.database), "status", "--watch"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as watch:
            self.assertEqual(watch.stderr.readline(), "note: no daemon is working on this database\n")
            self.assertIn("0/1", watch.stdout.readline())
            watch.terminate()
            self.assertEqual(watch.wait(lib.DEADLINE), 0)
            self.assertEqual(watch.stderr.read(), "")

    def test_watch_keeps_to_one_line_on_a_terminal(self):
        for columns, bar in ((80, True), (24, False)):
            output, code = on_terminal(columns, [lib.binary("carmlbench"), "--db", str(self.database), "status",
                                                 "--watch"])
            self.assertEqual(code, 0, output)
            self.assertEqual(output.count("\n"), 1, output)
            self.assertNotIn("\x1b", output)
            last = output.rstrip()
            self.assertIn("100 %", last)
            self.assertEqual("[####" in last, bar)
            self.assertLess(len(last), columns)

    def test_fsck_finds_planted_damage(self):
        with sqlite3.connect(self.database) as db:
            db.execute("UPDATE job SET state = (SELECT state FROM job LIMIT 1) + 0")
            db.execute("DELETE FROM failure")
        done = self.cli("fsck", check=1)
        self.assertIn("problem: ", done.stdout)
        self.assertNotEqual(json.loads(self.cli("fsck", "--json", check=1).stdout)["problems"], 0)


class Models(Cli):
    def test_list_show_add(self):
        self.assertIn("shapes", self.cli("model", "list", check=0).stdout)
        shown = json.loads(self.cli("model", "show", "shapes", "--json", check=0).stdout)
        self.assertEqual(shown["local"], "yes")
        text = (MODELS / "shapes.yml").read_text().replace("name: shapes", "name: mine", 1)
        for name in ("shapes.prototxt", "shapes.caffemodel"):
            (self.folder / name).write_bytes((MODELS / name).read_bytes())
        (self.folder / "labels").mkdir()
        text = text.replace("../labels/", "labels/")
        (self.folder / "labels" / "shapes.txt").write_bytes((lib.ROOT / "config/labels/shapes.txt").read_bytes())
        self.cli("model", "add", self.write("mine.yml", text), check=0)
        # What was added does not need the files it came from.
        for path in list(self.folder.glob("shapes.*")) + [self.folder / "labels" / "shapes.txt"]:
            path.unlink()
        self.assertIn("mine", self.cli("model", "list", check=0).stdout)
        # A copy in a folder that is searched later is not listed again.
        config = self.write("twice.yml", f"models: {{path: [{MODELS}, {MODELS}]}}\n")
        listed = self.cli("--config", config, "model", "list", "--json", check=0)
        names = [model["name"] for model in json.loads(listed.stdout)]
        self.assertEqual(sorted(names), ["mine", "shapes"])
        lib.run("draw", "--count", "1", "--seed", "5", self.folder, check=0)
        self.cli("classify", self.folder / "circle_001.jpg", "--model", "mine", check=0)

    def test_corrupt_parts_are_named(self):
        good = (MODELS / "shapes.yml").read_text()
        for name in ("shapes.prototxt", "shapes.caffemodel"):
            (self.folder / name).write_bytes((MODELS / name).read_bytes())
        labels = (lib.ROOT / "config/labels/shapes.txt").read_text().splitlines(True)
        (self.folder / "labels").mkdir()
        import re
        # Without checksums, so that each part is judged by itself.
        good = re.sub(r"(?m)^.*checksum:.*\n", "", good.replace("../labels/", "labels/"))
        manifest = self.write("m.yml", good)
        self.write("labels/shapes.txt", "".join(labels[:3]))
        self.refused(65, "label", "model", "add", manifest)
        self.write("labels/shapes.txt", "".join(labels))
        weights = (self.folder / "shapes.caffemodel").read_bytes()
        self.write("shapes.caffemodel", weights[:1000])
        self.refused(65, "shapes.caffemodel", "model", "add", manifest)
        self.write("shapes.caffemodel", weights)
        network = (self.folder / "shapes.prototxt").read_text()
        self.write("shapes.prototxt", network + "layer {")
        self.refused(65, "shapes.prototxt", "model", "add", manifest)
        self.write("shapes.prototxt", network)
        self.write("m.yml", good.replace("version:", "versoin:", 1))
        self.refused(65, "m.yml", "model", "add", manifest)
        self.refused(74, "nothing.yml", "model", "add", self.folder / "nothing.yml")
        self.refused(65, "no such model", "model", "show", "nosuch")


class Classify(Cli):
    def test_pictures_and_what_is_none(self):
        lib.run("draw", "--count", "1", "--seed", "5", self.folder, check=0)
        good = self.folder / "circle_001.jpg"
        done = self.cli("classify", good, "--model", "shapes", "--json", check=0)
        answer = json.loads(done.stdout)
        self.assertEqual(len(answer[0]["predictions"]), 3)
        self.assertEqual(answer[0]["predictions"][0]["label"], "circle")
        page = self.write("page.jpg", "<html>no</html>")
        done = self.refused(65, "page.jpg", "classify", page, good, "--model", "shapes")
        self.assertIn("circle", done.stdout)
        self.refused(74, "none.jpg", "classify", self.folder / "none.jpg", "--model", "shapes")
        self.refused(2, "--top", "classify", good, "--model", "shapes", "--top", "0")
        self.refused(65, "no such model", "classify", good, "--model", "nosuch")

    def test_squeezenet_gives_the_labels_of_real_caffe(self):
        zoo, images = lib.shared("zoo", "squeezenet_v1.0"), lib.shared("images")
        manifest = self.write("squeezenet.yml", f"""
name: SqueezeNet
framework: {{name: Caffe, version: "1.0"}}
version: "1.0"
inputs:
  - type: image
    parameters: {{element_type: float32, layout: CHW, color_mode: BGR, dimensions: [3, 227, 227],
                  mean: [123, 117, 104], scale: 1.0}}
output:
  type: feature
  parameters: {{features_url: {images}/synset_words.txt}}
model:
  graph_path: {zoo}/deploy.prototxt
  weights_path: {zoo}/squeezenet_v1.0.caffemodel
""")
        expected, name = {}, None
        for line in (images / "squeezenet_v1.0_top5.txt").read_text().splitlines():
            if not line.startswith(" "):
                name = line.split("  ")[0]
            else:
                index, probability = line.split()[:2]
                expected.setdefault(name, []).append((int(index), float(probability)))
        paths = [images / n for n in expected]
        done = self.cli("classify", *paths, "--model", manifest, "--top", "5", "--resize", "bilinear", "--json", check=0)
        worst = 0.0
        for answer in json.loads(done.stdout):
            got = {p["index"]: p["probability"] for p in answer["predictions"]}
            want = expected[os.path.basename(answer["image"])]
            self.assertEqual(answer["predictions"][0]["index"], want[0][0], answer["image"])
            worst = max([worst] + [abs(got.get(i, 0) - p) for i, p in want if i in got])
        print(f"largest difference to real Caffe: {worst:.6f}", flush=True)
        self.assertLess(worst, 0.002)
        clear = [images / n for n, want in expected.items() if want[0][1] > 0.75]
        done = self.cli("classify", *clear, "--model", manifest, "--json", check=0)
        for answer in json.loads(done.stdout):
            self.assertEqual(answer["predictions"][0]["index"], expected[os.path.basename(answer["image"])][0][0])


def npy(path, shape, values):
    header = "{'descr': '<f4', 'fortran_order': False, 'shape': %r, }" % (tuple(shape),)
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    path.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() +
                     struct.pack("<%df" % len(values), *values))


class Infer(Cli):
    def test_goldens_of_real_caffe_hold_layer_by_layer(self):
        check, zoo = lib.shared("zoo", "check_golden.py"), lib.shared("zoo")
        run = f"{lib.binary('carmlbench')} infer {{proto}},{{weights}} {{inputs}} --output {{output}} --layers all"
        done = lib.run("/usr/bin/python3", check, "--layers", "--run", run, zoo / "lenet", zoo / "cifar10_nin",
                       zoo / "squeezenet_v1.0", env={"PYTHONDONTWRITEBYTECODE": "1"}, timeout=600)
        print(done.stdout, flush=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_wrong_inputs_are_refused(self):
        model = f"{MODELS}/shapes.prototxt,{MODELS}/shapes.caffemodel"
        out, tensor = self.folder / "out.npz", self.folder / "in.npy"
        npy(tensor, (1, 3, 5, 5), [0.0] * 75)
        self.refused(65, "1x3x5x5", "infer", model, "--input", tensor, "--output", out)
        self.refused(65, "no such input", "infer", model, "--input", f"nothing={tensor}", "--output", out)
        self.refused(65, "in.npy", "infer", model, "--input", self.write("in.npy", "junk"), "--output", out)
        self.refused(2, "--output", "infer", model, "--input", tensor)
        self.refused(2, "--input", "infer", model, "--output", out)
        self.refused(65, "", "infer", f"{MODELS}/shapes.yml,{MODELS}/shapes.prototxt", "--input", tensor, "--output", out)
        self.assertFalse(out.exists())

    def test_the_model_is_not_written_over(self):
        tensor, net = self.folder / "in.npy", self.folder / "net.npz"
        npy(tensor, (1, 3, 32, 32), [0.0] * 3072)
        self.cli("convert", f"{MODELS}/shapes.prototxt,{MODELS}/shapes.caffemodel", "--to", "numpy", "-o", net, check=0)
        link, before = self.folder / "link.npz", net.read_bytes()
        link.hardlink_to(net)
        for out in (net, link, self.folder / "net.json"):
            self.refused(2, "file of the model", "infer", net, "--input", tensor, "--output", out)
        self.assertEqual(net.read_bytes(), before)


class Results(Cli):
    def test_all_formats_hold_the_same_row(self):
        root = self.folder / "www"
        root.mkdir()
        lib.run("draw", "--count", "1", "--seed", "5", root, check=0)
        web = self.start("webserver", "--port", "0", "--root", root)
        config = self.write("c.yml", "fetch: {allow_addresses: [127.0.0.0/8]}\n")
        self.cli("enqueue", "-", "--expect", "circle", input=f"{web.url}/ok/circle_001.jpg\n", check=0)
        lib.run("carmlbenchd", "--config", config, "--db", self.database, "--once", check=0)
        rows = list(csv.DictReader(io.StringIO(self.cli("results", "--format", "csv", check=0).stdout)))
        self.assertEqual(len(rows), 1)
        self.assertEqual(rows[0]["backend"], "local")
        line = json.loads(self.cli("results", "--format", "jsonl", check=0).stdout)
        self.assertEqual(line["image_sha256"], rows[0]["image_sha256"])
        self.assertIn("circle", line["label1"])
        self.assertIn("circle_001.jpg", self.cli("results", check=0).stdout)
        accuracy = json.loads(self.cli("report", "--json", check=0).stdout)["accuracy"]
        self.assertEqual((accuracy[0]["scoring"], accuracy[0]["images"]), ("substring", 1))


if __name__ == "__main__":
    lib.main()
