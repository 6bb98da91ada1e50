"""measure: what the measurements share: rounds that alternate between the sides, and how they are reported."""
import json
import os
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import lib as system  # noqa: E402 (tests/system/lib.py)

ROOT, BUILD = system.ROOT, system.BUILD


def alternate(rounds, **sides):
    """Runs every side once a round, in turn; returns {side: [value of each round]}."""
    values = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            values[name].append(side())
    return values


def report(title, unit, values, baseline):
    """Median, minimum and maximum of each side, and the ratio of the medians to the baseline."""
    print(title)
    base = statistics.median(values[baseline])
    for name, v in values.items():
        middle = statistics.median(v)
        print("  %-28s median %10.1f  min %10.1f  max %10.1f %s   %.2f x %s" %
              (name, middle, min(v), max(v), unit, middle / base, baseline))
    sys.stdout.flush()


def machine():
    model = next((l.split(":", 1)[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "?")
    return "%s, %d CPUs, load %.2f" % (model, os.cpu_count(), os.getloadavg()[0])


def photo(path, width=500, height=375):
    """A JPEG of the size that ImageNet's URLs mostly have (about 40 kB), made by the drawing program."""
    folder = path.parent
    system.run("draw", "--count", "1", "--seed", "3", folder, check=0)
    return sorted(folder.glob("*.jpg"))


def dump(value):
    print(json.dumps(value, indent=1))
