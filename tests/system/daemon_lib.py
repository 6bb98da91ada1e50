"""daemon_lib: what the tests of carmlbenchd share: a small model, a folder of pictures, a web server, a
configuration, and the daemon itself."""

import json
import os
import sqlite3
import struct

import lib

LABELS = ["n01000001 dark", "n01000002 light", "n01000003 other"]


def _varint(n):
    out = b""
    while n > 0x7f:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def _field(number, payload):
    return _varint(number << 3 | 2) + _varint(len(payload)) + payload


def _blob(shape, values):
    """A caffe.BlobProto: data = 5 (packed floats), shape = 7 (BlobShape.dim = 1, packed)."""
    dims = b"".join(_varint(d) for d in shape)
    return _field(5, struct.pack(f"<{len(values)}f", *values)) + _field(7, _field(1, dims))


def write_model(folder, name="tiny", size=8):
    """A Caffe network of one inner product and a softmax: bright pictures are "light"."""
    inputs = 3 * size * size
    weights = [-1.0 / inputs] * inputs + [1.0 / inputs] * inputs + [0.0] * inputs
    layer = (_field(1, b"fc") + _field(2, b"InnerProduct") + _field(3, b"data") + _field(4, b"fc") +
             _field(7, _blob([3, inputs], weights)) + _field(7, _blob([3], [0.0, 0.0, -1.0])))
    (folder / f"{name}.caffemodel").write_bytes(_field(1, name.encode()) + _field(100, layer))
    (folder / f"{name}.prototxt").write_text(
        f'name: "{name}"\n'
        'layer { name: "data" type: "Input" top: "data" '
        f'input_param {{ shape {{ dim: 1 dim: 3 dim: {size} dim: {size} }} }} }}\n'
        'layer { name: "fc" type: "InnerProduct" bottom: "data" top: "fc" '
        'inner_product_param { num_output: 3 } }\n'
        'layer { name: "prob" type: "Softmax" bottom: "fc" top: "prob" }\n')
    (folder / f"{name}.txt").write_text("".join(label + "\n" for label in LABELS))
    (folder / f"{name}.yml").write_text(
        f"name: {name}\nversion: 1.0\nframework:\n  name: Caffe\n  version: 1.0\n"
        "inputs:\n  - type: image\n    parameters:\n"
        f"      dimensions: [3, {size}, {size}]\n      mean: [128, 128, 128]\n      scale: 64\n"
        "      color_mode: RGB\n      layout: CHW\n"
        f"output:\n  type: feature\n  parameters:\n    features_url: {name}.txt\n"
        f"model:\n  graph_path: {name}.prototxt\n  weights_path: {name}.caffemodel\n")


class Case(lib.Case):
    """self.folder holds models/, www/ and bench.db; self.web serves www/."""

    def setUp(self):
        super().setUp()
        self.models = self.folder / "models"
        self.www = self.folder / "www"
        self.database = self.folder / "bench.db"
        self.models.mkdir()
        self.www.mkdir()
        write_model(self.models)
        lib.run("draw", "--count", "2", self.www)
        self.pictures = sorted(p.name for p in self.www.glob("*.jpg"))
        lib.run("draw", "--png", self.www / "circle.png")
        lib.run("draw", "--placeholder", self.folder / "gone.jpg")
        self.web = self.start("webserver", "--root", self.www, "--placeholder",
                              self.folder / "gone.jpg")

    def configure(self, **sections):
        """Writes the configuration; arguments are sections with their options as JSON (which YAML
        is)."""
        base = {
            "database": str(self.database),
            "defaults": {"models": ["tiny"], "backend": "local"},
            "models": {"path": [str(self.models)]},
            "fetch": {"allow_addresses": ["127.0.0.0/8"], "timeout": "3s", "low_speed_time": "1s"},
            "retry": {"tries": 2, "base": "10ms", "cap": "50ms"},
        }
        for name, options in sections.items():
            if isinstance(options, dict):
                base.setdefault(name, {}).update(options)
            else:
                base[name] = options
        lines = []
        for name, options in base.items():
            if not isinstance(options, dict):
                lines.append(f"{name}: {json.dumps(options)}")
                continue
            lines.append(f"{name}:")
            lines += [f"  {key}: {json.dumps(value)}" for key, value in options.items()]
        self.config = self.folder / "carmlbench.yml"
        self.config.write_text("\n".join(lines) + "\n")
        return self.config

    def enqueue(self, paths, *more):
        """Adds URLs; what is no URL is a path on the web server."""
        urls = [p if "://" in p else f"{self.web.url}{p}" for p in paths]
        return lib.run("carmlbench", "--config", self.config, "enqueue", "-", *more,
                       input="".join(u + "\n" for u in urls), check=0)

    def once(self, *more, check=0, env=None):
        return lib.run("carmlbenchd", "--config", self.config, "--once", *more, check=check,
                       env=env)

    def daemon(self, *more, env=None, stderr=None):
        return self.background("carmlbenchd", "--config", self.config, *more, env=env,
                               stderr=stderr)

    def query(self, sql, *values):
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30) as db:
            return db.execute(sql, values).fetchall()

    def outcome_of(self, path):
        """('done', label) or ('failed', reason) of the URL; fails when it has not exactly one."""
        url = path if "://" in path else f"{self.web.url}{path}"
        rows = [("done", r[0]) for r in self.query("SELECT label1 FROM results WHERE url=?", url)]
        rows += [("failed", r[0]) for r in self.query("SELECT reason FROM failures WHERE url=?",
                                                       url)]
        self.assertEqual(len(rows), 1, f"{url}: {rows}")
        return rows[0]

    def assert_sound(self):
        """fsck finds nothing, and nothing is under lease."""
        lib.run("carmlbench", "--config", self.config, "fsck", check=0)
        rows = self.query("SELECT sum(pending), sum(leased) FROM progress")
        self.assertEqual(rows[0][1] or 0, 0)
        return rows[0][0] or 0
