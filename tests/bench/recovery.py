#!/usr/bin/python3
"""From SIGKILL to the first new outcome, with a million URLs queued.

    tests/bench/recovery.py [--urls N] [--rounds N]
"""
import argparse
import pathlib
import signal
import sqlite3
import statistics
import tempfile
import time

import measure
import throughput


def outcomes(database):
    with sqlite3.connect("file:%s?mode=ro" % database, uri=True) as db:
        return db.execute("SELECT coalesce(sum(done + failed), 0) FROM progress").fetchone()[0]


def start(bench, database):
    """Starts a daemon and returns it with the seconds until it recorded something."""
    before, begin = outcomes(database), time.monotonic()
    daemon = measure.system.Process("carmlbenchd", "--config", bench.config, "--db", database)
    while outcomes(database) == before:
        assert daemon.process.poll() is None, daemon.stderr_text()
    return daemon, time.monotonic() - begin


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--urls", type=int, default=1000000)
    p.add_argument("--rounds", type=int, default=5)
    a = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="carmlbench-bench-") as folder:
        bench = throughput.Bench(pathlib.Path(folder), a.urls, "url", 64)
        database = pathlib.Path(folder) / "recovery.db"
        begin = time.monotonic()
        bench.enqueue(database, bench.list)
        print("enqueue of %d URLs: %.1f s" % (a.urls, time.monotonic() - begin), flush=True)
        seconds = []
        for _ in range(a.rounds):
            daemon, took = start(bench, database)
            seconds.append(took)
            daemon.signal(signal.SIGKILL)
            daemon.wait()
            daemon.close()
        bench.close()
        print("crash to first new outcome with %d URLs queued: median %.3f s, max %.3f s of %d" %
              (a.urls, statistics.median(seconds), max(seconds), a.rounds))


if __name__ == "__main__":
    main()
