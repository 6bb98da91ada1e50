#!/usr/bin/python3
"""make bench: every measurement, one after the other; see the single files for their options."""
import pathlib
import subprocess
import sys

import measure

HERE = pathlib.Path(__file__).resolve().parent
STEPS = [
    [str(measure.BUILD / "tests/bench/enqueue"), "1000000", "3"],
    [str(measure.BUILD / "tests/bench/answer")],
    ["throughput.py"],
    ["throughput.py", "--send", "url"],
    ["memory.py", "--last", "20000"],
    ["recovery.py"],
    ["convert.py"],
    ["report.py"],
]


def main():
    failed = 0
    for step in STEPS:
        command = [sys.executable, str(HERE / step[0]), *step[1:]] if step[0].endswith(".py") else step
        print("\n== %s" % " ".join(pathlib.Path(step[0]).name if i == 0 else w for i, w in enumerate(step)), flush=True)
        failed |= subprocess.run(command).returncode
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
