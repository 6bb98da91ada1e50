#!/usr/bin/python3
"""Whatever is killed, every URL ends with exactly one outcome.

The real daemon works through a list against the real test servers while it, or the CarML server, is killed with
SIGKILL at random moments. KILLS and URLS in the environment make it longer.
"""
import json
import os
import pathlib
import random
import signal
import sqlite3
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import lib  # noqa: E402

URLS = int(os.environ.get("URLS", "2000"))
KILLS = int(os.environ.get("KILLS", "50"))
SERVER_KILLS = int(os.environ.get("SERVER_KILLS", "10"))
SEED = int(os.environ.get("SEED", "1"))

CONFIG = """
fetch:
  allow_addresses: [127.0.0.0/8]
  per_host: 64
  timeout: 20s
retry:
  tries: 20
  base: 10ms
  cap: 200ms
carml:
  url: {url}
  breaker_pause: 20ms
  breaker_cap: 200ms
  predict_timeout: 20s
"""


class Kill(lib.Case):
    def setUp(self):
        super().setUp()
        self.database = self.folder / "kill.db"
        self.random = random.Random(SEED)
        root = self.folder / "www"
        root.mkdir()
        lib.run("draw", "--count", "3", "--seed", "7", root, check=0)
        self.pictures = sorted(p.name for p in root.glob("*.jpg"))
        self.web = self.start("webserver", "--port", "0", "--root", root)

    def enqueue(self):
        """One bad URL in ten; every URL its own, so that each is one job."""
        lines = []
        for i in range(URLS):
            path = "404" if i % 10 == 3 else "ok/" + self.pictures[i % len(self.pictures)]
            lines.append(f"{self.web.url}/{path}?n={i}\n")
        path = self.folder / "urls.txt"
        path.write_text("".join(lines))
        done = lib.run("carmlbench", "--config", self.config, "--db", self.database, "enqueue", path, "--json",
                       "--backend", "carml", "--model", "AlexNet:1.0", "--framework", "Caffe:1.0", check=0)
        self.assertEqual(json.loads(done.stdout)["added"], URLS)

    def start_carml(self, port="0"):
        return lib.Server("carml_server", "--port", port, "--generation", "b", "--instant", "1000")

    def configure(self, carml):
        self.config = self.folder / "carmlbench.yml"
        self.config.write_text(CONFIG.format(url=carml.url))

    def daemon(self):
        return lib.Process("carmlbenchd", "--config", self.config, "--db", self.database, "--once")

    def states(self):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=lib.DEADLINE) as db:
            return db.execute("SELECT sum(enqueued), sum(pending), sum(leased), sum(done), sum(failed) FROM progress"
                              ).fetchone()

    def finish_and_check(self):
        last = self.daemon()
        self.assertEqual(last.wait(300), 0, last.stderr_text())
        last.close()
        self.assertEqual(self.states()[:3], (URLS, 0, 0))
        lib.run("carmlbench", "--db", self.database, "fsck", check=0)
        with sqlite3.connect(self.database) as db:
            done = dict(db.execute("SELECT url, count(*) FROM results GROUP BY url"))
            failed = dict(db.execute("SELECT url, count(*) FROM failures GROUP BY url"))
            reasons = {r for (r,) in db.execute("SELECT DISTINCT reason FROM failures")}
        self.assertEqual(len(done) + len(failed), URLS)
        self.assertFalse(set(done) & set(failed))
        self.assertEqual(set(done.values()) | set(failed.values()), {1})
        self.assertEqual(len(failed), URLS // 10, "each bad URL costs its own row and no other")
        self.assertEqual(reasons, {"http_not_found"})

    def live_for_a_while(self, process, kills):
        """A random share of the work that is left for this life, then a random moment; one life in four ends during
        its start."""
        ended = sum(self.states()[3:])
        share = self.random.randint(0, (URLS - ended) // (KILLS - kills + 1))
        if self.random.random() < 0.25:
            share = 0
        while sum(self.states()[3:]) < ended + share:
            self.assertIsNone(process.process.poll(), process.stderr_text())
        try:
            process.wait(self.random.uniform(0, 0.008))
        except lib.subprocess.TimeoutExpired:
            pass

    def test_the_daemon_is_killed_at_random_moments(self):
        carml = self.start_carml()
        self.addCleanup(carml.kill)
        self.configure(carml)
        self.enqueue()
        kills = 0
        while kills < KILLS:
            process = self.daemon()
            self.live_for_a_while(process, kills)
            process.signal(signal.SIGKILL)
            code = process.wait()
            self.assertIn(code, (0, -signal.SIGKILL), process.stderr_text())
            process.close()
            if code == 0:
                break  # a very fast machine: everything was through before the last kill
            kills += 1
        print(f"killed {kills} times, then {self.states()}", flush=True)
        self.finish_and_check()

    def test_the_server_is_killed_and_restarted(self):
        carml = self.start_carml()
        self.configure(carml)
        self.enqueue()
        process = self.daemon()
        kills = 0
        for step in range(SERVER_KILLS):
            # Wait for progress, not for time: each life of the server must have answered something.
            goal = min((step + 1) * (URLS // (SERVER_KILLS + 2)), URLS)
            while sum(self.states()[3:]) < goal and process.process.poll() is None:
                pass
            if process.process.poll() is not None:
                break
            carml.kill()
            kills += 1
            carml = self.start_carml(str(carml.port))
        self.addCleanup(lambda: carml.kill())
        self.assertEqual(process.wait(300), 0, process.stderr_text())
        process.close()
        print(f"server killed {kills} times, then {self.states()}", flush=True)
        self.assertEqual(kills, SERVER_KILLS)
        self.finish_and_check()


if __name__ == "__main__":
    lib.main()
