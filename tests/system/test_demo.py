#!/usr/bin/python3
"""The drawing program, and the demo as a newcomer runs it."""
import filecmp
import pathlib
import re
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lib  # noqa: E402


class Draw(lib.Case):
    def draw(self, name, *options):
        folder = self.folder / name
        folder.mkdir()
        return folder, lib.run("draw", *options, folder, check=0).stdout

    def test_same_seed_draws_the_same_files(self):
        one, list_one = self.draw("one", "--count", 3, "--seed", 8)
        two, list_two = self.draw("two", "--count", 3, "--seed", 8)
        names = sorted(path.name for path in one.iterdir())
        self.assertEqual(len(names), 30)
        self.assertEqual(list_one, list_two)
        self.assertEqual(filecmp.cmpfiles(one, two, names, shallow=False), (names, [], []))

    def test_another_seed_draws_other_files(self):
        one, _ = self.draw("one", "--count", 1, "--seed", 8)
        two, _ = self.draw("two", "--count", 1, "--seed", 9)
        names = [path.name for path in one.iterdir()]
        self.assertEqual(filecmp.cmpfiles(one, two, names, shallow=False)[0], [])

    def test_first_picks_up_where_a_smaller_count_ended(self):
        whole, _ = self.draw("whole", "--count", 4)
        part, _ = self.draw("part", "--count", 2, "--first", 3)
        names = sorted(path.name for path in part.iterdir())
        self.assertIn("heart_003.jpg", names)
        self.assertEqual(filecmp.cmpfiles(whole, part, names, shallow=False), (names, [], []))

    def test_list_has_synset_number_tab_and_file(self):
        folder, lines = self.draw("one", "--count", 2)
        for line in lines.splitlines():
            match = re.fullmatch(r"n900000(0[1-9]|10)_00[12]\t([a-z]+_00[12]\.jpg)", line)
            self.assertTrue(match, line)
            self.assertTrue((folder / match[2]).exists(), line)

    def test_wrong_command_lines_are_refused(self):
        for words in ([], ["--count", "x", self.folder], ["--count", -1, self.folder],
                      ["--seed", 1, self.folder, "more"], ["--what", self.folder],
                      ["--placeholder", self.folder / "a.jpg", self.folder]):
            done = lib.run("draw", *words, check=2)
            self.assertIn("usage: draw", done.stderr)

    def test_unwritable_folder_is_named(self):
        done = lib.run("draw", "--count", 1, self.folder / "missing", check=74)
        self.assertIn("missing/circle_001.jpg: cannot write", done.stderr)


class Demo(lib.Case):
    def test_every_url_ends_as_the_web_served_it(self):
        done = lib.run(lib.ROOT / "demo" / "demo.sh", check=0, cwd="/", timeout=240,
                       env={"BUILD": str(lib.BUILD), "TMPDIR": str(self.folder)})
        database = re.search(r"^(/\S+/demo\.db)$", done.stdout, re.M)
        self.assertTrue(database, done.stdout)
        for word in ("read 458", "added 456", "duplicate 1", "refused 1"):
            self.assertIn(word, done.stdout)

        def ask(query):
            return connection.execute(query).fetchall()

        connection = sqlite3.connect(f"file:{database[1]}?mode=ro", uri=True)
        self.addCleanup(connection.close)
        self.assertEqual(ask("SELECT model, framework, enqueued, pending, leased, done, failed"
                             " FROM progress ORDER BY framework"),
                         [("shapes", name, 456, 0, 0, 436, 20) for name in ("Caffe", "TensorFlow")])
        failed = dict(ask("SELECT reason, count(*) FROM failures"
                          " WHERE framework = 'Caffe' GROUP BY reason"))
        stalled = failed.pop("fetch_stalled", 0) + failed.pop("fetch_timeout", 0)
        self.assertEqual(stalled, 1)
        self.assertEqual(failed, {"http_not_found": 5, "html": 5, "truncated": 5,
                                  "connection_lost": 2, "empty": 1, "address_refused": 1})
        for query, count in (("placeholder", 20), ("http_status = 404", 5)):
            self.assertEqual(ask(f"SELECT framework, count(*) FROM results WHERE {query} GROUP BY 1"),
                             [("Caffe", count), ("TensorFlow", count)])
        scores = ask("SELECT images, placeholders, duplicates, accuracy FROM accuracy"
                     " WHERE scoring = 'isa'")
        self.assertEqual([row[:3] for row in scores], [(403, 20, 13)] * 2)
        self.assertGreaterEqual(min(row[3] for row in scores), 0.95)
        (pairs,) = ask("SELECT framework_a, framework_b, images, only_a, only_b, same_first,"
                       " max_abs_probability_difference < 1e-5 FROM comparison")
        self.assertEqual(pairs, ("Caffe", "TensorFlow", 403, 0, 0, 403, 1))
        self.assertIn("<h1", (pathlib.Path(database[1]).parent / "report.html").read_text())

        port = int((pathlib.Path(database[1]).parent / "port").read_text())
        with self.assertRaises(OSError):
            lib.http.client.HTTPConnection("127.0.0.1", port, timeout=5).connect()


if __name__ == "__main__":
    unittest.main()
