"""browser_lib: Debian's chromium without a window, spoken to over two pipes in the DevTools protocol (no
network port, nothing but the standard library)."""

import base64
import contextlib
import fcntl
import json
import os
import pathlib
import select
import shutil
import subprocess
import tempfile
import time
import unittest

import lib


class Browser:
    """One page. Use as a context manager."""

    def __init__(self, width=1400, height=900, dark=False):
        program = shutil.which("chromium")
        if not program:
            raise unittest.SkipTest("skipped: chromium is not installed")
        self.profile = tempfile.mkdtemp(prefix="carmlbench-browser-")
        # Numbers far from 3 and 4, which the browser wants to have.
        theirs_in, self._out = self._pipe()
        self._in, theirs_out = self._pipe()

        def arrange():
            os.dup2(theirs_in, 3)
            os.dup2(theirs_out, 4)

        self.process = subprocess.Popen(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             "--no-first-run", "--disable-background-networking", "--no-proxy-server",
             f"--user-data-dir={self.profile}", "--remote-debugging-pipe", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            preexec_fn=arrange, pass_fds=(3, 4), env={**os.environ, "HOME": self.profile})
        os.close(theirs_in)
        os.close(theirs_out)
        self._number, self._pending, self.events, self._session = 0, b"", [], None
        try:
            target = self.call("Target.createTarget", url="about:blank")["targetId"]
            self._session = self.call("Target.attachToTarget", targetId=target,
                                      flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log"):
                self.call(f"{domain}.enable")
            self.call("Emulation.setDeviceMetricsOverride", width=width, height=height,
                      deviceScaleFactor=1, mobile=False)
            self.call("Emulation.setEmulatedMedia", features=[
                {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])
        except BaseException:
            self.close()
            raise

    @staticmethod
    def _pipe():
        ends = os.pipe()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 20) for end in ends]
        for end in ends:
            os.close(end)
        return high

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.process.kill()
        self.process.wait()
        for end in (self._in, self._out):
            os.close(end)
        # Its helpers go after it, and may still write into the folder.
        end = time.monotonic() + lib.DEADLINE
        while os.path.exists(self.profile) and time.monotonic() < end:
            shutil.rmtree(self.profile, ignore_errors=True)

    def _message(self, end):
        while b"\0" not in self._pending:
            left = end - time.monotonic()
            if not select.select([self._in], [], [], max(left, 0))[0]:
                raise AssertionError("the browser does not answer")
            data = os.read(self._in, 1 << 20)
            if not data:
                raise AssertionError("the browser has ended")
            self._pending += data
        text, self._pending = self._pending.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + lib.DEADLINE
        while True:
            answer = self._message(end)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise AssertionError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def open(self, url):
        self.call("Page.navigate", url=url)

    def eval(self, expression):
        """The value of a JavaScript expression in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True,
                           awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, expression):
        """Until the expression is true; returns its value."""
        end = time.monotonic() + lib.DEADLINE
        while True:
            with contextlib.suppress(AssertionError):  # the page is just being loaded
                value = self.eval(expression)
                if value:
                    return value
            if time.monotonic() > end:
                raise AssertionError(f"never true: {expression}\n" +
                                     str(self.eval("document.body.innerText")))
            time.sleep(0.05)

    def complaints(self):
        """What the page's scripts and its policy complained about so far."""
        self.eval("0")
        found = []
        for event in self.events:
            if event["method"] == "Runtime.exceptionThrown":
                found.append(event["params"]["exceptionDetails"])
            if event["method"] == "Log.entryAdded":
                entry = event["params"]["entry"]
                if entry["level"] == "error" and "favicon" not in entry.get("url", ""):
                    found.append(entry)
        return found

    def screenshot(self, path, whole=True):
        data = self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))
