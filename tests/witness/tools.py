"""Installs what the witnesses need, and says what could not be had.

Debian packages are the Makefile's business. Packages of npm, with their versions, go below
build/witness: nothing of them comes near the source tree, their install scripts are not run.
"""

import functools
import json
import os
import pathlib
import shutil
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / os.environ.get("BUILD", "build") / "witness"
MODULES = WORK / "node" / "node_modules"
PACKAGES = {"onnxruntime-node": "1.30.0", "@tensorflow/tfjs": "4.22.0",
            "@tensorflow/tfjs-backend-wasm": "4.22.0"}
INSTALL_LIMIT = 900


def is_installed(package, version):
    try:
        return json.loads((MODULES / package / "package.json").read_text())["version"] == version
    except (OSError, ValueError, KeyError):
        return False


@functools.cache
def javascript():
    """Why programs for node cannot run, or None."""
    if not shutil.which("node"):
        return "nodejs is not installed"
    missing = [f"{p}@{v}" for p, v in PACKAGES.items() if not is_installed(p, v)]
    if not missing:
        return None
    if not shutil.which("npm"):
        return "npm is not installed"
    MODULES.parent.mkdir(parents=True, exist_ok=True)
    (MODULES.parent / "package.json").write_text('{"private": true}\n')
    print("installing: " + " ".join(missing), flush=True)
    try:
        done = subprocess.run(["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *missing],
                              cwd=MODULES.parent, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=INSTALL_LIMIT)
    except subprocess.TimeoutExpired:
        return f"npm install took longer than {INSTALL_LIMIT} s"
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line.lower()]
        return f"npm install failed: {said[0] if said else 'no reason given'}"
    return None


@functools.cache
def python_module(module, package):
    """Why the module of a Debian package cannot be imported, or None."""
    done = subprocess.run([os.environ.get("PYTHON", "/usr/bin/python3"), "-c", f"import {module}"],
                          capture_output=True, text=True)
    if done.returncode == 0:
        return None
    return f"{package} is not installed ({done.stderr.strip().splitlines()[-1]})"
