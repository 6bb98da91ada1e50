#!/usr/bin/python3
"""carmlbench import: results recorded elsewhere, line by line, and what the views make of them."""
import hashlib
import json
import pathlib
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lib  # noqa: E402

BEAR = "{Name:n02132136 brown bear, bruin, Probability:0.7}  {Name:n04399382 teddy, Probability:0.2}"
WHO = ("--as", "seed-top3", "--model", "AlexNet", "--framework", "Caffe:1.0")


class Import(lib.Case):
    def setUp(self):
        super().setUp()
        self.database = self.folder / "test.db"

    def cli(self, *arguments, check=0, **more):
        return lib.run("carmlbench", "--db", self.database, *arguments, check=check, **more)

    def write(self, data, name="results.txt"):
        path = self.folder / name
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    def bring(self, path, *more, who=WHO):
        return json.loads(self.cli("import", path, *who, "--json", *more).stdout)

    def ask(self, query):
        with sqlite3.connect(self.database) as db:
            return db.execute(query).fetchall()

    def holds(self):
        self.assertIn("problems 0", self.cli("fsck").stdout)


class Lines(Import):
    def test_every_nasty_line_is_taken_or_refused_by_its_number(self):
        lines = [
            ("\ufeff" + BEAR + "\r", True),
            ("", None),
            ("{Name:<> n02132136 brown bear, Probability:-1.5e-3}", True),
            ("{Name:}{,{ curly, Probability:12}  {Name:b, Probability:1}  {Name:c, Probability:0}", True),
            ("n02131653_7\thttp://host.example/a.jpg {Name:a, Probability:0.5}", True),
            ("{Name:a}", False),
            ("{Name:a, Probability:NaN}", False),
            ("{Name:a, Probability:Inf}", False),
            ("{Name:a, Probability:}", False),
            ("{Name:, Probability:1}", False),
            (BEAR + " and so on", False),
            (BEAR + BEAR, False),
            ("brown bear 0.7", False),
            ("ftp://host.example/a.jpg " + BEAR, False),
            ("{Name:" + "x" * 70000 + ", Probability:1}", False),
            ("{Name:a, Probability:0.1}{Name:b, Probability:0.9}", True),
            (" \t", None),
            ("{Name:<script>&\x1b[0m, Probability:0.5}", True),
        ]
        data = "\n".join(text for text, _ in lines).encode() + b"\n{Name:b\xe4r, Probability:1}"
        path = self.write(data)
        done = self.cli("import", path, *WHO, "--expect", "bear")
        refused = [i for i, (_, taken) in enumerate(lines, 1) if taken is False]
        self.assertEqual(done.stdout, f"read {7 + len(refused)}\nadded 7\nduplicate 0\nrefused {len(refused)}\n")
        for number in refused:
            self.assertIn(f"{path}:{number}: refused: ", done.stderr)
        self.assertEqual(done.stderr.count("refused: "), len(refused))
        self.assertEqual(done.stderr.count("note: "), 1)
        self.assertIn("note: 1 line is not sorted", done.stderr)
        self.assertNotIn("\x1b", done.stderr)
        name = hashlib.sha256(data).hexdigest()
        self.assertEqual(self.ask("SELECT label1, wnid1 FROM results WHERE label1 LIKE 'b_r'"), [("b\xe4r", None)])
        self.assertEqual(
            self.ask("SELECT url, detail FROM provenance ORDER BY rowid LIMIT 1"),
            [(f"seed-top3:{name[:16]}#1", f"imported from results.txt, SHA-256 {name}")])
        self.assertEqual(self.ask("SELECT count(*) FROM results WHERE url = 'http://host.example/a.jpg'"), [(1,)])
        self.holds()

    def test_a_file_twice_adds_nothing_and_two_files_do_not_collide(self):
        first, second = self.write(BEAR + "\n" + BEAR, "a"), self.write(BEAR, "b")
        self.assertEqual(self.bring(first)["added"], 2)
        self.assertEqual(self.bring(first), {"read": 2, "added": 0, "duplicate": 2, "refused": 0, "unordered": 0,
                                             "kept_expectations": 0})
        self.assertEqual(self.bring(second)["added"], 1)
        self.assertEqual(self.bring(first, "--run", "other")["added"], 2)
        self.holds()

    def test_the_id_before_a_url_is_what_is_expected(self):
        path = self.write(f"n02131653_7\thttp://host.example/a.jpg {BEAR}\n{BEAR}\n"
                          f"n04399382_7\thttp://host.example/b.jpg {BEAR}\n")
        self.bring(path)
        expected = "SELECT url, expected_wnid, correct FROM scores WHERE scoring = 'isa' ORDER BY url"
        self.assertEqual(self.ask(expected), [("http://host.example/a.jpg", "n02131653", 1),
                                              ("http://host.example/b.jpg", "n04399382", 0)])
        self.bring(path, "--run", "other", "--synset", "n02132136")
        self.assertEqual(self.ask("SELECT images, correct FROM accuracy WHERE run = 'other'"), [(3, 3)])
        self.holds()

    def test_what_a_url_expected_before_stands_and_is_told(self):
        path = self.write(BEAR + "\n" + BEAR.replace("0.7", "0.6") + "\n")
        self.assertEqual(self.bring(path, "--synset", "n02131653")["kept_expectations"], 0)
        other = ("--as", "seed-top3", "--model", "Other", "--framework", "Caffe")
        done = self.cli("import", path, *other, "--synset", "n02084071", "--expect", "dog")
        self.assertEqual(done.stderr, "note: 2 URLs keep their earlier expectation, which is another; a run of"
                                      " their own (--run) would take this one\n")
        self.assertEqual(self.bring(path, "--synset", "n02131653", "--expect", "cat")["kept_expectations"], 2)
        self.assertEqual(self.bring(path, "--synset", "n02131653", "--expect", "dog")["kept_expectations"], 0)
        self.assertEqual(self.bring(path)["kept_expectations"], 0)
        self.assertEqual(self.ask("SELECT DISTINCT expected_wnid, expected_text FROM scores"), [("n02131653", "dog")])
        for words, kept in (((), 1), (("--run", "new"), 0)):
            done = self.cli("enqueue", "-", "--model", "shapes", "--synset", "n02084071", "--json", *words,
                            input="http://host.example/1.jpg\n")
            done = self.cli("enqueue", "-", "--model", "shapes", "--synset", "n02131653", "--json", *words,
                            input="http://host.example/2.jpg\n" + "http://host.example/1.jpg\n" * kept)
            self.assertEqual(json.loads(done.stdout)["kept_expectations"], kept)
            self.assertEqual(done.stderr.count("note: 1 URL keeps its earlier expectation"), kept)
        self.holds()

    def test_a_pipe_gives_what_the_file_gives(self):
        path = self.write(BEAR + "\n" + BEAR)
        self.assertEqual(self.bring(path)["added"], 2)
        with open(path) as file:
            done = lib.subprocess.run([lib.binary("carmlbench"), "--db", str(self.database), "import", "-", *WHO],
                                      stdin=file, capture_output=True, text=True)
        self.assertEqual(done.stdout, "read 2\nadded 0\nduplicate 2\nrefused 0\n", done.stderr)
        piped = self.cli("import", "-", *WHO, input=path.read_text())
        self.assertEqual(piped.stdout, "read 2\nadded 0\nduplicate 2\nrefused 0\n")

    def test_what_is_no_such_file_is_refused(self):
        done = self.cli("import", self.write("http://host.example/\n" * 3), *WHO, check=65)
        self.assertIn("not one line is a result", done.stderr)
        self.cli("import", self.write(b""), *WHO, check=0)
        self.assertIn("cannot be read", self.cli("import", self.folder / "none", *WHO, check=74).stderr)
        self.assertIn("read error", self.cli("import", self.folder, *WHO, check=74).stderr)

    def test_what_is_missing_is_told(self):
        path = self.write(BEAR)
        for words, said in (((), "--as"), (("--as", "csv"), "--as"), (WHO[:4], "--framework"),
                            (WHO[:2] + WHO[4:], "--model"), ((*WHO, "--synset", "bear"), "--synset"),
                            ((*WHO, "--run", ""), "--run"), ((*WHO, "--expect", ""), "--expect"),
                            ((*WHO, "--model", ":1"), "--model")):
            self.assertIn(said, self.cli("import", path, *words, check=2).stderr)
        self.assertFalse(self.database.exists())

    def test_retry_and_the_daemon_leave_it_alone(self):
        self.bring(self.write(BEAR), "--expect", "bear")
        self.assertEqual(self.cli("retry").stdout, "retried 0\n")
        lib.run("carmlbenchd", "--db", self.database, "--once", check=0)
        status = json.loads(self.cli("status", "--json").stdout)
        self.assertEqual((status["total"]["done"], status["total"]["pending"]), (1, 0))
        self.assertIn("AlexNet", self.cli("report").stdout)
        self.assertIn("brown bear", self.cli("results").stdout)
        self.holds()

    def test_a_killed_import_is_finished_by_the_next(self):
        path = self.write("".join("{Name:n02132136 brown bear, Probability:%r}\n" % (i / 2e5) for i in range(100000)))
        process = lib.Process("carmlbench", "--db", self.database, "import", path, *WHO)
        self.addCleanup(process.kill)
        done = 0
        while not done and process.process.poll() is None:
            try:
                with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as db:
                    done = db.execute("SELECT sum(done) FROM progress").fetchone()[0]
            except sqlite3.Error:  # not there yet, or not a database yet
                pass
        process.kill()
        self.holds()
        counts = self.bring(path)
        self.assertEqual(counts["added"] + counts["duplicate"], 100000)
        self.assertGreaterEqual(counts["duplicate"], 20000)
        self.assertEqual(self.ask("SELECT done FROM progress"), [(100000,)])
        self.holds()


class Seed(Import):
    """Table 1 of the report of 2017, out of its own result lines."""

    # n, seed accuracy and probability, to the third digit
    TABLE = {("AlexNet", "caffe"): (4081, 0.820, 0.677), ("GoogleNet", "caffe"): (4080, 0.877, 0.783),
             ("ResNet152-v1", "caffe"): (3089, 0.877, 0.832), ("AlexNet", "tensorflow"): (884, 0.804, 0.688)}

    def setUp(self):
        super().setUp()
        for model, framework in self.TABLE:
            path = lib.shared("seed-data", framework, model + ".txt")
            who = ("--as", "seed-top3", "--model", model, "--framework", framework)
            counts = self.bring(path, "--expect", "bear", "--synset", "n02131653", who=who)
            self.assertEqual(counts["added"], counts["read"])
        self.rows = {row[:3]: row[3:] for row in self.ask(
            "SELECT model, framework, scoring, images, accuracy, mean_probability, placeholders FROM accuracy")}

    def test_the_table_comes_out_as_it_was_printed(self):
        for key, (images, accuracy, probability) in self.TABLE.items():
            row = self.rows[(*key, "seed")]
            self.assertEqual(row[0], images, key)
            self.assertLess(abs(row[1] - accuracy), 0.00051, key)
            self.assertLess(abs(row[2] - probability), 0.00051, key)

    def test_honest_scoring_knows_the_placeholder_by_itself(self):
        images, accuracy, probability, placeholders = self.rows[("AlexNet", "caffe", "substring")]
        self.assertEqual((images, placeholders), (4081, 684))
        self.assertEqual((round(accuracy, 3), round(probability, 3)), (0.820, 0.654))

    def test_four_labels_are_bears(self):
        images, accuracy, _, placeholders = self.rows[("AlexNet", "caffe", "isa")]
        self.assertEqual((images, placeholders, round(accuracy, 3)), (4081, 684, 0.803))
        labels = dict(self.ask("SELECT url, label1 FROM results WHERE model = 'AlexNet' AND framework = 'caffe'"))
        right = {labels[url] for (url,) in self.ask(
            "SELECT url FROM scores WHERE scoring = 'isa' AND correct AND model = 'AlexNet' AND framework = 'caffe'")}
        self.assertEqual({label.split(",")[0] for label in right},
                         {"brown bear", "American black bear", "ice bear", "sloth bear"})
        self.assertIn("teddy, teddy bear", set(labels.values()) - right)


if __name__ == "__main__":
    lib.main()
