"""lib: what every system test needs: start programs, wait for what they say, talk HTTP to them.

Nothing here sleeps. A server is waited for by its "listening on" line, read with select() and a
deadline.

Environment: BUILD names the build folder (default "build", counted from the repository's root);
CARMLBENCH_SHARED the folder with reference material (default ../shared).
"""

import http.client
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / os.environ.get("BUILD", "build")
SHARED = pathlib.Path(os.environ.get("CARMLBENCH_SHARED", ROOT.parent / "shared"))
DEADLINE = float(os.environ.get("TEST_DEADLINE", "180"))

# A shell without job control starts what it runs in the background with these ignored, programs keep to what
# they inherit, and the tests send them.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGQUIT, signal.SIG_DFL)


def binary(name):
    """Path of a built program: 'carmlbenchd', 'webserver', ... Fails the test when it is not built."""
    for folder in ("bin", "tests/lib", "tests/system", "tests/fault", "tests/bench", "demo"):
        path = BUILD / folder / name
        if path.exists():
            return str(path)
    raise AssertionError(f"{BUILD}: no program {name}; run make first")


def shared(*parts):
    """A file of the reference material; skips the test with a clear word where it is absent."""
    path = SHARED.joinpath(*parts)
    if not path.exists():
        raise unittest.SkipTest(f"skipped: {path} is not on this machine")
    return path


def run(*arguments, input=None, check=None, env=None, cwd=None, timeout=DEADLINE):
    """Runs a program to its end; returns CompletedProcess with text. check=N asserts the exit code."""
    words = [str(a) for a in arguments]
    if os.sep not in words[0]:
        words[0] = binary(words[0])
    done = subprocess.run(words, input=input, capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})}, cwd=cwd)
    if check is not None and done.returncode != check:
        raise AssertionError(f"{words}: exit {done.returncode}, expected {check}\n"
                             f"{done.stdout}{done.stderr}")
    return done


class Process:
    """A program in the background whose stdout is read line by line."""

    def __init__(self, *arguments, env=None, cwd=None, stderr=None):
        words = [str(a) for a in arguments]
        if os.sep not in words[0]:
            words[0] = binary(words[0])
        self.words = words
        self.errors = stderr or tempfile.TemporaryFile()
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=self.errors,
                                        env={**os.environ, **(env or {})}, cwd=cwd)
        self.pid = self.process.pid
        self._pending = b""

    def wait_line(self, pattern, timeout=DEADLINE):
        """Reads stdout until a line matches; returns the match. Fails when the program ends first."""
        end = time.monotonic() + timeout
        descriptor = self.process.stdout.fileno()
        while True:
            while b"\n" in self._pending:
                line, self._pending = self._pending.split(b"\n", 1)
                match = re.search(pattern, line.decode(errors="replace"))
                if match:
                    return match
            left = end - time.monotonic()
            ready = select.select([descriptor], [], [], max(left, 0))[0]
            data = os.read(descriptor, 65536) if ready else b""
            if not data:
                what = "ended" if ready else f"said nothing for {timeout} s"
                raise AssertionError(f"{self.words}: {what}, waited for {pattern!r}\n"
                                     f"{self.stderr_text()}")
            self._pending += data

    def stderr_text(self):
        if self.errors.closed:
            return self._stderr
        # The program writes through the same file position, so it must not be moved.
        descriptor = self.errors.fileno()
        size = os.fstat(descriptor).st_size
        return os.pread(descriptor, size, 0).decode(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, timeout=DEADLINE):
        return self.process.wait(timeout)

    def kill(self):
        """SIGKILL, and waits for the end."""
        if self.process.poll() is None:
            self.process.kill()
        code = self.process.wait()
        self.close()
        return code

    def stop(self, timeout=DEADLINE):
        """SIGTERM, and returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"{self.words}: still there {timeout} s after SIGTERM") from None
        finally:
            self.close()

    def close(self):
        self._stderr = self.stderr_text()
        self.process.stdout.close()
        self.errors.close()


class Server(Process):
    """A test server; knows its port once the constructor returns."""

    def __init__(self, *arguments, **more):
        super().__init__(*arguments, **more)
        try:
            match = self.wait_line(r"listening on ([0-9.]+):(\d+)")
        except AssertionError:
            self.kill()
            raise
        self.host, self.port = match.group(1), int(match.group(2))
        self.url = f"http://{self.host}:{self.port}"

    def request(self, method, path, body=None, headers=None, timeout=DEADLINE):
        return request(self.port, method, path, body, headers, host=self.host, timeout=timeout)

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post_json(self, path, value, headers=None, timeout=DEADLINE):
        return self.request("POST", path, json.dumps(value).encode(),
                            {"Content-Type": "application/json", **(headers or {})}, timeout)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.chunked = response.chunked
        self.body = response.read()

    def json(self):
        return json.loads(self.body)


def request(port, method, path, body=None, headers=None, host="127.0.0.1", timeout=DEADLINE):
    """One HTTP exchange on a connection of its own; the body is complete or an exception is raised."""
    connection = http.client.HTTPConnection(host, port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        return Answer(connection.getresponse())
    finally:
        connection.close()



class Case(unittest.TestCase):
    """A test with a folder of its own, and programs that are gone when it ends."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="carmlbench-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, *arguments, **more):
        """A test server that is stopped at the end, and must then have ended with exit code 0."""
        server = Server(*arguments, **more)
        self.addCleanup(self._stop, server)
        return server

    def background(self, *arguments, **more):
        """Any program in the background; killed at the end if it is still there."""
        process = Process(*arguments, **more)
        self.addCleanup(process.kill)
        return process

    def _stop(self, server):
        if server.process.poll() is None:
            code = server.stop()
            self.assertEqual(code, 0, server.stderr_text())
        else:
            server.close()


def main():
    unittest.main(verbosity=2)
