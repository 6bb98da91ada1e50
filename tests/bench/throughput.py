#!/usr/bin/python3
"""URLs per second of the daemon beside `curl --parallel`, which merely downloads the same list.

The daemon downloads, decodes every byte, asks an instant CarML server (1,000 classes, its picture not looked at) and
commits durably. Both sides and both servers share the same CPUs on loopback. Rounds alternate.

    tests/bench/throughput.py [--urls N] [--rounds N] [--send images|upload|url]
"""
import argparse
import json
import os
import pathlib
import subprocess
import tempfile
import time

import measure

CONFIG = """
fetch:
  allow_addresses: [127.0.0.0/8]
  per_host: {width}
  concurrency: {width}
carml:
  url: {carml}
  send: {send}
  concurrency: {concurrency}
"""


class Bench:
    def __init__(self, folder, urls, send, width, concurrency=32):
        self.folder, self.count, self.runs = folder, urls, 0
        root = folder / "www"
        root.mkdir()
        pictures = measure.photo(root / "x.jpg")
        self.web = measure.system.Server("webserver", "--port", "0", "--root", root)
        self.carml = measure.system.Server("carml_server", "--port", "0", "--generation", "b", "--instant", "1000",
                                       "--instant-fetch", "no", "--images-work")
        self.urls = ["%s/same/%s/%d" % (self.web.url, pictures[i % len(pictures)].name, i) for i in range(urls)]
        self.bytes = sum(p.stat().st_size for p in pictures) / len(pictures)
        self.list = folder / "urls.txt"
        self.list.write_text("".join(u + "\n" for u in self.urls))
        self.curl_list = folder / "urls.curl"
        self.curl_list.write_text("".join('url="%s"\noutput="/dev/null"\n' % u for u in self.urls))
        self.config = folder / "carmlbench.yml"
        self.config.write_text(CONFIG.format(carml=self.carml.url, send=send, width=width,
                                             concurrency=concurrency))
        self.width, self.timings = width, []

    def enqueue(self, database, urls):
        measure.system.run("carmlbench", "--config", self.config, "--db", database, "enqueue", urls, "--backend", "carml",
                           "--model", "AlexNet:1.0", "--framework", "Caffe:1.0", check=0, timeout=600)

    def daemon(self):
        self.runs += 1
        database = self.folder / ("run%d.db" % self.runs)
        self.enqueue(database, self.list)
        start = time.monotonic()
        before = os.times()
        done = measure.system.run("carmlbenchd", "--config", self.config, "--db", database, "--once", "--timings", check=0,
                              timeout=600)
        seconds = time.monotonic() - start
        after = os.times()
        cpu = (after.children_user + after.children_system - before.children_user - before.children_system) * 1000
        status = json.loads(measure.system.run("carmlbench", "--db", database, "status", "--json", check=0).stdout)
        assert status["total"]["done"] == self.count, status["total"]
        timings = json.loads(done.stdout[done.stdout.index("{"):])
        timings["process_cpu_ms_per_url"] = cpu / self.count
        self.timings.append(timings)
        database.unlink()
        return self.count / seconds

    def curl(self):
        start = time.monotonic()
        subprocess.run(["curl", "--silent", "--show-error", "--no-progress-meter", "--parallel", "--parallel-max", str(min(self.width, 300)),
                        "--config", str(self.curl_list)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return self.count / (time.monotonic() - start)

    def close(self):
        self.web.stop()
        self.carml.stop()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--urls", type=int, default=3000)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--send", default="images")
    p.add_argument("--width", type=int, default=64, help="downloads in flight, on both sides")
    a = p.parse_args()
    with tempfile.TemporaryDirectory(prefix="carmlbench-bench-") as folder:
        bench = Bench(pathlib.Path(folder), a.urls, a.send, a.width)
        print("%s; %d URLs of %.0f bytes, send %s" % (measure.machine(), a.urls, bench.bytes, a.send))
        values = measure.alternate(a.rounds, curl=bench.curl, carmlbenchd=bench.daemon)
        bench.close()
        measure.report("Throughput", "URLs/s", values, "curl")
        middle = sorted(bench.timings, key=lambda t: t["process_cpu_ms_per_url"])[len(bench.timings) // 2]
        print("CPU of the median round, ms per URL by stage:")
        measure.dump(middle)


if __name__ == "__main__":
    main()
