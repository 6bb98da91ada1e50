#!/usr/bin/python3
"""Seconds and memory of `carmlbench convert --unverified`, beside `cp` of the same bytes.

VGG-16 (553 MB of weights) goes from every format into every format. A round runs cp and each conversion once, in turn;
everything is read from and written to the page cache of --folder, nothing is synced. CPU seconds (user + system) are
what a busy machine disturbs least. Needs ../shared/zoo, numpy and 4 GB of disk.

    tests/bench/convert.py [--from caffe,numpy,tensorflow,onnx] [--rounds N] [--folder FOLDER]
"""
import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import measure

ZOO = measure.ROOT.parent / "shared/zoo"
CACHE = pathlib.Path(os.environ.get("CARMLBENCH_CACHE", pathlib.Path.home() / ".cache/carmlbench-zoo"))
FILES = {"caffe": ["prototxt", "caffemodel"], "numpy": ["json", "npz"], "tensorflow": ["pb"], "onnx": ["onnx"]}
MB = 1 << 20


def run(*command):
    """(CPU seconds, wall seconds, peak resident bytes) of a command that must succeed."""
    start = time.monotonic()
    child = subprocess.Popen([str(word) for word in command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        sys.exit("failed: %s" % " ".join(str(word) for word in command))
    return used.ru_utime + used.ru_stime, time.monotonic() - start, used.ru_maxrss * 1024


def spec(stem, form):
    return ",".join("%s.%s" % (stem, suffix) for suffix in FILES[form])


def convert(model, to, stem, *options):
    return run(measure.BUILD / "bin/carmlbench", "convert", model, "--to", to, "-o", stem, *options)


def why_not():
    if not (ZOO / "vgg16/deploy.prototxt").exists():
        return "%s is not here" % ZOO
    try:
        import numpy  # noqa: F401 (make_weights.py needs it)
    except ImportError:
        return "numpy is not here: its weights cannot be made"
    return None


def prepare(folder):
    """VGG-16 in every format: {format: spec}."""
    weights = CACHE / "vgg16.caffemodel"
    if not weights.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        made = weights.with_suffix(".%d" % os.getpid())
        subprocess.run([sys.executable, str(ZOO / "make_weights.py"), str(ZOO / "vgg16/deploy.prototxt"), str(made)],
                       check=True, stdout=subprocess.DEVNULL)
        made.rename(weights)
    models = {"caffe": "%s,%s" % (ZOO / "vgg16/deploy.prototxt", weights)}
    for form in ("numpy", "tensorflow", "onnx"):
        convert(models["caffe"], form, folder / form, "--unverified")
        models[form] = spec(folder / form, form)
    return models


def measure_source(source, model, rounds, folder):
    """One line for each format that `model` goes into."""
    weights = pathlib.Path(model.split(",")[-1])
    size = weights.stat().st_size
    runs = {"cp": []} | {form: [] for form in FILES}
    for _ in range(rounds):
        for form, done in runs.items():
            if form == "cp":
                done.append(run("cp", weights, folder / "copy"))
                (folder / "copy").unlink()
                continue
            done.append(convert(model, form, folder / "out", "--unverified"))
            for made in folder.glob("out.*"):
                made.unlink()
    print("from %s, %.0f MB, %d rounds" % (source, size / 1e6, rounds))
    base = [statistics.median(run[i] for run in runs["cp"]) for i in (0, 1)]
    for form, done in runs.items():
        cpu, wall = ([run[i] for run in done] for i in (0, 1))
        memory = max(run[2] for run in done)
        print("  %-12s CPU median %.2f min %.2f s %5.2f x cp   wall median %.2f min %.2f s %5.2f x cp   peak %s" % (
            form, statistics.median(cpu), min(cpu), statistics.median(cpu) / base[0],
            statistics.median(wall), min(wall), statistics.median(wall) / base[1],
            "%.0f MB" % (memory / MB) if form == "cp" else "file %+.0f MB" % ((memory - size) / MB)))
    sys.stdout.flush()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--from", dest="sources", default=",".join(FILES))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--folder", help="where the converted models go for the while")
    a = p.parse_args()
    missing = why_not()
    if missing:
        print("not measured: %s" % missing)
        return
    with tempfile.TemporaryDirectory(prefix="carmlbench-bench-", dir=a.folder) as folder:
        models = prepare(pathlib.Path(folder))
        print(measure.machine())
        for source in a.sources.split(","):
            measure_source(source, models[source], a.rounds, pathlib.Path(folder))


if __name__ == "__main__":
    main()
