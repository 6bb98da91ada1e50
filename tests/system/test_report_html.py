#!/usr/bin/python3
"""report --html: one page that needs nothing from elsewhere, says what the views say, and reads well."""
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import browser_lib  # noqa: E402
import daemon_lib  # noqa: E402
import lib  # noqa: E402
import page_lib  # noqa: E402

KINDS = ("usual", "large", "hostile", "unknown", "empty", "none")
SIZE_MOST = 2 << 20


class Pages(lib.Case):
    """Pages of reports that write_page.c makes up."""

    def page(self, kind):
        path = self.folder / f"{kind}.html"
        lib.run("write_page", kind, path, check=0)
        return path

    def read(self, kind):
        return page_lib.check(self.page(kind).read_text(encoding="utf-8"))


class MadeUp(Pages):
    def test_every_page_is_sound_and_small(self):
        for kind in KINDS:
            with self.subTest(kind):
                path = self.page(kind)
                self.assertLess(path.stat().st_size, SIZE_MOST)
                page_lib.check(path.read_text(encoding="utf-8"))

    def test_names_that_are_markup_stay_text(self):
        page = self.read("hostile")
        text = page.all("body")[0].words()
        self.assertEqual(page.all("h1")[0].words(), "Run <img src=x onerror=alert(1)>")
        for name in ("\"'&<script>alert(2)</script>]]>", "Caffe</title></style><b>",
                     '</td></table><iframe srcdoc="x">', "--><!-- \u200f\u0645\u0631\u062d\u0628\u0627"):
            self.assertIn(name, text)
        self.assertEqual(page.all("img", "iframe", "script", "b"), [])
        links = {a.get("href") for a in page.all("a") if not a.get("href").startswith("#")}
        self.assertEqual({link.split("&n=")[0] for link in links},
                         {"http://host.example/'\"><svg onload=alert(3)>?a=1&b=2"})

    def test_only_web_addresses_become_links(self):
        page = self.read("usual")
        self.assertIn("ftp://host.example/1.jpg", page.all("body")[0].words())
        self.assertFalse(any("ftp:" in (a.get("href") or "") for a in page.all("a")))

    def test_all_answers_about_a_picture_stand_together(self):
        cards = [e for e in self.read("usual").all("li") if e.get("class") == "card"]
        self.assertEqual(len(cards), 8)  # of nine rows
        who = [row.children[0].words() for row in cards[0].all("tr")]
        self.assertEqual(who, ["Who", "BVLC-AlexNet Caffe", "BVLC-AlexNet TensorFlow",
                               "GoogLeNet Caffe", "GoogLeNet TensorFlow"])
        self.assertEqual([len(list(card.all("tr"))) for card in cards[1:]], [3] * 7)

    def test_an_empty_run_says_so_in_words(self):
        page = self.read("empty")
        self.assertEqual(page.all("figure"), [])
        self.assertEqual(page.all("table"), [])
        text = page.all("main")[0].words()
        for words in ("The run is empty", "Nothing to score", "Nothing to compare", "Nothing failed",
                      "No times"):
            self.assertIn(words, text)

    def test_a_database_without_runs_says_so(self):
        page = self.read("none")
        self.assertIn("There is no run in this database yet", page.all("main")[0].words())
        self.assertEqual(len(page.all("section")), 1)

    def test_numbers_that_are_unknown_become_dashes(self):
        page = self.read("unknown")
        self.assertEqual(page.table("Accuracy of the first answer")[2][1:4], ["0", "\u2013", "\u2013"])
        self.assertIn("No picture was scored", page.all("main")[0].words())

    def test_what_is_left_out_of_a_large_page_is_told(self):
        text = self.read("large").all("main")[0].words()
        self.assertIn("of 93 diagrams are drawn", text)
        self.assertRegex(text, r"200 of \d+ pairs are listed")

    def test_a_page_is_written_whole_or_not_at_all(self):
        path = self.page("empty")
        before = path.read_bytes()

        def small_files():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100000, 100000))
        done = subprocess.run([lib.binary("write_page"), "large", path], preexec_fn=small_files,
                              capture_output=True, text=True, timeout=lib.DEADLINE)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn(str(path), done.stderr)
        self.assertEqual(path.read_bytes(), before)
        self.assertEqual(os.listdir(self.folder), [path.name])


class InBrowser(Pages):
    def overflow(self, browser):
        return browser.eval("document.scrollingElement.scrollWidth - innerWidth")

    def test_no_page_is_wider_than_its_window(self):
        # 680 is A4 with wide margins.
        for width, media in ((1400, ""), (1000, ""), (800, ""), (400, ""), (680, "print")):
            with browser_lib.Browser(width) as browser:
                browser.call("Emulation.setEmulatedMedia", media=media)
                for kind in KINDS if width in (1400, 400) else KINDS[:2]:
                    with self.subTest(f"{kind} at {width} {media}"):
                        browser.open(self.page(kind).as_uri())
                        browser.wait(READY)
                        browser.eval("document.querySelectorAll('details')"
                                     ".forEach(each => each.open = true)")
                        self.assertLessEqual(self.overflow(browser), 0)
                        self.assertEqual(browser.eval(CUT_OFF), [])
                        self.assertEqual(browser.eval(COVERED), [])
                self.assertEqual(browser.complaints(), [])

    def test_text_stands_out_and_is_large_enough_in_light_and_dark(self):
        for dark in (False, True):
            with browser_lib.Browser(1400, dark=dark) as browser:
                for kind in ("usual", "unknown", "empty"):
                    with self.subTest(f"{kind}, {'dark' if dark else 'light'}"):
                        browser.open(self.page(kind).as_uri())
                        browser.wait(READY)
                        browser.eval("document.querySelectorAll('details')"
                                     ".forEach(each => each.open = true)")
                        self.assertEqual(browser.eval(CONTRAST), [])
                        self.assertEqual(browser.eval(MARKS), [])
                        self.assertGreaterEqual(browser.eval(SMALLEST), 11)

    def test_wide_tables_scroll_by_themselves_and_by_keyboard(self):
        with browser_lib.Browser(400) as browser:
            browser.open(self.page("large").as_uri())
            browser.wait(READY)
            self.assertTrue(browser.eval(
                "(() => { const region = document.querySelector('#accuracy .scroll'); region.focus();"
                " return region === document.activeElement && region.scrollWidth > region.clientWidth"
                " })()"))


READY = "document.readyState === 'complete' && !!document.querySelector('footer')"

# Boxes that reach out of the window and are not in a region that scrolls.
CUT_OFF = """[...document.querySelectorAll('body *')].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && box.right > innerWidth + 1 && !e.closest('.scroll, .shapes, a.skip, .visually-hidden')
}).map(e => e.outerHTML.slice(0, 120)).slice(0, 5)"""

# Numbers of one axis that touch each other.
COVERED = """[...document.querySelectorAll('.plot-axis svg, .panel-drawing')].flatMap(svg => {
    const boxes = [...svg.querySelectorAll('text')].map(e => [e.textContent, e.getBoundingClientRect()]);
    return boxes.flatMap(([a, x], i) => boxes.slice(i + 1).filter(([b, y]) =>
        x.left < y.right && y.left < x.right && x.top < y.bottom && y.top < x.bottom)
        .map(([b]) => a + ' on ' + b))
}).slice(0, 5)"""

COLOURS = """
    const parse = text => { const v = text.match(/[\\d.]+/g).map(Number);
        return {rgb: v.slice(0, 3), alpha: v.length > 3 ? v[3] : 1} };
    const light = rgb => rgb.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const ground = e => { for (; e; e = e.parentElement) {
        const c = parse(getComputedStyle(e).backgroundColor);
        if (c.alpha > 0.99 && !(e instanceof SVGElement)) return c.rgb } return [255, 255, 255] };
    const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p);
        return (x + 0.05) / (y + 0.05) };
"""
CONTRAST = "(() => {" + COLOURS + """
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), bad = new Set();
    for (let node; node = walker.nextNode();) {
        const e = node.parentElement;
        if (!node.data.trim() || e.closest('title, desc, style, defs')) continue;
        const style = getComputedStyle(e);
        const colour = parse(e instanceof SVGElement ? style.fill : style.color);
        const found = ratio(colour.rgb, ground(e));
        if (!(found >= 4.5) || colour.alpha < 1)
            bad.add(e.tagName + '.' + (e.getAttribute('class') || '') + ' ' + found.toFixed(2));
    }
    return [...bad] })()"""
MARKS = "(() => {" + COLOURS + """
    return [...new Set([...document.querySelectorAll('.mark, .range, .done, .failed')].map(e => {
        const style = getComputedStyle(e), range = e.classList.contains('range');
        return [e.getAttribute('class'), ratio(parse(range ? style.stroke : style.fill).rgb, ground(e))]
    }).filter(([, found]) => !(found >= 3)).map(String))] })()"""
SMALLEST = """Math.min(...[...document.querySelectorAll('body *')].filter(e => e.getClientRects().length &&
    [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && !e.closest('title, desc'))
    .map(e => parseFloat(getComputedStyle(e).fontSize)))"""


class Recorded(lib.Case):
    """Results that were recorded elsewhere, in a real database."""

    def cli(self, *arguments, check=0, **more):
        return lib.run("carmlbench", "--db", self.folder / "a database.db", *arguments, check=check,
                       cwd=self.folder, **more)

    def record(self, model, framework, answers, run="bears"):
        lines = "".join(
            f"http://host.example/{n}.jpg {{Name:{name}, Probability:{p}}}\n"
            for n, (name, p) in enumerate(answers))
        self.cli("import", "-", "--as", "seed-top3", "--model", model, "--framework", framework,
                 "--run", run, "--expect", "bear", "--synset", "n02131653", input=lines)

    def page(self, *more):
        path = self.folder / "report.html"
        self.cli("report", *more, "--html", path)
        return page_lib.check(path.read_text(encoding="utf-8"))

    def queries(self, page):
        """Runs the lines of the last section in a shell; {title: rows}."""
        section, = [e for e in page.all("section") if e.get("id") == "again"]
        titles = [e.words() for e in section.all("dt")]
        lines = ["".join(t.text for t in e.all("#text")) for e in section.all("code")]
        found = {}
        for title, line in zip(titles, lines):
            self.assertIn(" -box ", line)
            done = subprocess.run(["bash", "-c", line.replace(" -box ", " -json ")], cwd=self.folder,
                                  capture_output=True, text=True, timeout=lib.DEADLINE)
            self.assertEqual((done.returncode, done.stderr), (0, ""), line)
            found[title] = json.loads(done.stdout or "[]")
        return found

    def test_its_numbers_are_those_of_the_queries_it_shows(self):
        # Equal answers would be taken for a placeholder.
        bears = ([("n02132136 brown bear", round(0.9 - n / 1000, 3)) for n in range(60)] +
                 [("n02106550 Rottweiler", round(0.4 - n / 1000, 3)) for n in range(20)])
        self.record("AlexNet", "Caffe", bears)
        self.record("AlexNet", "TensorFlow", bears[5:] + [("n02132136 teddy bear", 0.3)] * 3)
        self.record("GoogLeNet", "Caffe", bears[:44])
        page = self.page("--run", "bears", "--score", "substring")
        rows = {(r["model"], r["framework"]): r for r in self.queries(page)["Accuracy"]}
        self.assertEqual(len(rows), 3)
        table = page.table("Accuracy of the first answer")
        self.assertEqual(table[0], ["Model", "Caffe", "TensorFlow"])
        self.assertEqual([row[0] for row in table[2:]], ["AlexNet", "GoogLeNet"])
        for line in table[2:]:
            for column, framework in enumerate(table[0][1:]):
                row = rows.get((line[0], framework))
                cells = line[1 + 3 * column:4 + 3 * column]
                if not row:
                    self.assertEqual(cells, ["not asked"])
                    continue
                self.assertEqual(cells, [
                    str(row["images"]),
                    f"{row['accuracy']:.3f} {row['accuracy_low']:.3f}\u2013{row['accuracy_high']:.3f}",
                    f"{row['mean_probability']:.3f}"])

    def test_names_of_runs_and_files_survive_the_shell(self):
        run = "it's \"a\" $(touch X) `touch X` \\ run"
        self.record("AlexNet", "Caffe", [("n02132136 brown bear", 0.9)], run=run)
        page = self.page("--score", "substring")
        self.assertEqual(page.all("h1")[0].words(), f"Run {run}")
        self.assertEqual([row["run"] for row in self.queries(page)["Accuracy"]], [run])
        self.assertFalse((self.folder / "X").exists())

    def test_several_runs_stand_below_each_other(self):
        for run in ("first", "second"):
            self.record("AlexNet", "Caffe", [("n02132136 brown bear", 0.9)], run=run)
        page = self.page("--score", "substring")
        self.assertEqual(page.all("h1")[0].words(), "All runs")
        headings = [e.words() for e in page.all("h3")]
        self.assertEqual(headings[:2], ["Run first", "Run second"])
        self.assertEqual(page.table("Runs.")[1][:2], ["first", "1"])

    def test_labels_of_strangers_are_text(self):
        label = "n02132136 <img src=x onerror=alert(1)> bear \"'&"
        self.record("AlexNet", "Caffe", [(label, 0.9)])
        self.record("AlexNet", "TensorFlow", [(label + " ]]>", 0.2)])
        self.assertEqual(self.page("--score", "substring").all("img"), [])

    def test_a_page_that_cannot_be_written_is_one_line(self):
        self.record("AlexNet", "Caffe", [("n02132136 brown bear", 0.9)])
        done = self.cli("report", "--html", self.folder / "no" / "folder.html", check=74)
        lines = [line for line in done.stderr.splitlines() if not line.startswith("note:")]
        self.assertEqual(len(lines), 1, lines)
        self.assertIn("no/folder.html", lines[0])
        self.assertEqual(done.stdout, "")

    def test_the_seed_s_table_is_on_its_page(self):
        folder = lib.shared("seed-data")
        for path, model, framework in (("caffe/AlexNet.txt", "AlexNet", "Caffe"),
                                       ("tensorflow/AlexNet.txt", "AlexNet", "TensorFlow")):
            self.cli("import", folder / path, "--as", "seed-top3", "--model", model, "--framework",
                     framework, "--expect", "bear")
        table = self.page("--score", "seed").table("Accuracy of the first answer")
        cells = " ".join(table[2])
        self.assertRegex(cells, r"^AlexNet 4,081 0\.820 \S+ 0\.677 884 0\.804 \S+ 0\.688$")


class Answered(daemon_lib.Case):
    """A run of the daemon: times, failures, pictures."""

    def page(self, *more):
        path = self.folder / "report.html"
        lib.run("carmlbench", "--config", self.config, "report", *more, "--html", path, check=0)
        return page_lib.check(path.read_text(encoding="utf-8"))

    def run_it(self, **sections):
        daemon_lib.write_model(self.models, "other")
        labels = self.models / "other.txt"
        labels.write_text("".join(f"n0100000{n} something else\n" for n in (7, 8, 9)))
        self.configure(defaults={"models": ["tiny", "other"]}, **sections)
        self.enqueue([f"/ok/{name}" for name in self.pictures] + ["/404/none.jpg", "/html/a.jpg"],
                     "--synset", "n01000002")
        self.once()

    def test_every_section_has_its_figure(self):
        self.run_it()
        page = self.page()
        figures = [next(e.all("strong")).words() for e in page.all("figcaption")]
        for words in ("Accuracy by model and framework.", "Two models, one framework.",
                      "Reliability diagrams.", "Time by stage.", "Outcomes over time."):
            self.assertTrue(any(words in figure for figure in figures), (words, figures))
        failed = page.table("Failed jobs by reason")
        self.assertEqual({row[1] for row in failed[1:]}, {"fetch", "validate"})
        self.assertEqual([row[2] for row in failed[1:]], ["2", "2"])

    def test_pictures_that_were_kept_are_shown_small(self):
        pictures = self.folder / "kept"
        self.run_it(pictures={"folder": str(pictures)})
        page = self.page()
        images = page.all("img")
        cards = [e for e in page.all("li") if e.get("class") == "card"]
        self.assertTrue(images)
        self.assertEqual(len(images), len(cards))
        for image in images:
            self.assertLessEqual(max(int(image.get("width")), int(image.get("height"))), 240)
        with browser_lib.Browser(1400) as browser:
            browser.open((self.folder / "report.html").as_uri())
            browser.wait(READY)
            self.assertTrue(browser.eval("[...document.images].every(each => each.naturalWidth > 0)"))
            self.assertEqual(browser.complaints(), [])

    def test_pictures_that_are_gone_or_damaged_leave_words(self):
        pictures = self.folder / "kept"
        self.run_it(pictures={"folder": str(pictures)})
        files = sorted(pictures.rglob("*.jpg"))
        files[0].unlink()
        for path in files[1:]:
            path.write_bytes(b"not what its name says")
        page = self.page()
        self.assertEqual(page.all("img"), [])
        boxes = {e.words() for e in page.all("div") if e.get("class") == "no-picture"}
        self.assertTrue(boxes)
        self.assertLessEqual(boxes, {"picture not kept", "picture cannot be read"})
        self.assertIn("picture cannot be read", boxes)

    def test_a_run_in_which_everything_failed_is_a_page(self):
        self.configure()
        self.enqueue(["/404/a.jpg", "/404/b.jpg"])
        self.once()
        page = self.page()
        self.assertIn("100.0 % of the jobs failed", page.all("main")[0].words().replace("\xa0", " "))
        self.assertIn("Nothing to score", page.all("main")[0].words())


if __name__ == "__main__":
    unittest.main(verbosity=2)
