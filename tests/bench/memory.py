#!/usr/bin/python3
"""Resident memory of one daemon at rest after 1,000 URLs and after 100,000, and the highest on the way.

    tests/bench/memory.py [--first N] [--last N]
"""
import argparse
import pathlib
import re
import sqlite3
import tempfile
import time

import measure
import throughput


def kilobytes(pid, field):
    text = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(re.search(r"%s:\s+(\d+) kB" % field, text).group(1))


def open_jobs(database):
    with sqlite3.connect("file:%s?mode=ro" % database, uri=True) as db:
        return db.execute("SELECT coalesce(sum(pending + leased), 0) FROM progress").fetchone()[0]


class Service:
    def __init__(self, folder, last):
        self.bench = throughput.Bench(folder, last, "images", 64, concurrency=8)
        self.database = folder / "memory.db"
        self.list = folder / "part.txt"
        self.ended = 0
        self.enqueue(1)
        self.daemon = measure.system.Process("carmlbenchd", "--config", self.bench.config, "--db", self.database)

    def enqueue(self, until):
        self.list.write_text("".join(u + "\n" for u in self.bench.urls[self.ended:until]))
        self.bench.enqueue(self.database, self.list)
        self.ended = until

    def work(self, until):
        """Enqueues up to that many URLs in all, waits until they are through, and returns what is resident then."""
        self.enqueue(until)
        while open_jobs(self.database):
            assert self.daemon.process.poll() is None, self.daemon.stderr_text()
            time.sleep(0.05)
        time.sleep(3)  # the daemon gives unused memory back every second
        return kilobytes(self.daemon.pid, "VmRSS")

    def close(self):
        peak = kilobytes(self.daemon.pid, "VmHWM")
        self.daemon.stop()
        self.bench.close()
        return peak


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--first", type=int, default=1000)
    p.add_argument("--last", type=int, default=100000)
    a = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="carmlbench-bench-") as folder:
        service = Service(pathlib.Path(folder), a.last)
        readings = []
        for until in [a.first] + [a.last * k // 10 for k in range(1, 11)]:
            if not readings or until > readings[-1][0]:
                readings.append((until, service.work(until)))
                print("after %7d URLs: RSS %7d kB" % readings[-1], flush=True)
        peak = service.close()
        (_, first), (_, last) = readings[0], readings[-1]
        print("growth %+.1f %% from %d to %d URLs; highest on the way %d kB" %
              (100 * (last - first) / first, readings[0][0], readings[-1][0], peak))


if __name__ == "__main__":
    main()
