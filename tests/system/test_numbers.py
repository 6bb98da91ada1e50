#!/usr/bin/python3
"""The numbers of the views and of the report, computed once more with Python's integers and fractions."""
import collections
import fractions
import hashlib
import json
import math
import pathlib
import random
import re
import sqlite3
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lib  # noqa: E402

Z = 1.959963984540054
FRAMEWORKS = ["Caffe", "MXNet", "TensorFlow"]
LABELS = ["brown bear", "ice bear, polar bear", "teddy, teddy bear", "mop", "envelope", "BEARskin"]
EXPECTED = [("n00000001", "bear"), ("n00000002", None), (None, "mop")]


# ---- the formulas, as their papers have them ------------------------------------------------------

def wilson(correct, images):
    p, n = correct / images, images
    middle, half = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    return max(0.0, (middle - half) / (1 + Z * Z / n)), min(1.0, (middle + half) / (1 + Z * Z / n))


def newcombe(e, f, g, h):
    """Method 10 of the paper, in its letters: both, only a, only b, neither."""
    n = e + f + g + h
    difference = (f - g) / n
    (l2, u2), (l3, u3) = wilson(e + f, n), wilson(e + g, n)
    dl2, du2 = (e + f) / n - l2, u2 - (e + f) / n
    dl3, du3 = (e + g) / n - l3, u3 - (e + g) / n
    a, b = (e + f) * (g + h) * (e + g) * (f + h), e * h - f * g
    c = b - n / 2 if b > n / 2 else 0 if b >= 0 else b
    phi = c / math.sqrt(a) if a else 0
    return (difference - math.sqrt(max(0, dl2 ** 2 - 2 * phi * dl2 * du3 + du3 ** 2)),
            difference + math.sqrt(max(0, du2 ** 2 - 2 * phi * du2 * dl3 + dl3 ** 2)))


def mcnemar(only_a, only_b):
    """Twice the smaller tail of the binomial, in integers."""
    n, k = only_a + only_b, min(only_a, only_b)
    term = mass = 1
    for i in range(k):
        term = term * (n - i) // (i + 1)
        mass += term
    return min(fractions.Fraction(1), fractions.Fraction(2 * mass, 2 ** n))


def holm(values):
    """{key: p} becomes {key: corrected p}."""
    corrected, worst = {}, 0.0
    for place, key in enumerate(sorted(values, key=lambda key: values[key])):
        worst = max(worst, min(1.0, float(values[key]) * (len(values) - place)))
        corrected[key] = worst
    return corrected


# ---- databases -----------------------------------------------------------------------------------

class Case(lib.Case):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "bench.db"
        lib.run("carmlbench", "--db", self.path, "enqueue", "-", "--run", "none", input="", check=0)
        self.db = sqlite3.connect(self.path)
        self.addCleanup(self.db.close)
        self.db.row_factory = sqlite3.Row
        for table in ("tally", "run", "target", "synset", "isa"):
            self.db.execute("DELETE FROM " + table)
        self.db.execute("INSERT INTO producer VALUES (1, 'local', 'engine', '', '', '')")
        self.runs = 0

    def target(self, number, model="net", framework=None, backend="auto", versions=("", "")):
        self.db.execute("INSERT INTO target VALUES (?, ?, ?, ?, ?, ?)",
                        (number, model, versions[0], framework or FRAMEWORKS[number - 1], versions[1], backend))

    def run_of(self, name):
        self.runs += 1
        self.db.execute("INSERT INTO run (id, name, created_ms) VALUES (?, ?, 0)", (self.runs, name))
        return self.runs

    def labels(self, labels):
        for number, (wnid, name) in enumerate(labels, 1):
            self.db.execute("INSERT INTO label (id, line, wnid, name, class_id) VALUES (?, ?, ?, ?, ?)",
                            (number, f"{wnid or ''} {name}", wnid, name, number))

    def picture(self, run, number, urls=1, listed=0):
        sha256 = hashlib.sha256(b"%d" % number).hexdigest()
        return self.db.execute("INSERT INTO image (run_id, sha256, kind, bytes, width, height, urls, listed) "
                               "VALUES (?, ?, 'jpeg', 1, 1, 1, ?, ?)", (run, sha256, urls, listed)).lastrowid

    def item(self, run, number, picture, expectation):
        return self.db.execute("INSERT INTO item (run_id, url, image_id, expectation_id) VALUES (?, ?, ?, ?)",
                               (run, f"http://host.example/{number}.jpg", picture, expectation)).lastrowid

    def answer(self, item, target, picture, entries, times=(1.0, 1.0, 1.0), producer=1):
        """entries: label number and probability, up to three."""
        flat = [value for label, probability in entries for value in (label, label, probability)]
        self.db.execute("INSERT INTO job VALUES (?, ?, 2, 1, 1, 0, NULL)", (item, target))
        self.db.execute("INSERT INTO result VALUES (?, ?, 1, ?, ?, 'local', 200, NULL, ?, ?, ?, 0, %s)"
                        % ", ".join("?" * 9),
                        [item, target, producer, picture, *times, *flat, *[None] * (9 - len(flat))])

    def view(self, text, *values):
        return [dict(row) for row in self.db.execute(text, values)]

    def report(self, *words):
        self.db.commit()
        return json.loads(lib.run("carmlbench", "--db", self.path, "report", "--json", *words, check=0).stdout)

    def near(self, found, expected, digits=1e-9):
        if expected is None or found is None:
            self.assertIs(found, expected)
        else:
            self.assertTrue(math.isclose(found, float(expected), rel_tol=digits, abs_tol=1e-12),
                            f"{found} is not {float(expected)}")

    def pairs_of(self, both, only_a, only_b, neither):
        """A run whose two targets agree and differ like this; its row of comparison."""
        if not self.runs:
            self.target(1)
            self.target(2)
            self.labels([("n00000001", "right"), ("n00000002", "wrong")])
            self.db.execute("INSERT INTO expectation VALUES (1, 'n00000001', NULL)")
        run = self.run_of(f"r{self.runs}")
        kinds = [(1, 1)] * both + [(1, 2)] * only_a + [(2, 1)] * only_b + [(2, 2)] * neither
        for number, (a, b) in enumerate(kinds):
            picture = self.picture(run, number)
            item = self.item(run, number, picture, 1)
            self.answer(item, 1, picture, [(a, 0.5)])
            self.answer(item, 2, picture, [(b, 0.5)])
        return self.view("SELECT * FROM comparison WHERE run = ?", f"r{run - 1}")[0]


class Published(Case):
    """Worked examples of the papers, to the digits printed there."""

    def test_wilson_of_newcombe_1998(self):
        """Statistics in Medicine 17, 857-872, Table I, method 3."""
        self.target(1)
        self.labels([("n00000001", "right"), ("n00000002", "wrong")])
        self.db.execute("INSERT INTO expectation VALUES (1, 'n00000001', NULL)")
        for correct, images, low, high in ((81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605),
                                           (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)):
            run = self.run_of(f"{correct} of {images}")
            for number in range(images):
                picture = self.picture(run, number)
                self.answer(self.item(run, number, picture, 1), 1, picture, [(1 + (number >= correct), 0.5)])
            row = self.view("SELECT * FROM accuracy WHERE run = ?", f"{correct} of {images}")[0]
            self.assertEqual((round(row["accuracy_low"], 4), round(row["accuracy_high"], 4)), (low, high))

    def test_newcombe_method_10(self):
        """Statistics in Medicine 17, 2635-2650; and M. Fagerland, S. Lydersen, P. Laake, "Statistical
        Analysis of Contingency Tables" (2017), chapter 8: complete response before and after
        consolidation therapy."""
        for cells, low, high in (((36, 12, 2, 0), 0.0569, 0.3404), ((59, 6, 16, 80), -0.1186, -0.0046)):
            row = self.pairs_of(*cells)
            self.assertEqual((round(row["low"], 4), round(row["high"], 4)), (low, high))

    def test_mcnemar(self):
        """M. Fagerland, S. Lydersen, P. Laake, "The McNemar test for binary matched-pairs data", BMC
        Medical Research Methodology 13:91 (2013): airway hyper-responsiveness, one and seven."""
        self.assertEqual(round(self.pairs_of(1, 1, 7, 12)["p_value"], 4), 0.0703)


class Random(Case):
    """Everything at once, from dice: labels, probabilities, duplicates, placeholders, gaps."""

    def setUp(self):
        super().setUp()
        self.dice = random.Random(20261)
        for number in (1, 2, 3):
            self.target(number)
        self.labels([(f"n0000010{i}", name) for i, name in enumerate(LABELS)])
        self.db.executemany("INSERT INTO isa VALUES (?, ?)",
                            [("n00000100", "n00000011"), ("n00000011", "n00000001"),
                             ("n00000101", "n00000001"), ("n00000103", "n00000002")])
        self.db.executemany("INSERT INTO expectation (wnid, text) VALUES (?, ?)", EXPECTED)
        self.meets = {1: {1, 2}, 2: {4}}
        self.rows = []
        self.fill(self.run_of("dice"))
        self.db.commit()

    def probability(self):
        return self.dice.choice([self.dice.random(), 0.0, 1.0, 0.3, -0.25, 1.5, self.dice.random()])

    def fill(self, run):
        """600 URLs of 300 pictures; the first 12 of them one that many share."""
        urls = collections.Counter()
        pictures, items = {}, []
        for number in range(600):
            key = 0 if number < 12 else self.dice.randrange(1, 300)
            urls[key] += 1
            items.append((number, key))
        urls = {key: min(count, 9) if key else count for key, count in urls.items()}
        for number, key in items:
            if key not in pictures:
                pictures[key] = self.picture(run, key, urls[key], listed=key == 7)
            expectation = self.dice.choice([1, 1, 2, 3, None])
            item = self.item(run, number, pictures[key], expectation)
            for target in (1, 2, 3):
                if self.dice.random() < 0.1:
                    continue
                entries = [(label, self.probability())
                           for label in self.dice.sample(range(1, 7), self.dice.choice([1, 3, 3]))]
                times = tuple(self.dice.choice([0.004, 5.255, 10 + self.dice.random() * 60,
                                                self.dice.random() * 3000]) for _ in range(3))
                self.answer(item, target, pictures[key], entries, times)
                self.rows.append({"item": item, "picture": key, "target": target, "entries": entries,
                                  "expected": expectation, "times": times,
                                  "placeholder": key == 7 or urls[key] >= 10})

    def first_of(self, rows, key):
        """Those whose picture no earlier URL had for the same key."""
        seen, kept = set(), []
        for row in sorted(rows, key=lambda row: row["item"]):
            if (row["picture"], key(row)) not in seen:
                kept.append(row)
            seen.add((row["picture"], key(row)))
        return kept

    def right(self, row, scoring):
        """None without an expectation."""
        expected = row["expected"]
        wnid, text = EXPECTED[expected - 1] if expected else (None, None)
        if scoring == "isa":
            return None if not wnid else row["entries"][0][0] in self.meets[expected]
        return None if not text else text in LABELS[row["entries"][0][0] - 1].lower()

    def counted(self, placeholders=False, duplicates=False):
        rows = self.rows if duplicates else self.first_of(self.rows, lambda row: row["target"])
        return [row for row in rows if placeholders or not row["placeholder"]]

    def probability_of(self, row, scoring):
        if scoring == "isa":
            return row["entries"][0][1]
        text = EXPECTED[row["expected"] - 1][1]
        return next((p for label, p in row["entries"] if text in LABELS[label - 1].lower()), 0.0)

    def accuracies(self, scoring, **include):
        for target in (1, 2, 3):
            rows = [row for row in self.counted(**include)
                    if row["target"] == target and self.right(row, scoring) is not None]
            correct = sum(self.right(row, scoring) for row in rows)
            low, high = wilson(correct, len(rows))
            yield {"framework": FRAMEWORKS[target - 1], "images": len(rows), "correct": correct,
                   "accuracy": correct / len(rows), "accuracy_low": low, "accuracy_high": high,
                   "mean_probability": sum(self.probability_of(row, scoring) for row in rows) / len(rows)}

    def rows_are(self, found, expected):
        for one, other in zip(found, expected, strict=True):
            for name, value in other.items():
                if isinstance(value, float):
                    self.near(one[name], value)
                else:
                    self.assertEqual(one[name], value, name)

    def test_accuracy(self):
        for scoring in ("isa", "substring"):
            found = self.view("SELECT * FROM accuracy WHERE scoring = ? ORDER BY framework", scoring)
            self.rows_are(found, self.accuracies(scoring))

    def test_what_is_included_counts(self):
        for words, include in (([], {}), (["--include", "placeholders"], {"placeholders": True}),
                               (["--include", "duplicates"], {"duplicates": True}),
                               (["--include", "placeholders", "--include", "duplicates"],
                                {"placeholders": True, "duplicates": True})):
            for scoring in ("isa", "substring"):
                found = self.report("--score", scoring, *words)["accuracy"]
                self.rows_are([row for row in found if row["scoring"] == scoring],
                              self.accuracies(scoring, **include))
            for name in ("placeholders", "duplicates"):
                self.db.execute("UPDATE setting SET value = ? WHERE name = ?",
                                (name in include, f"include_{name}"))
            self.rows_are(self.view("SELECT * FROM accuracy WHERE scoring = 'isa' ORDER BY framework"),
                          self.accuracies("isa", **include))
            self.db.execute("UPDATE setting SET value = 0 WHERE name LIKE 'include_%'")

    def test_calibration(self):
        found = self.view("SELECT * FROM calibration WHERE scoring = 'isa' AND framework = 'MXNet' "
                          "AND bin_low IS NOT NULL ORDER BY bin_low")
        rows = [row for row in self.counted() if row["target"] == 2 and self.right(row, "isa") is not None]
        usable = [row for row in rows if 0 <= row["entries"][0][1] <= 1]
        bins = collections.defaultdict(list)
        for row in usable:
            bins[min(9, math.floor(row["entries"][0][1] * 10))].append(row)
        error = sum(abs(sum(self.right(row, "isa") - row["entries"][0][1] for row in of))
                    for of in bins.values()) / len(usable)
        self.rows_are(found, [{"bin_low": number / 10, "images": len(of),
                               "correct": sum(self.right(row, "isa") for row in of), "ece": error,
                               "mean_confidence": sum(row["entries"][0][1] for row in of) / len(of),
                               "unusable": len(rows) - len(usable)} for number, of in sorted(bins.items())])

    def apart(self, a, b):
        """Of the first class of either, from what the other gives it, or may give it at most."""
        def one(mine, other):
            label, probability = mine["entries"][0]
            listed = dict(other["entries"])
            last = other["entries"][2][1] if len(other["entries"]) == 3 else 0.0
            return abs(probability - listed.get(label, min(probability, last)))
        return max(one(a, b), one(b, a))

    def pairs(self):
        """(a, b): rows of each two targets about one URL."""
        answers = {(row["item"], row["target"]): row for row in self.rows}
        for first, second in ((1, 2), (1, 3), (2, 3)):
            both = [{**row, "other": answers[row["item"], second]} for row in self.rows
                    if row["target"] == first and (row["item"], second) in answers]
            kept = self.first_of(both, lambda row: None)
            yield (first, second), [(row, row["other"]) for row in kept if not row["placeholder"]]

    def comparisons(self, scoring):
        result, values = {}, {}
        for key, pairs in self.pairs():
            pairs = [(a, b) for a, b in pairs if self.right(a, scoring) is not None]
            cells = collections.Counter((self.right(a, scoring), self.right(b, scoring)) for a, b in pairs)
            both, only_a, only_b, neither = (cells[k] for k in ((True, True), (True, False), (False, True),
                                                                (False, False)))
            low, high = newcombe(both, only_a, only_b, neither)
            values[key] = mcnemar(only_a, only_b)
            apart = [self.apart(a, b) for a, b in pairs]
            result[key] = {
                "framework_a": FRAMEWORKS[key[0] - 1], "framework_b": FRAMEWORKS[key[1] - 1],
                "images": len(pairs), "both": both, "only_a": only_a, "only_b": only_b, "neither": neither,
                "difference": (only_a - only_b) / len(pairs), "low": low, "high": high,
                "p_value": float(values[key]), "max_abs_probability_difference": max(apart),
                "mean_abs_probability_difference": sum(apart) / len(apart),
                "same_first": sum(a["entries"][0][0] == b["entries"][0][0] for a, b in pairs),
                "same_three": sum({label for label, _ in a["entries"]} == {label for label, _ in b["entries"]}
                                  for a, b in pairs)}
        for key, value in holm(values).items():
            result[key]["p_holm"] = value
        return list(result.values())

    def test_comparison(self):
        for scoring in ("isa", "substring"):
            found = self.view("SELECT * FROM comparison WHERE scoring = ? ORDER BY framework_a, framework_b",
                              scoring)
            self.rows_are(found, self.comparisons(scoring))
            report = self.report("--score", scoring)["comparison"]
            self.rows_are([row for row in report if row["scoring"] == scoring], self.comparisons(scoring))

    def test_latency(self):
        for stage, place in (("fetch", 0), ("validate", 1), ("predict", 2)):
            times = sorted(row["times"][place] for row in self.rows)
            row = self.view("SELECT * FROM latency WHERE stage = ?", stage)[0]
            self.assertEqual(row["count"], len(times))
            self.assertEqual(row["max_ms"], times[-1])
            for percent in (50, 90, 99):
                exact = times[(len(times) * percent + 99) // 100 - 1]
                self.assertLessEqual(abs(row[f"p{percent}_ms"] - exact), max(0.005001, exact * 0.00501))
            self.rows_are([r for r in self.report()["latency"] if r["stage"] == stage], [row])

    def test_the_report_has_the_numbers_of_the_views(self):
        """Under every scoring, each row and column that both have."""
        for scoring in ("isa", "substring", "seed"):
            report = self.report("--score", scoring)
            for one, other in zip(report["agreement"], self.view("SELECT * FROM agreement ORDER BY framework_a, "
                                                                 "framework_b"), strict=True):
                self.rows_are([one], [{name: other[name] for name in one}])
            for view in ("accuracy", "comparison", "calibration"):
                key = ("framework", "backend", "bin_low") if view == "calibration" else (
                    "framework", "framework_a", "framework_b")
                rows = [row for row in report[view] if row["scoring"] == scoring]
                direct = [row for row in self.view(f"SELECT * FROM {view} WHERE scoring = ?", scoring)
                          if row.get("bin_low", 0) is not None]
                self.assertEqual(len(rows), len(direct) if scoring != "seed" or view == "accuracy" else 0)
                order = lambda row: [row[k] for k in key if k in row]  # noqa: E731
                for one, other in zip(sorted(rows, key=order), sorted(direct, key=order)):
                    for name in one.keys() & other.keys():
                        (self.near if isinstance(other[name], float) else self.assertEqual)(one[name], other[name])

    def test_the_most_telling_disagreements(self):
        found = self.report()["disagreements"]
        apart = sorted((self.apart(a, b) for _, pairs in self.pairs() for a, b in pairs), reverse=True)
        for row, value in zip(found, apart):
            self.near(row["apart"], value)
        self.assertGreater(len(found), 5)


class Pairs(Case):
    """Which two answers are compared, and what is the same in them."""

    def setUp(self):
        super().setUp()
        self.labels([("n00000001", "brown"), ("n00000002", "black"), ("n00000003", "ice"), (None, "sled")])
        self.db.execute("INSERT INTO producer VALUES (2, 'carml', 'server', '', '', '')")

    def balance(self):
        self.db.execute("INSERT INTO tally (run_id, target_id, enqueued, done) SELECT run_id, target_id, count(*), "
                        "count(*) FROM result JOIN item ON item.id = item_id GROUP BY 1, 2")
        self.db.commit()

    def same_three(self, a, b):
        """Of two that answered with these classes, as the view has it."""
        run = self.run_of(f"r{self.runs}")
        picture = self.picture(run, 1)
        item = self.item(run, 1, picture, None)
        for target, classes in ((1, a), (2, b)):
            self.answer(item, target, picture, [(label, 0.9 - place / 10) for place, label in enumerate(classes)])
        return self.view("SELECT same_three FROM comparison WHERE run = ?", f"r{run - 1}")[0]["same_three"]

    def test_three_are_the_same_when_neither_has_another(self):
        self.target(1)
        self.target(2)
        for a, b in (((1,), (1, 2)), ((1,), (1, 2, 3)), ((1, 2), (2, 1, 3)), ((1, 2), (1, 3)), ((1, 2, 3), (1, 2, 4))):
            self.assertEqual((self.same_three(a, b), self.same_three(b, a)), (0, 0), (a, b))
        for a, b in (((1,), (1,)), ((1, 2), (2, 1)), ((1, 2, 3), (3, 1, 2))):
            self.assertEqual((self.same_three(a, b), self.same_three(b, a)), (1, 1), (a, b))

    def test_a_pair_differs_in_one_thing(self):
        """Model, framework, each with its version, or backend that answered: exactly one of them."""
        targets = [("A", "1.0", "Caffe", "1.0", 1), ("A", "2.0", "Caffe", "1.0", 1), ("A", "1.0", "Caffe", "2.0", 1),
                   ("A", "1.0", "TensorFlow", "1.0", 1), ("A", "2.0", "TensorFlow", "1.0", 1), ("B", "1.0", "Caffe", "1.0", 1),
                   ("A", "1.0", "Caffe", "1.0", 2), ("A", "1.0", "TensorFlow", "1.0", 2), ("B", "1.0", "Caffe", "1.0", 2)]
        run = self.run_of("r")
        picture = self.picture(run, 1)
        item = self.item(run, 1, picture, None)
        for number, (model, version, framework, of_framework, producer) in enumerate(targets, 1):
            self.target(number, model, framework, ("local", "carml")[producer - 1], (version, of_framework))
            self.answer(item, number, picture, [(1, 0.5)], producer=producer)
        # Asked for otherwise, answered by the same: nothing differs between this one and the first.
        self.target(10, "A", "Caffe", "auto", ("1.0", "1.0"))
        self.answer(item, 10, picture, [(1, 0.5)], producer=1)
        things = [(target[:2], target[2:4], target[4]) for target in targets + targets[:1]]
        expected = sorted(sorted((one, other)) for place, one in enumerate(things) for other in things[:place]
                          if sum(a != b for a, b in zip(one, other)) == 1)
        backends = {"local": 1, "carml": 2}
        for view in ("comparison", "agreement"):
            found = [sorted(((row["model_" + side], row["model_version_" + side]),
                             (row["framework_" + side], row["framework_version_" + side]),
                             backends[row["backend_" + side]]) for side in "ab")
                     for row in self.view("SELECT * FROM " + view)]
            self.assertEqual(sorted(found), expected)

    def test_the_headings_of_the_page_are_true_of_their_pairs(self):
        self.db.execute("INSERT INTO expectation VALUES (1, 'n00000001', NULL)")
        for b, title in (((("2.0", ""), "Caffe", 1), "Two versions of a model, one framework."),
                         ((("", "2.0"), "Caffe", 1), "One model, two versions of a framework."),
                         ((("", ""), "MXNet", 1), "One model, two frameworks."),
                         ((("4.0", ""), "MXNet", 1), "One model, two frameworks."),
                         ((("", ""), "Caffe", 2), "One model and framework, two ways to answer.")):
            self.db.executescript("DELETE FROM result; DELETE FROM job; DELETE FROM tally; DELETE FROM target")
            self.target(1, framework="Caffe", backend="local")
            self.target(2, framework=b[1], backend="auto", versions=b[0])
            run = self.run_of(f"r{self.runs}")
            picture = self.picture(run, 1)
            item = self.item(run, 1, picture, 1)
            self.answer(item, 1, picture, [(1, 0.5)])
            self.answer(item, 2, picture, [(1, 0.5)], producer=b[2])
            self.balance()
            page = self.folder / "page.html"
            lib.run("carmlbench", "--db", self.path, "report", "--html", page, check=0)
            text = page.read_text()
            self.assertEqual([words for words in re.findall(r"<strong id=[^>]*>Figure \d+. ([^<]*)<", text)
                              if " model" in words and words.count("wo ")], [title])

    def test_what_has_no_expectation_is_a_part_of_the_agreement_only(self):
        """Every pair once, whatever is expected of its pictures; tests by those that can be scored."""
        self.target(1)
        self.target(2)
        run = self.run_of("r")
        self.db.executemany("INSERT INTO expectation VALUES (?, ?, ?)",
                            [(1, "n00000001", "brown"), (2, None, "brown"), (3, "n00000001", None)])
        for number, expectation in enumerate([1] * 15 + [None] * 5 + [2] * 3 + [3] * 2):
            picture = self.picture(run, number)
            item = self.item(run, number, picture, expectation)
            self.answer(item, 1, picture, [(1, 0.9)])
            self.answer(item, 2, picture, [(1, 0.75 if number == 16 else 0.8), (2, 0.1)] if number else [(2, 0.8)])
        self.balance()
        for scoring, scored in (("isa", 17), ("substring", 18)):
            report = self.report("--score", scoring)
            by = {row["scoring"]: row for row in report["comparison"]}
            self.assertEqual({name: row["images"] for name, row in by.items()}, {scoring: scored, "none": 5})
            self.assertEqual((by[scoring]["p_value"], by[scoring]["p_holm"]), (1.0, 1.0))
            direct = self.view("SELECT * FROM agreement")
            self.assertEqual(len(report["agreement"]), 1)
            for row in (report["agreement"][0], direct[0]):
                self.assertEqual((row["images"], row["same_first"], row["same_three"]), (25, 24, 0))
                self.near(row["max_abs_probability_difference"], 0.9)
                self.near(row["mean_abs_probability_difference"], (0.9 + 0.15 + 23 * 0.1) / 25)
            text = lib.run("carmlbench", "--db", self.path, "report", "--score", scoring, check=0).stdout
            self.assertEqual(text.count("Caffe | MXNet"), 2, text)
            lib.run("carmlbench", "--db", self.path, "report", "--score", scoring, "--require",
                    "p_value>=0.05,discordant<=1", check=0)
        page = self.folder / "page.html"
        lib.run("carmlbench", "--db", self.path, "report", "--html", page, check=0)
        self.assertIn("of 1 pair,", page.read_text())

    def test_agreement_is_known_where_the_scoring_has_nothing_to_say(self):
        self.target(1)
        self.target(2)
        run = self.run_of("r")
        self.db.execute("INSERT INTO expectation VALUES (1, NULL, 'brown')")
        picture = self.picture(run, 1)
        item = self.item(run, 1, picture, 1)
        for target in (1, 2):
            self.answer(item, target, picture, [(1, 0.5)])
        self.balance()
        report = self.report("--score", "isa")
        self.assertEqual((report["comparison"], report["agreement"][0]["images"]), ([], 1))
        text = lib.run("carmlbench", "--db", self.path, "report", "--score", "isa", check=0).stdout
        self.assertIn("only how far they agree is known", text)

    def test_pairs_that_are_all_left_out(self):
        """It is not said that nobody answered about the same bytes."""
        self.target(1)
        self.target(2)
        run = self.run_of("r")
        self.db.execute("INSERT INTO expectation VALUES (1, NULL, 'brown')")
        picture = self.picture(run, 1, urls=12)
        for number in range(12):
            item = self.item(run, number, picture, 1)
            for target in (1, 2):
                self.answer(item, target, picture, [(1, 0.5)])
        self.balance()
        self.db.commit()
        for scoring in ("substring", "isa"):
            text = " ".join(lib.run("carmlbench", "--db", self.path, "report", "--score", scoring, check=0).stdout.split())
            page = self.folder / "page.html"
            lib.run("carmlbench", "--db", self.path, "report", "--score", scoring, "--html", page, check=0)
            for place in (text, " ".join(page.read_text().split())):
                self.assertIn("12 pairs of answers about the same bytes", place)
                self.assertIn("--include placeholders", place)
            self.assertNotIn("No two that", text + page.read_text())
            text = lib.run("carmlbench", "--db", self.path, "report", "--score", scoring, "--include", "placeholders",
                           "--include", "duplicates", check=0).stdout
            self.assertNotIn("12 pairs of answers", text)
        self.assertEqual(self.view("SELECT * FROM comparison"), [])
        self.assertEqual(self.view("SELECT images, same_first, placeholders, duplicates FROM agreement"),
                         [{"images": 0, "same_first": 0, "placeholders": 12, "duplicates": 0}])


class Texts(Case):
    """What a report says of texts, from very many texts and labels, is what the views say."""

    def setUp(self):
        super().setUp()
        self.dice = random.Random(20262)
        self.target(1)

    def word(self, longest):
        return "".join(self.dice.choice("abAB\u00e9\u00c9 ") for _ in range(self.dice.randrange(1, longest)))

    def fill(self, labels, texts):
        self.labels([(None, name) for name in labels])
        run = self.run_of("r")
        for number, text in enumerate(texts, 1):
            self.db.execute("INSERT INTO expectation VALUES (?, NULL, ?)", (number, text))
            picture = self.picture(run, number)
            self.answer(self.item(run, number, picture, number), 1, picture,
                        [(label, self.dice.random()) for label in self.dice.sample(range(1, len(labels) + 1), 3)])
        self.db.execute("INSERT INTO tally (run_id, target_id, enqueued, done) VALUES (1, 1, ?, ?)",
                        (len(texts), len(texts)))

    def test_what_no_label_contains(self):
        texts = sorted({self.word(7) for _ in range(400)} | {"a" * 70, "ab" * 40})
        self.fill(sorted({self.word(30) for _ in range(60)} | {"ab" * 41}), texts)
        lacking = self.view("SELECT expected_text FROM unmet WHERE scoring = 'substring'")
        self.assertTrue(100 < len(lacking) < 400, len(lacking))
        names = "".join(fragment for row in self.view("SELECT name FROM label") for fragment in ("\0", row["name"]))
        lower = lambda text: "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)  # noqa: E731
        self.assertEqual({row["expected_text"] for row in lacking},
                         {text for text in texts if lower(text) not in lower(names)})
        for scoring in ("substring", "seed"):
            notes = " ".join(self.report("--score", scoring)["notes"])
            self.assertIn(f"and {len(lacking) - 3} more", notes)

    def test_each_text_with_each_label(self):
        texts = sorted({self.word(4) for _ in range(150)})
        self.fill(sorted({self.word(12) for _ in range(90)} | {"an envelope", "Envelope"}), texts)
        for answers in (len(texts), 100000):  # by these the report decides whether to look each text up once
            self.db.execute("UPDATE tally SET enqueued = ?, done = ?", (answers, answers))
            for scoring in ("substring", "seed"):
                row, = (row for row in self.report("--score", scoring)["accuracy"] if row["scoring"] == scoring)
                for name in ("images", "correct", "accuracy", "mean_probability", "placeholders"):
                    self.near(row[name], self.view("SELECT * FROM accuracy WHERE scoring = ?", scoring)[0][name])


class Extremes(Case):
    def row(self, *cells):
        """Its interval and p-value are those of the formulas, and nothing is NaN or out of range."""
        row = self.pairs_of(*cells)
        low, high = newcombe(*cells)
        self.near(row["low"], low)
        self.near(row["high"], high)
        self.near(row["p_value"], mcnemar(cells[1], cells[2]))
        self.assertLessEqual(-1 - 1e-12, row["low"])
        self.assertLessEqual(row["high"], 1 + 1e-12)
        return row

    def test_small_and_one_sided_tables(self):
        for cells in ((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1), (9, 0, 0, 0), (0, 0, 0, 9),
                      (5, 0, 0, 4), (0, 6, 0, 0), (0, 3, 3, 0), (7, 1, 0, 1)):
            with self.subTest(cells=cells):
                self.row(*cells)
        for row in self.view("SELECT * FROM comparison"):
            self.assertTrue(all(value == value for value in row.values()))

    def test_many_discordant_pairs(self):
        """A p-value of 2^-99999 is 0, and not NaN; near one half of them it is as exact as ever."""
        self.pairs_of(1, 0, 0, 0)
        for a, b in ((100000, 0), (50000, 50000), (50300, 49700), (1030, 970), (0, 1074)):
            self.db.execute("DROP VIEW pair_cell") if a == 100000 else self.db.execute("DROP TABLE pair_cell")
            self.db.execute("CREATE TABLE pair_cell AS SELECT 1 AS run_id, 1 AS target_a, 2 AS target_b, "
                            "1 AS producer_a, 1 AS producer_b, 'isa' AS scoring, ? AS images, 0 AS both, "
                            "? AS only_a, ? AS only_b, 0 AS neither, 0 AS same_first, 0 AS same_three, "
                            "0.0 AS apart, 0.0 AS apart_at_most, 0 AS left_out", (a + b, a, b))
            row = self.view("SELECT * FROM comparison")[0]
            expected = mcnemar(a, b)
            self.assertTrue(0 <= row["p_value"] <= 1)
            self.near(row["p_value"], float(expected) if expected > 1e-300 else 0.0, 1e-8)

    def test_nothing_counts(self):
        """Only placeholders: no accuracy, and no division by nothing."""
        self.target(1)
        self.labels([("n00000001", "right")])
        self.db.execute("INSERT INTO expectation VALUES (1, 'n00000001', NULL)")
        run = self.run_of("r")
        picture = self.picture(run, 1, urls=1, listed=1)
        self.answer(self.item(run, 1, picture, 1), 1, picture, [(1, 0.5)])
        row = self.view("SELECT * FROM accuracy")[0]
        self.assertEqual((row["images"], row["accuracy"], row["accuracy_low"], row["placeholders"]),
                         (0, None, None, 1))
        self.assertEqual(self.view("SELECT * FROM comparison"), [])
        report = self.report()
        self.assertIsNone(report["accuracy"][0]["accuracy"])
        self.assertIn("placeholders", " ".join(report["notes"]))


if __name__ == "__main__":
    lib.main()
