#!/usr/bin/python3
"""status --watch on a real pseudo terminal, beside a real daemon."""
import fcntl
import os
import pathlib
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
import unicodedata
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import daemon_lib  # noqa: E402
import lib  # noqa: E402

PROMPT = "$ what stood before"


class Screen:
    """What a terminal shows. It knows as much of ECMA-48 as carmlbench may use, breaks its lines anew when it gets
    narrower, as most terminals do, and refuses a line that runs into its edge."""

    TOKEN = re.compile(r"\x1b\[(\??)([0-9;]*)([A-Za-z])|([\x00-\x1f\x7f-\x9f])|([^\x00-\x1f\x7f-\x9f])")

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines, self.row, self.column = [PROMPT, ""], 1, 0
        self.cursor, self.colors, self.frames = True, set(), 0

    def resize(self, columns, rows):
        lines = []
        for number, line in enumerate(self.lines):
            parts = [line[i:i + columns] for i in range(0, len(line), columns)] or [""]
            if number == self.row:
                self.row, self.column = len(lines) + len(parts) - 1, min(self.column, columns - 1)
            lines += parts
        self.lines, self.columns, self.rows = lines, columns, rows

    def feed(self, text):
        at = 0
        while at < len(text):
            match = self.TOKEN.match(text, at)
            if not match:
                raise AssertionError(f"unknown sequence {text[at:at + 12]!r}")
            at = match.end()
            private, number, command, control, character = match.groups()
            if command:
                self.command(private + command, number)
            elif control:
                self.control(control)
            else:
                self.put(character)

    def command(self, command, number):
        if command == "A":
            top = max(0, len(self.lines) - self.rows)
            self.row = max(top, self.row - int(number or 1))
            self.frames += 1
        elif command == "K" and number in ("", "0"):
            self.lines[self.row] = self.lines[self.row][:self.column]
        elif command == "m":
            self.colors.add(number)
        elif command in ("?h", "?l") and number == "25":
            self.cursor = command == "?h"
        else:
            raise AssertionError(f"unknown command {command!r} {number!r}")

    def control(self, control):
        if control == "\r":
            self.column = 0
        elif control == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        else:
            raise AssertionError(f"control character {control!r} on the terminal")

    def put(self, character):
        width = 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if self.column + width > self.columns:
            raise AssertionError(f"wider than {self.columns}: {self.lines[self.row]!r}")
        line = self.lines[self.row].ljust(self.column)
        self.lines[self.row] = line[:self.column] + character + line[self.column + 1:]
        self.column += width

    def text(self):
        return [line.rstrip() for line in self.lines]


class Watch:
    """carmlbench status --watch, and the terminal that it believes to be on."""

    def __init__(self, columns, rows, *words, env=None):
        try:
            self.ours, theirs = pty.openpty()
        except OSError as error:
            raise unittest.SkipTest(f"skipped: there are no pseudo terminals here: {error}") from None
        self.screen, self.output = Screen(columns, rows), ""
        self.theirs = theirs
        self.size(columns, rows)
        environment = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", **(env or {})}
        environment.pop("NO_COLOR", None) if "NO_COLOR" not in (env or {}) else None
        self.process = subprocess.Popen([lib.binary("carmlbench"), *map(str, words), "status", "--watch"], stdin=theirs,
                                        stdout=theirs, stderr=subprocess.PIPE, env=environment)

    def size(self, columns, rows):
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read(self, timeout):
        """Shows what comes within the time; False when nothing did."""
        if not select.select([self.ours], [], [], timeout)[0]:
            return False
        text = os.read(self.ours, 1 << 16).decode()
        # A frame is one write, so no character is torn; the line discipline's CR LF is one step.
        self.output += text
        self.screen.feed(text)
        return True

    def wait_for(self, condition):
        end = time.monotonic() + lib.DEADLINE
        while not condition():
            if time.monotonic() > end:
                raise AssertionError("the terminal shows\n" + "\n".join(self.screen.text()))
            self.read(0.05)

    def resize(self, columns, rows):
        """As a window manager does it: while the program waits, so that no line of the old width is on its way."""
        wchan = pathlib.Path(f"/proc/{self.process.pid}/wchan")
        self.wait_for(lambda: self.process.poll() is not None or re.search("poll|select", wchan.read_text()))
        self.process.send_signal(signal.SIGSTOP)
        while self.read(0):
            pass
        self.screen.resize(columns, rows)
        self.size(columns, rows)
        frames = self.screen.frames
        self.process.send_signal(signal.SIGWINCH)
        self.process.send_signal(signal.SIGCONT)
        self.wait_for(lambda: self.process.poll() is not None or self.screen.frames > frames)

    def end(self):
        """The exit code, after all output was shown."""
        self.wait_for(lambda: self.process.poll() is not None)
        while self.read(0):
            pass
        return self.close()

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        code = self.process.wait()
        self.process.stderr.close()
        for descriptor in (self.ours, self.theirs):
            os.close(descriptor)
        return code


class OnATerminal(daemon_lib.Case):
    def setUp(self):
        super().setUp()
        daemon_lib.write_model(self.models, "other")
        self.configure(defaults={"models": ["tiny", "other"], "backend": "local"},
                       fetch={"concurrency": 4, "per_host": 4, "timeout": "60s"})

    def watch(self, columns=100, rows=24, **more):
        return Watch(columns, rows, "--config", self.config, **more)

    def assert_shows_the_database(self, lines):
        """The lines below the prompt, in a terminal with room for all of them."""
        rows = self.query("SELECT model, framework, backend, done, failed, pending, leased, enqueued FROM progress")
        ended, enqueued = sum(r[3] + r[4] for r in rows), sum(r[7] for r in rows)
        self.assertIn(f" {ended}/{enqueued}", lines[0])
        for model, framework, backend, done, failed, pending, leased, _ in rows:
            name = " ".join(word for word in (model, framework, backend) if word)
            line = next(line for line in lines if line.startswith(f"{name} "))
            facts = [int(n) for n in re.findall(r"(\d+) (?:done|failed|pending|in flight)", line)]
            self.assertEqual(facts, [done, failed, pending, leased], line)
        reasons = {("failed" if state == "failed" else "waiting", stage, reason, str(count)) for
                   state, stage, reason, count in self.query("SELECT state, stage, reason, count FROM reasons")}
        shown = {(words[0], words[2], words[3], words[1]) for words in map(str.split, lines)
                 if words and words[0] in ("failed", "waiting")}
        self.assertEqual(shown, reasons)

    def test_the_last_frame_is_the_database_whatever_the_window_went_through(self):
        slow = [f"/slow/{name}?bps=25000&{i}" for i in range(6) for name in self.pictures[:6]]
        self.enqueue(slow + [f"/no-such/{i}.jpg" for i in range(5)])
        watch = self.watch()
        self.addCleanup(lambda: watch.process.poll() is None and watch.close())
        daemon = self.daemon("--once")
        seen = lambda text: any(text in line for line in watch.screen.text())  # noqa: E731
        watch.wait_for(lambda: seen("tiny") and re.search(r" [1-9]\d*/82", watch.screen.text()[1]))
        watch.wait_for(lambda: any(re.match(r"fetch +working +[1-4]/4 in flight", line)
                                   for line in watch.screen.text()))
        for columns, rows in ((60, 24), (35, 24), (20, 5), (40, 8), (120, 30)):
            watch.resize(columns, rows)
            lines = watch.screen.text()
            self.assertEqual(lines[0], PROMPT)
            if rows == 24:  # all frames so far had room: none has left anything behind
                self.assertEqual(sum("/82" in line for line in lines), 1, lines)
        self.assertEqual(watch.end(), 0)
        self.assertEqual(daemon.wait(), 0)
        self.assertTrue(watch.screen.cursor)
        self.assertEqual((watch.screen.column, watch.screen.text()[-1]), (0, ""))
        lines = watch.screen.text()
        first = max(i for i, line in enumerate(lines) if "82/82" in line)
        self.assert_shows_the_database(lines[first:])
        self.assertIn("█", lines[first])
        self.assertIn("32", watch.screen.colors)

    def test_signals_end_it_with_the_cursor_back(self):
        self.enqueue([f"/ok/{name}" for name in self.pictures[:3]])
        for number in (signal.SIGINT, signal.SIGTERM):
            watch = self.watch()
            watch.wait_for(lambda: "0/6" in watch.screen.text()[1])
            self.assertFalse(watch.screen.cursor)
            watch.process.send_signal(number)
            self.assertEqual(watch.end(), 0)
            self.assertTrue(watch.screen.cursor)
            self.assertEqual(watch.screen.column, 0)
            self.assertIn("no daemon is working on this database", watch.screen.text())
            self.assert_shows_the_database(watch.screen.text()[1:])

    def test_a_stop_gives_the_cursor_back_until_it_goes_on(self):
        self.enqueue([f"/ok/{name}" for name in self.pictures[:3]])
        watch = self.watch()
        watch.wait_for(lambda: not watch.screen.cursor)
        watch.process.send_signal(signal.SIGTSTP)
        watch.wait_for(lambda: watch.screen.cursor)
        state = pathlib.Path(f"/proc/{watch.process.pid}/stat")
        watch.wait_for(lambda: state.read_text().rsplit(")", 1)[1].split()[0] == "T")
        lines = len(watch.screen.lines)
        watch.process.send_signal(signal.SIGCONT)
        watch.wait_for(lambda: not watch.screen.cursor and len(watch.screen.lines) > lines)
        watch.process.send_signal(signal.SIGINT)
        self.assertEqual(watch.end(), 0)
        self.assertTrue(watch.screen.cursor)

    def test_a_terminal_that_goes_ends_it(self):
        self.enqueue([f"/ok/{name}" for name in self.pictures[:3]])
        watch = self.watch()
        watch.wait_for(lambda: "0/6" in watch.screen.text()[1])
        os.close(watch.ours)
        watch.ours = os.open("/dev/null", os.O_RDONLY)
        self.assertEqual(watch.process.wait(lib.DEADLINE), 74)
        self.assertEqual(watch.process.stderr.read().count(b"\n"), 1)
        watch.close()

    def test_a_low_terminal_shows_what_fits(self):
        self.enqueue([f"/ok/{name}" for name in self.pictures[:3]])
        watch = self.watch(20, 4)
        watch.wait_for(lambda: watch.screen.frames > 0)
        watch.process.send_signal(signal.SIGINT)
        self.assertEqual(watch.end(), 0)
        self.assertEqual(watch.screen.text()[1], "░░░░░░   0 %  0/6")
        self.assertEqual(watch.screen.text()[2:], ["no daemon is worki…", "…and 2 more", ""])

    def test_what_the_environment_asks_for_is_respected(self):
        self.enqueue([f"/ok/{name}" for name in self.pictures[:3]])
        self.once()
        for env, escapes, colors, block in (({"NO_COLOR": "1"}, True, False, "█"), ({"LC_ALL": "C"}, True, True, "#"),
                                            ({"TERM": "dumb"}, False, False, "#"), ({"TERM": ""}, False, False, "#")):
            watch = self.watch(env=env)
            self.assertEqual(watch.end(), 0)
            self.assertEqual("\x1b" in watch.output, escapes, env)
            self.assertEqual(bool(watch.screen.colors), colors, env)
            self.assertIn(block, watch.output)
            self.assertIn("6/6", watch.output)


if __name__ == "__main__":
    lib.main()
