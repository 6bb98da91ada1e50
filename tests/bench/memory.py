#!/usr/bin/python3
"""Resident memory of the daemon after 1,000 and after 100,000 URLs, in one process.

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


def rss(pid):
    text = pathlib.Path("/proc/%d/status" % pid).read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", text).group(1))


def ended(database):
    with sqlite3.connect("file:%s?mode=ro" % database, uri=True) as db:
        return db.execute("SELECT coalesce(sum(done + failed), 0) FROM progress").fetchone()[0]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--first", type=int, default=1000)
    p.add_argument("--last", type=int, default=100000)
    a = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="carmlbench-bench-") as folder:
        bench = throughput.Bench(pathlib.Path(folder), a.last, "url", 64)
        database = pathlib.Path(folder) / "memory.db"
        measure.system.run("carmlbench", "--config", bench.config, "--db", database, "enqueue", bench.list, "--backend",
                       "carml", "--model", "AlexNet:1.0", "--framework", "Caffe:1.0", check=0, timeout=600)
        daemon = measure.system.Process("carmlbenchd", "--config", bench.config, "--db", database, "--once")
        marks = [a.first] + [a.last * k // 10 for k in range(1, 10)] + [a.last - 200]
        readings = []
        while marks and daemon.process.poll() is None:
            if ended(database) >= marks[0]:
                readings.append((ended(database), rss(daemon.pid)))
                marks.pop(0)
                print("after %7d URLs: RSS %7d kB" % readings[-1], flush=True)
            time.sleep(0.02)
        code = daemon.wait(600)
        bench.close()
        first, last = readings[0][1], readings[-1][1]
        print("exit %d; growth %.1f %% from %d to %d URLs" % (code, 100 * (last - first) / first, *[r[0] for r in (
            readings[0], readings[-1])]))


if __name__ == "__main__":
    main()
