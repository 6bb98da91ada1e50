#!/usr/bin/python3
"""make bench: every measurement, one after the other; see the single files for their options."""
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
STEPS = [["enqueue.py"], ["throughput.py"], ["throughput.py", "--send", "url"], ["memory.py", "--last", "20000"]]


def main():
    failed = 0
    for step in STEPS:
        if not (HERE / step[0]).exists():
            continue
        print("\n== %s" % " ".join(step), flush=True)
        failed |= subprocess.run([sys.executable, str(HERE / step[0]), *step[1:]]).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
