#!/usr/bin/python3
"""carmlbench labels: what is a kind of what, built in and out of WordNet."""
import json
import pathlib
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lib  # noqa: E402

sys.path.insert(0, str(lib.ROOT / "sql"))
import ilsvrc2012  # noqa: E402

WORDNET = pathlib.Path("/usr/share/wordnet/data.noun")
MIGRATION = lib.ROOT / "sql" / "migrations" / "003_ilsvrc2012.sql"
BEAR = "n02131653"


def wordnet():
    if not WORDNET.exists():
        raise unittest.SkipTest("skipped: wordnet-base is not installed")
    return WORDNET


class Labels(lib.Case):
    def setUp(self):
        super().setUp()
        self.database = self.folder / "test.db"
        self.cli("enqueue", "-", input="http://host.example/\n")

    def cli(self, *arguments, check=0, **more):
        return lib.run("carmlbench", "--db", self.database, *arguments, check=check, **more)

    def ask(self, query):
        with sqlite3.connect(self.database) as db:
            return db.execute(query).fetchall()

    def state(self):
        return self.ask("SELECT * FROM synset"), self.ask("SELECT * FROM isa")

    def refused(self, path, said):
        """One line, exit 65, and nothing has changed."""
        before = self.state()
        done = self.cli("labels", "import", path, check=65)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertIn(said, done.stderr)
        self.assertEqual(self.state(), before)

    def below(self, leaves):
        """Those of the leaves that are below the bear."""
        found = self.ask("WITH RECURSIVE up (leaf, wnid) AS (SELECT wnid, wnid FROM synset UNION SELECT up.leaf, "
                         f"isa.parent FROM up JOIN isa ON isa.child = up.wnid) SELECT leaf FROM up WHERE wnid = '{BEAR}'")
        return {wnid for (wnid,) in found} & {"n" + leaf for leaf in leaves}


class BuiltIn(Labels):
    def test_four_of_the_thousand_classes_are_bears(self):
        self.assertEqual(len(set(ilsvrc2012.LEAVES)), 1000)
        names = {name for (name,) in self.ask("SELECT name FROM synset WHERE wnid IN (%s)" % ",".join(
            f"'{wnid}'" for wnid in self.below(ilsvrc2012.LEAVES)))}
        self.assertEqual(names, {"brown bear", "American black bear", "ice bear", "sloth bear"})
        for wnid, name in (("n02509815", "lesser panda"), ("n02510455", "giant panda"), ("n01882714", "koala"),
                           ("n04399382", "teddy")):
            self.assertEqual(self.ask(f"SELECT name FROM synset WHERE wnid = '{wnid}'"), [(name,)])
        self.assertEqual(self.ask("SELECT count(*) FROM synset"), [(1860,)])

    def test_the_ids_are_those_of_the_challenge(self):
        listed = [line.split()[0] for line in lib.shared("images", "synset_words.txt").read_text().splitlines()]
        self.assertEqual(listed, ["n" + leaf for leaf in ilsvrc2012.LEAVES])

    def test_the_migration_is_what_its_script_makes_of_wordnet(self):
        made = subprocess.run([sys.executable, str(lib.ROOT / "sql" / "ilsvrc2012.py"), str(wordnet())],
                              capture_output=True, text=True, check=True).stdout
        self.assertEqual(made, MIGRATION.read_text())

    def test_show_tells_what_a_class_is(self):
        shown = self.cli("labels", "show", "n02132136").stdout.splitlines()
        self.assertEqual(shown[:2], ["n02132136  brown bear", "n02131653    bear"])
        self.assertEqual(shown[-1], "below 0")
        shown = json.loads(self.cli("labels", "show", BEAR, "--json").stdout)
        self.assertEqual(shown["synsets"][0], {"wnid": BEAR, "name": "bear", "distance": 0})
        self.assertEqual(shown["below"], 4)
        self.assertIn("no synset n99999999", self.cli("labels", "show", "n99999999", check=1).stderr)

    def test_a_name_cannot_reach_the_terminal(self):
        with sqlite3.connect(self.database) as db:
            db.execute("UPDATE synset SET name = 'a' || char(27) || '[2J' WHERE wnid = ?", (BEAR,))
        shown = self.cli("labels", "show", BEAR).stdout.splitlines()
        self.assertEqual(shown[0], BEAR + "  a?[2J")

    def test_an_unknown_synset_is_taken_and_told_in_one_line(self):
        for command, text in ((("enqueue", "-"), "http://host.example/a\nhttp://host.example/b\n"),
                              (("import", "-", "--as", "seed-top3", "--model", "m", "--framework", "f"),
                               "{Name:n99999999 x, Probability:1}\n")):
            done = self.cli(*command, "--synset", "n99999999", input=text)
            self.assertEqual(done.stderr.count("note: n99999999"), 1)
            self.assertNotIn("n99999999", self.cli(*command, "--synset", BEAR, input=text).stderr)
        self.assertEqual(self.ask("SELECT correct FROM accuracy WHERE scoring = 'isa'"), [(1,)])

    def test_usage(self):
        for words in ((), ("show",), ("list",), ("import", "a", "b")):
            self.assertIn("expected import", self.cli("labels", *words, check=2).stderr)


class WordNet(Labels):
    def test_importing_it_keeps_all_that_was_built_in(self):
        before = [set(rows) for rows in self.state()]
        for _ in range(2):
            done = self.cli("labels", "import", wordnet().parent)
            self.assertEqual(done.stdout, "synsets 82115\nhypernyms 84427\n")
        after = [set(rows) for rows in self.state()]
        self.assertEqual([len(rows) for rows in after], [82115, 84427])
        self.assertTrue(before[0] < after[0] and before[1] < after[1])
        self.assertEqual(len(self.below(ilsvrc2012.LEAVES)), 4)
        counts = json.loads(self.cli("labels", "import", WORDNET, "--json").stdout)
        self.assertEqual(counts, {"synsets": 82115, "hypernyms": 84427})

    def test_a_cut_or_edited_file_changes_nothing(self):
        data = wordnet().read_bytes()
        path = self.folder / "data.noun"
        lines = [i for i in (2131653, 2132136, 9_000_000, len(data) - 1, len(data) // 2, 5)]
        lines.append(data.rindex(b"\n", 0, len(data) - 1) + 1)  # without its last line
        for size in lines:
            path.write_bytes(data[:size])
            self.refused(path, str(path))
        bear = data.index(b"massive plantigrade")
        path.write_bytes(data[:bear] + b"very " + data[bear:])
        self.refused(path, ":11144: stands at byte")
        path.write_bytes(data.replace(b"@ 02131653 n", b"@ 02131654 n", 1))
        self.refused(path, "points to 02131654")

    def test_other_files_are_refused(self):
        wordnet()
        self.refused(WORDNET.parent / "data.verb", "not a noun")
        self.refused(WORDNET.parent / "index.noun", "no byte offset")
        self.assertIn("data.noun", self.cli("labels", "import", self.folder, check=74).stderr)


class OtherVersion(Labels):
    """A made-up WordNet of another version: its offsets are right, but they mean something else."""

    def noun(self, header, bear, kind):
        """A whole data.noun whose bear stands where 3.0 has its own, with one kind of it."""
        filler = ("  1 " + header + "\n").encode()
        filler += b"  " + b"." * (2131653 - len(filler) - 3) + b"\n"
        size = len(f"00000000 05 n 01 {bear} 0 001 ~ 00000000 n 0000 | \n")
        text = f"02131653 05 n 01 {bear} 0 001 ~ {2131653 + size:08} n 0000 | \n"
        text += f"{2131653 + size:08} 05 n 01 {kind} 0 001 @ 02131653 n 0000 | \n"
        path = self.folder / "data.noun"
        path.write_bytes(filler + text.encode())
        return path

    def test_its_version_is_told(self):
        self.refused(self.noun("WordNet 2.1 Copyright 2005", "deer", "elk"), "(its header says 2.1)")
        self.refused(self.noun("WordNet 3.1 Copyright 2011", "bear", "elk"), "(its header says 3.1)")
        self.refused(self.noun("WordNet 3.0 Copyright 2006", "deer", "elk"), "(its header says 3.0)")
        self.refused(self.noun("no version", "bear", "brown_bear"), "not WordNet 3.0, whose offsets are ImageNet's ids (no version in it)")


if __name__ == "__main__":
    lib.main()
