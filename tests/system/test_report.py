#!/usr/bin/python3
"""carmlbench report and results on real runs: what they show, what they hold, what they bear."""
import csv
import html
import io
import json
import os
import pathlib
import re
import shutil
import sqlite3
import sys
import tempfile

import jsonschema

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import daemon_lib  # noqa: E402
import lib  # noqa: E402
from test_cli import on_terminal  # noqa: E402

SCHEMA = json.loads((lib.ROOT / "tests" / "data" / "report.schema.json").read_text())
MODELS = lib.ROOT / "config" / "models"
BARE = re.compile(r"\bnan\b|\binf\b|-0\.0+\b", re.I)


class Case(daemon_lib.Case):
    """A run of pictures with a model and its conversion, made once; each test works on a copy."""
    made = None

    @classmethod
    def tearDownClass(cls):
        if cls.made:
            shutil.rmtree(cls.made)
            cls.made = None

    def setUp(self):
        super().setUp()
        self.configure(defaults={"models": ["shapes"]}, models={"path": [str(MODELS)]})
        if not Case.made:
            Case.made = pathlib.Path(tempfile.mkdtemp(prefix="carmlbench-"))
            self.addClassCleanup(shutil.rmtree, Case.made, ignore_errors=True)
            self.addClassCleanup(setattr, Case, "made", None)
            self.make()
            self.backup(self.database, Case.made / "bench.db")
        else:
            self.backup(Case.made / "bench.db", self.database)

    def backup(self, source, to):
        with sqlite3.connect(source) as one, sqlite3.connect(to) as other:
            one.backup(other)

    def make(self):
        """Run "both": by Caffe and TensorFlow, expected by synset and by text; one URL is gone."""
        self.cli("convert", "shapes", "--to", "tensorflow", "-o", "X")
        self.cli("model", "add", "X.yml")
        lines = "".join(f"n9000000{n % 3 + 1}_1\t{self.web.url}/ok/{name}\n"
                        for n, name in enumerate(self.pictures[:8]))
        lib.run("carmlbench", "--config", self.config, "enqueue", "-", "--run", "both", "--expect",
                "circle", "--framework", "Caffe", "--framework", "TensorFlow",
                input=lines + f"{self.web.url}/status/404\n", check=0)
        self.once()

    def cli(self, *arguments, check=0, **more):
        return lib.run("carmlbench", "--config", self.config, *arguments, check=check,
                       cwd=self.folder, **more)

    def report(self, *arguments, check=0, columns=100):
        text = self.cli("report", *arguments, check=check, env={"COLUMNS": str(columns)}).stdout
        self.assertNotRegex(text, BARE)
        self.assertNotIn("\033", text)
        return text

    def json(self, *arguments, check=0):
        value = json.loads(self.cli("report", "--json", *arguments, check=check).stdout)
        jsonschema.validate(value, SCHEMA)
        return value

    def change(self, *statements):
        """What no daemon would write: the worst that another one could have."""
        with sqlite3.connect(self.database) as db:
            db.execute("PRAGMA foreign_keys = OFF")
            for statement in statements:
                db.execute(statement)

    def empty(self):
        self.database.unlink()
        self.cli("enqueue", "-", input="http://host.example/1.jpg\n")

    def refused(self, code, said, *arguments):
        done = self.cli("report", *arguments, check=code)
        lines = done.stderr.splitlines()
        self.assertEqual(len(lines), 1, done.stderr)
        self.assertTrue(lines[0].startswith("carmlbench: "), lines)
        self.assertIn(said, lines[0])
        return done


class Text(Case):
    def test_it_has_its_parts_in_order(self):
        text = self.report()
        titles = ["Run both: 18 jobs (16 answered, 2 failed, 0 open)", "Accuracy (scored by isa)",
                  "Left out of these numbers", "Failed jobs", "Comparison of two answers"]
        self.assertEqual(sorted(titles, key=text.index), titles)
        self.assertRegex(text, r"\n +Caffe +TensorFlow\n")
        self.assertRegex(text, r"\nshapes +8 +\d\.\d{3} +\[\d\.\d{3}, \d\.\d{3}\]")
        self.assertRegex(text, r"http_not_found +2 +11\.1 % +404 or 410 without a picture\n")
        self.assertIn("no discordant pictures", text)

    def test_lines_keep_to_the_terminal(self):
        words = [lib.binary("carmlbench"), "--config", str(self.config), "report"]
        for columns in (40, 80, 120):
            text, code = on_terminal(columns, ["/usr/bin/env", "TERM=xterm", "NO_COLOR=1", *words])
            self.assertEqual(code, 0)
            self.assertNotIn("\033", text)
            self.assertLessEqual(max(map(len, text.splitlines())), columns)
        text, _ = on_terminal(120, ["/usr/bin/env", "-u", "NO_COLOR", "TERM=xterm", *words])
        self.assertIn("\033[1mAccuracy", text)
        text, _ = on_terminal(120, ["/usr/bin/env", "-u", "NO_COLOR", "TERM=dumb", *words])
        self.assertNotIn("\033", text)

    def test_filters_narrow_what_is_shown(self):
        text = self.report("--framework", "caffe")
        self.assertNotIn("TensorFlow", text)
        self.assertNotIn("Comparison", text)
        self.assertIn("Failed jobs (of the whole run)", text)
        value = self.json("--model", "shapes", "--framework", "TensorFlow")
        self.assertEqual([row["framework"] for row in value["accuracy"]], ["TensorFlow"])
        self.assertEqual(value["options"]["models"], ["shapes"])
        done = self.cli("report", "--model", "nosuch")
        self.assertIn("Nothing to score", done.stdout)
        self.assertEqual(done.stderr, "note: --model nosuch: nothing that it answered was scored"
                                      " or compared\n")

    def test_scoring_falls_back_only_when_none_was_asked_for(self):
        self.change("UPDATE item SET expectation_id = (SELECT id FROM expectation"
                    " WHERE wnid IS NULL)")
        done = self.cli("report")
        self.assertEqual(done.stderr,
                         "note: no answered URL has an expected synset; scored by substring\n")
        self.assertIn("Accuracy (scored by substring)", done.stdout)
        done = self.cli("report", "--score", "isa")
        self.assertEqual(done.stderr, "")
        self.assertIn("Nothing to score: no answered URL has an expected synset", done.stdout)

    def test_beside_the_seeds_numbers_stand_the_others(self):
        text = self.report("--score", "seed", columns=120)
        self.assertRegex(text, r"\nmodel +n +seed +substring +isa +n +seed +substring +isa\n"
                               r"shapes +8 +\d\.\d{3}/\d\.\d{3} ")
        value = self.json("--score", "seed")
        self.assertEqual({row["scoring"] for row in value["accuracy"]}, {"seed"})
        self.assertEqual([row["scoring"] for row in value["beside"]],
                         ["substring", "substring", "isa", "isa"])


class Seed(lib.Case):
    def test_the_seeds_table_1_comes_out_and_the_honest_numbers_beside_it(self):
        data, database = lib.shared("seed-data"), self.folder / "seed.db"
        for name, model, framework in (("caffe/AlexNet", "AlexNet", "Caffe"),
                                       ("caffe/GoogleNet", "GoogLeNet", "Caffe"),
                                       ("caffe/ResNet152-v1", "ResNet152", "Caffe"),
                                       ("tensorflow/AlexNet", "AlexNet", "TensorFlow")):
            lib.run("carmlbench", "--db", database, "import", data / f"{name}.txt", "--as",
                    "seed-top3", "--model", model, "--framework", framework, "--run", "bears",
                    "--expect", "bear", "--synset", "n02131653", check=0)
        text = lib.run("carmlbench", "--db", database, "report", "--score", "seed", check=0,
                       env={"COLUMNS": "110"}).stdout
        self.assertRegex(text, r"\nAlexNet +4081 +0\.820/0\.677 +0\.820/0\.654 +0\.803/0\.705 +"
                               r"884 +0\.804/0\.688 ")
        self.assertRegex(text, r"\nGoogLeNet +4080 +0\.877/0\.783 ")
        self.assertRegex(text, r"\nResNet152 +3089 +0\.877/0\.832 ")


class Json(Case):
    def test_it_has_the_rows_of_the_views(self):
        value = self.json("--run", "both")
        self.assertEqual(value["run"], "both")
        for part, view, where in (("accuracy", "accuracy", "scoring = 'isa'"),
                                  ("comparison", "comparison", "scoring = 'isa'"),
                                  ("agreement", "agreement", "images > 0"),
                                  ("latency", "latency", "1"),
                                  ("calibration", "calibration", "scoring = 'isa'")):
            with sqlite3.connect(self.database) as db:
                db.row_factory = sqlite3.Row
                rows = [dict(row) for row in db.execute(f"SELECT * FROM {view} WHERE {where}")]
            self.assertEqual(len(value[part]), len(rows), part)
            for row in rows:
                self.assertTrue(any(row.items() <= shown.items() for shown in value[part]),
                                f"{row} is not in {value[part]}")

    def test_included_duplicates_count(self):
        self.change("UPDATE result SET image_id = 1", "UPDATE image SET urls = 8 WHERE id = 1",
                    "UPDATE item SET image_id = 1 WHERE image_id IS NOT NULL")
        count = [row["images"] for row in self.json()["accuracy"]]
        self.assertEqual(count, [1, 1])
        value = self.json("--include", "duplicates")
        self.assertEqual([row["images"] for row in value["accuracy"]], [8, 8])
        self.assertTrue(value["options"]["include_duplicates"])
        self.assertIn("Duplicates count", self.report("--include", "duplicates"))
        self.change("UPDATE image SET urls = 100 WHERE id = 1")
        text = self.report()
        self.assertRegex(text, r"Caffe +8 +0\n")
        self.assertEqual([row["images"] for row in
                          self.json("--include", "placeholders", "--include",
                                    "duplicates")["accuracy"]], [8, 8])


class Html(Case):
    def test_the_page_stands_in_for_the_text(self):
        page = self.folder / "page.html"
        done = self.cli("report", "--html", page)
        self.assertEqual((done.stdout, done.stderr), ("", f"wrote {page}\n"))
        self.assertIn("</html>", page.read_text())
        done = self.cli("report", "--html", page, "--json", "--require", "images>=9", check=1)
        jsonschema.validate(json.loads(done.stdout), SCHEMA)
        self.assertEqual(done.stderr.count("\n"), 3, done.stderr)

    def test_a_dash_is_standard_output(self):
        done = self.cli("report", "--html", "-")
        self.assertTrue(done.stdout.startswith("<!doctype html>") and done.stdout.endswith("</html>\n"))
        self.assertEqual(done.stderr, "")
        self.refused(2, "--html -", "--html", "-", "--json")

    def test_a_page_that_cannot_be_written_is_told(self):
        done = self.refused(74, "page.html", "--html", self.folder / "none" / "page.html")
        self.assertEqual(done.stdout, "")


class Notes(lib.Case):
    """What a reader has to know of each model: of results that were imported."""

    def setUp(self):
        super().setUp()
        self.database = self.folder / "test.db"

    def cli(self, *arguments, check=0, **more):
        return lib.run("carmlbench", "--db", self.database, *arguments, check=check, **more)

    def bring(self, model, lines, *more):
        path = self.folder / "answers.txt"
        path.write_text("".join(line + "\n" for line in lines))
        return self.cli("import", path, "--as", "seed-top3", "--model", model, "--framework", "Caffe",
                        *more)

    def notes(self, *arguments):
        """The same in the object, the text and the page."""
        value = json.loads(self.cli("report", "--json", *arguments).stdout)
        jsonschema.validate(value, SCHEMA)
        text = re.sub(r"\s+", " ", self.cli("report", *arguments).stdout)
        page = html.unescape(self.cli("report", "--html", "-", *arguments).stdout)
        for note in value["notes"]:
            self.assertIn(note, text)
            self.assertIn(note, page)
        self.value = value
        return value["notes"]

    def test_answers_that_isa_cannot_judge_are_told_for_each_model(self):
        bear = "{Name:n02132136 brown bear, Probability:0.%d}"
        self.bring("All", [bear % n for n in range(1, 4)], "--synset", "n02131653")
        self.assertEqual(self.notes(), ["Only one target has answered: there is nothing to compare "
                                        "it with."])
        self.bring("Fine", ["{Name:n02132580 Kodiak, Probability:0.9}",
                            "{Name:n02133704 cinnamon bear, Probability:0.7}", bear % 6],
                   "--synset", "n02131653")
        self.bring("Plain", ["{Name:brown bear, Probability:0.9}"], "--synset", "n02131653")
        fine, plain = self.notes()[:2]
        self.assertIn("Fine by Caffe: answers whose synset the table of WordNet does not know, which "
                      "isa takes for wrong: 2 of 3;", fine)
        self.assertIn("carmlbench labels import", fine)
        self.assertIn("Plain by Caffe: answers without a synset id, which isa takes for wrong: 1 of "
                      "1;", plain)
        self.assertIn("--score substring", plain)
        rows = {row["model"]: (row["unnamed"], row["unknown"]) for row in self.value["accuracy"]}
        self.assertEqual(rows, {"All": (0, 0), "Fine": (0, 2), "Plain": (1, 0)})

    def test_they_are_about_what_is_shown(self):
        for model, equal in (("One", 11), ("Two", 12)):
            self.bring(model, ["{Name:n02132136 brown bear, Probability:1}"] * equal +
                       ["{Name:n02132136 brown bear, Probability:0.5}"], "--synset", "n02131653")
        said = " equal imported answers, taken for a placeholder's, are left out; --include " \
            "placeholders counts them."
        self.assertEqual(self.notes()[0], "23" + said)
        self.assertEqual(self.notes("--model", "Two")[0], "12" + said)
        self.assertEqual(self.notes("--model", "Two")[1:],
                         ["Only one target is shown: there is nothing to compare it with."])
        self.assertEqual([row["placeholders"] for row in self.value["accuracy"]], [12])
        self.assertEqual(self.notes("--model", "None"), [])
        self.assertIn("many equal imported answers", re.sub(r"\s+", " ", self.cli("report").stdout))
        self.notes("--include", "placeholders")
        self.assertEqual([row["images"] for row in self.value["accuracy"]], [12, 13])

    def test_beside_the_seeds_numbers_they_are_told_too(self):
        self.bring("Plain", ["{Name:brown bear, Probability:0.9}"], "--synset", "n02131653",
                   "--expect", "bear")
        self.assertIn("Plain by Caffe: answers without a synset id", " ".join(self.notes("--score", "seed")))
        self.assertNotIn("synset", " ".join(self.notes("--score", "substring")))

    def test_an_expectation_that_is_met_by_its_own_id_needs_no_table(self):
        self.bring("Own", ["{Name:n90000001 one, Probability:0.9}",
                           "{Name:n90000002 two, Probability:0.9}"], "--synset", "n90000001")
        self.assertNotIn("table of WordNet", " ".join(self.notes()))


class Require(Case):
    def test_exit_codes_and_lines(self):
        self.assertEqual(self.cli("report", "--require", "discordant==0,same_first>=100%",
                                  "--require", "failed<=0.2").stderr, "")
        done = self.cli("report", "--require", "failed<1%", "--require", "images>=9", check=1)
        self.assertEqual(done.stderr.splitlines(), [
            "carmlbench: report: failed<1% does not hold: run both: failed is 0.1111111111111111",
            "carmlbench: report: images>=9 does not hold: shapes, Caffe: images is 8",
            "carmlbench: report: images>=9 does not hold: shapes, TensorFlow: images is 8"])
        self.assertIn("Accuracy", done.stdout)
        self.assertEqual(self.cli("report", "--framework", "Caffe", "--require", "images>=9",
                                  check=1).stderr.count("\n"), 1)

    def test_nothing_to_check_does_not_hold(self):
        done = self.cli("report", "--model", "nosuch", "--require", "accuracy>=0", check=1)
        self.assertIn("there is nothing to check", done.stderr)

    def test_calibration_is_read_when_it_is_required(self):
        self.cli("report", "--require", "ece<=1")

    def test_usage(self):
        self.refused(2, "did you mean accuracy?", "--require", "acuracy>=0.8")
        self.refused(2, "expected METRIC OP NUMBER", "--require", "accuracy=0.8")
        self.refused(2, "expected isa, substring or seed", "--score", "top5")
        self.refused(2, "expected placeholders or duplicates", "--include", "all")
        self.refused(2, "too many", "both")

    def test_json_tells_how_each_came_out(self):
        value = self.json("--require", "images>=8,images>=9,discordant==0,failed<1", check=1)
        self.assertEqual([(r["expression"], r["holds"]) for r in value["requirements"]],
                         [("images>=8", True), ("images>=9", False), ("discordant==0", True),
                          ("failed<1", True)])
        self.assertEqual([row["value"] for row in value["requirements"][1]["rows"]], [8, 8])


class Bad(Case):
    def test_a_database_without_a_run(self):
        self.empty()
        self.change("DELETE FROM job", "DELETE FROM item", "DELETE FROM tally", "DELETE FROM run")
        self.assertEqual(self.report(), "There is no run yet; carmlbench enqueue makes one.\n")
        value = self.json()
        self.assertEqual([value["runs"], value["accuracy"], value["comparison"]], [[], [], []])
        self.cli("report", "--require", "accuracy>=0", check=1)

    def test_no_database_and_no_such_run(self):
        self.refused(1, "nosuch", "--run", "nosuch")
        self.refused(1, "nosuch", "--run", "nosuch", "--json")
        self.database.unlink()
        done = self.cli("report", check=74)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_nothing_answered_yet(self):
        self.empty()
        text = self.report()
        self.assertIn("no picture was answered yet", text)
        self.assertIn("Failed jobs\n\nNone.\n", text)
        self.json()

    def test_all_failed(self):
        self.database.unlink()
        self.enqueue(["/status/404", "/status/410"], "--expect", "bear")
        self.once()
        text = self.report()
        self.assertIn("Nothing to score: no picture was answered.\n", text)
        self.assertRegex(text, r"http_not_found +2 +100\.0 %")
        self.assertEqual(len(self.json()["failures"]), 1)
        self.cli("report", "--require", "failed<100%", check=1)

    def test_one_framework_is_compared_with_nothing(self):
        self.database.unlink()
        self.enqueue([f"/ok/{self.pictures[0]}"], "--framework", "Caffe", "--expect", "a")
        self.once()
        self.assertNotIn("Comparison", self.report())
        self.assertEqual(self.json()["comparison"], [])

    def test_all_the_same_or_nothing_right(self):
        self.change("UPDATE item SET expectation_id = 1",
                    "UPDATE result SET label1 = 1, probability1 = 1.0")
        for wnid in ("(SELECT wnid FROM label WHERE id = 1)", "'n99999999'"):
            self.change(f"UPDATE expectation SET wnid = {wnid}, text = 'no such words'"
                        " WHERE id = 1")
            self.report()
            self.report("--score", "substring")
            self.json()
            self.json("--score", "seed")

    def test_probabilities_that_are_none(self):
        self.change("UPDATE result SET probability1 = -0.25, probability2 = NULL, label2 = NULL,"
                    " class2 = NULL, probability3 = NULL, label3 = NULL, class3 = NULL"
                    " WHERE item_id = 1")
        text = self.report("--require", "ece<=1")
        self.assertRegex(text, r"\nmodel +framework +ECE +unusable\nshapes +Caffe +\d\.\d{3} +1\n")
        self.change("UPDATE result SET probability1 = -0.25")
        done = self.cli("report", "--require", "ece<1", check=1)
        self.assertIn("shapes, Caffe: ece is not known\n", done.stderr)
        self.assertNotRegex(done.stdout, BARE)
        for scoring in ("isa", "substring", "seed"):
            self.json("--score", scoring)
            self.report("--score", scoring)

    def test_labels_of_strangers(self):
        nasty = "<script>alert(1)</script>\x1b]0;x\x07\u202egnp\u2066,\"\n=1+1\u7186"
        with sqlite3.connect(self.database) as db:
            db.execute("UPDATE label SET name = name || ?", (nasty,))
            db.execute("UPDATE target SET model = ?", (nasty,))
            db.execute("UPDATE run SET name = ?", (nasty,))
        for arguments in (["report"], ["results"], ["report", "--require", "images>99"]):
            done = self.cli(*arguments, check=1 if "--require" in arguments else 0)
            for text in (done.stdout, done.stderr):
                self.assertNotRegex(text, "[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
        self.assertEqual(self.json()["runs"][0]["run"], nasty)
        rows = list(csv.DictReader(io.StringIO(
            self.cli("results", "--format", "csv").stdout.replace("\r", "\\r"), newline="")))
        self.assertEqual(len(rows), 16)
        self.assertTrue(all(row["label1"].endswith(nasty) and row["run"] == nasty for row in rows))
        for line in self.cli("results", "--format", "jsonl").stdout.splitlines():
            self.assertTrue(json.loads(line)["label1"].endswith(nasty))

    def test_a_reader_that_leaves_is_no_crash(self):
        for arguments in (["report"], ["report", "--json"], ["results", "--format", "csv"]):
            read, write = os.pipe()
            os.close(read)
            done = lib.subprocess.run(
                [lib.binary("carmlbench"), "--config", str(self.config), *arguments], stdout=write,
                stderr=lib.subprocess.PIPE, text=True)
            os.close(write)
            self.assertEqual(done.returncode, 74)
            self.assertRegex(done.stderr, r"^carmlbench: standard output: .*\n$")


if __name__ == "__main__":
    lib.main()
