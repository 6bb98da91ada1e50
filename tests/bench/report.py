#!/usr/bin/python3
"""What `report` and `status` take when there are very many results, and how much memory.

report.py [--results N]... [--rounds N] [--keep FILE]

Fills a database of a tenth, and of all, of the results: URLs of 1,000 classes, each expected by
synset and name and answered by two frameworks, one picture in a hundred a duplicate.
"""
import argparse
import hashlib
import pathlib
import random
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile

import measure
from measure import system

CLASSES = 1000
FRAMEWORKS = ["Caffe", "TensorFlow"]


def results_of(rows):
    """Right four times in five; where the frameworks differ, it is a matter of the fifth digit."""
    draw = random.Random(1)
    for i in range(1, rows + 1):
        luck = draw.random()
        for target in (1, 2):
            said = i % CLASSES if luck < 0.8 or target == 2 and luck < 0.802 else draw.randrange(CLASSES)
            first = 0.3 + 0.69 * luck + 1e-5 * target
            others = (said + 1) % CLASSES, (said + 2) % CLASSES
            yield (i, target, 1, 1, picture_of(i), "local", 200, None, draw.random() * 300, draw.random() * 10,
                   draw.random() * 50, 1700000000000 + i * 20, said, said + 1, first,
                   others[0], others[0] + 1, (1 - first) / 2, others[1], others[1] + 1, (1 - first) / 3)


def picture_of(item):
    """One URL in a hundred answers with the picture of the one before."""
    return item - 1 if item % 100 == 1 and item > 1 else item


def fill(database, results):
    urls = results // 2
    system.run("carmlbench", "--db", database, "enqueue", "-", "--run", "filled", input="", check=0)
    db = sqlite3.connect(database)
    db.executescript("PRAGMA synchronous = OFF; PRAGMA cache_size = -100000;")
    db.execute("DELETE FROM tally")
    db.execute("DELETE FROM target")
    db.executemany("INSERT INTO target VALUES (?, 'squeezenet', '', ?, '', 'auto')", enumerate(FRAMEWORKS, 1))
    db.execute("INSERT INTO producer VALUES (1, 'local', 'engine', '', '', '')")
    for i in range(1, CLASSES + 1):
        line = "n%08d class number %d, another name of it" % (i * 7, i)
        db.execute("INSERT INTO label (id, line, wnid, name, class_id) VALUES (?, ?, ?, ?, ?)",
                   (i, line, line[:9], line[10:], i))
        db.execute("INSERT INTO expectation VALUES (?, ?, ?)", (i, line[:9], "number %d," % i))
    run = db.execute("SELECT id FROM run").fetchone()[0]
    used = [sum(picture_of(j) == i for j in (i, i + 1) if j <= urls) for i in range(1, urls + 1)]
    db.executemany("INSERT INTO image VALUES (?, ?, ?, 'jpeg', 40000, 500, 375, ?, 0)",
                   ((i, run, hashlib.sha256(b"%d" % i).hexdigest(), used[i - 1])
                    for i in range(1, urls + 1) if used[i - 1]))
    db.executemany("INSERT INTO item (id, run_id, url, expectation_id, image_id) VALUES (?, ?, ?, ?, ?)",
                   ((i, run, "http://host%d.example/some/path/%08d.jpg" % (i % 977, i), i % CLASSES + 1,
                     picture_of(i)) for i in range(1, urls + 1)))
    db.executemany("INSERT INTO job VALUES (?, ?, 2, 1, 1, 0, NULL)",
                   ((i, target) for i in range(1, urls + 1) for target in (1, 2)))
    db.executemany("INSERT INTO result VALUES (%s)" % ", ".join("?" * 21), results_of(urls))
    db.executemany("INSERT INTO tally (run_id, target_id, enqueued, done) VALUES (?, ?, ?, ?)",
                   ((run, target, urls, urls) for target in (1, 2)))
    db.executemany("INSERT INTO throughput VALUES (?, ?, ?, 0)",
                   ((run, 1700000000 + 10 * i, 1000) for i in range(results // 1000)))
    db.commit()
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    db.close()


def once(words):
    """Milliseconds, and the most memory in MiB of this one child."""
    code = ("import resource, subprocess, sys, time\n"
            "begin = time.monotonic()\n"
            "code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode\n"
            "print(1000 * (time.monotonic() - begin), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)\n"
            "sys.exit(code)\n")
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit("%s: %s" % (" ".join(words), done.stderr.strip()))
    return tuple(float(word) for word in done.stdout.split())


def measure_one(database, results, rounds):
    program = system.binary("carmlbench")
    page = database.with_suffix(".html")
    commands = {"status": ["status"], "report": ["report"], "report --json": ["report", "--json"],
                "report --html": ["report", "--html", str(page)]}
    if "--html" not in system.run(program, "report", "--help").stdout:
        del commands["report --html"]
    for name, words in commands.items():
        values = [once([program, "--db", str(database), *words]) for _ in range(rounds)]
        times, memory = zip(*values)
        print("  %9d results  %-14s median %8.0f  min %8.0f  max %8.0f ms   %6.1f MiB" %
              (results, name, statistics.median(times), min(times), max(times), max(memory)), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--results", type=int, action="append", help="default: 100000 and 1000000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--keep", help="leave the largest database in this file")
    options = parser.parse_args()
    print("report and status, %s" % measure.machine())
    with tempfile.TemporaryDirectory(prefix="carmlbench-report-") as folder:
        for results in options.results or [100000, 1000000]:
            database = pathlib.Path(folder) / ("%d.db" % results)
            fill(database, results)
            if options.keep:
                shutil.copyfile(database, options.keep)
            measure_one(database, results, options.rounds)


if __name__ == "__main__":
    main()
