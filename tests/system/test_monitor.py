"""What can be watched of a running daemon: /metrics, /healthz, /status.json and the live page, over TCP and
over a Unix socket, in a real browser, and with clients that do not behave."""

import contextlib
import os
import re
import signal
import socket
import sqlite3
import stat
import subprocess
import time

import browser_lib
import daemon_lib
import lib

NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (\S+)")
TYPES = {"counter", "gauge", "histogram"}


def parse_metrics(text):
    """{(name, labels): value}; fails on anything that the text format 0.0.4 does not have: samples without
    HELP and TYPE before them, a family in two pieces, a series twice, a histogram that does not add up."""
    assert text.endswith("\n")
    samples, families, current = {}, {}, None
    for line in text[:-1].split("\n"):
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            assert current not in families and line.split(" ", 3)[3].strip(), line
            families[current] = None
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name == current and families[name] is None and kind in TYPES, line
            families[name] = kind
        else:
            match = SAMPLE.fullmatch(line)
            assert match, line
            name, labels, value = match.groups()
            kind = families[current]
            base = re.sub("_(bucket|sum|count)$", "", name) if kind == "histogram" else name
            assert base == current and kind, line
            assert re.match("carmlbench_|process_", name), line
            assert (kind == "counter") == name.endswith("_total"), line
            key = (name, tuple(sorted(re.findall(rf"({LABEL})", labels or ""))))
            assert key not in samples, line
            samples[key] = float(value)
    for name, kind in families.items():
        if kind == "histogram":
            check_histograms(name, samples)
    return samples


def check_histograms(name, samples):
    series = {}
    for (sample, labels), value in samples.items():
        if sample == name + "_bucket":
            others = tuple(l for l in labels if not l.startswith("le="))
            le = next(l for l in labels if l.startswith("le="))[4:-1]
            series.setdefault(others, []).append((float(le), value))
    assert series, name
    for others, buckets in series.items():
        assert buckets == sorted(buckets) and buckets[-1][0] == float("inf"), name
        counts = [count for _, count in buckets]
        assert counts == sorted(counts), name
        assert counts[-1] == samples[(name + "_count", others)], name
        assert (name + "_sum", others) in samples, name


def value(samples, name, **labels):
    return samples[("carmlbench_" + name, tuple(sorted(f'{k}="{v}"' for k, v in labels.items())))]


class Case(daemon_lib.Case):
    def watched(self, listen="127.0.0.1:0", **sections):
        """A daemon that serves; self.port or self.socket says where."""
        self.configure(http={"listen": listen}, **sections)
        daemon = self.daemon()
        found = self.wait_for(lambda: re.search(r"watched at (?:http://[^/]*:(\d+)/|unix:(\S+))",
                                                daemon.stderr_text()), daemon)
        self.port, self.socket = int(found.group(1) or 0), found.group(2)
        return daemon

    def wait_for(self, condition, daemon=None):
        end = time.monotonic() + lib.DEADLINE
        while time.monotonic() < end:
            value = condition()
            if value:
                return value
            time.sleep(0.05)
        raise AssertionError(daemon.stderr_text() if daemon else "never")

    def get(self, path, method="GET", **headers):
        return lib.request(self.port, method, path, headers=headers)

    def status(self):
        return self.get("/status.json").json()

    def metrics(self):
        return parse_metrics(self.get("/metrics").body.decode())

    def wait_idle(self):
        """Until nothing is left in the queue, as the daemon tells it."""
        def settled():
            jobs = self.status()["jobs"]
            return jobs["enqueued"] and jobs["pending"] + jobs["leased"] == 0
        self.wait_for(settled)


class Paths(Case):
    def test_each_path_answers_over_tcp(self):
        daemon = self.watched()
        kinds = {"/": "text/html; charset=utf-8", "/status.json": "application/json",
                 "/metrics": "text/plain; version=0.0.4; charset=utf-8",
                 "/healthz": "text/plain; charset=utf-8"}
        for path, kind in kinds.items():
            answer = self.get(path)
            self.assertEqual((answer.status, answer.headers["Content-Type"]), (200, kind))
            self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            self.assertIn("default-src 'none'", answer.headers["Content-Security-Policy"])
            head = self.get(path, "HEAD")
            self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(self.get("/healthz").body, b"ok\n")
        self.assertEqual(daemon.stop(), 0)

    def test_unix_socket_is_for_the_group_and_goes_with_the_daemon(self):
        path = self.folder / "http.sock"
        daemon = self.watched(f"unix:{path}")
        self.assertEqual(self.socket, str(path))
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o660)
        for page in ("healthz", "metrics", "status.json", ""):
            # Whatever name: only who may open the file comes here.
            done = subprocess.run(["curl", "-sf", "--unix-socket", path, f"http://any.name/{page}"],
                                  capture_output=True, text=True, timeout=lib.DEADLINE)
            self.assertEqual(done.returncode, 0, page)
        self.assertEqual(daemon.stop(), 0)
        self.assertFalse(path.exists())

    def test_socket_of_a_killed_daemon_is_replaced_and_of_a_living_one_is_not(self):
        path = self.folder / "http.sock"
        self.watched(str(path)).kill()
        self.assertTrue(path.exists())
        self.watched(str(path))
        other = lib.run("carmlbenchd", "--config", self.config, "--db", self.folder / "other.db",
                        check=69)
        self.assertRegex(other.stderr, r"carmlbenchd: http.listen: \S+http.sock is in use; .*\n$")

    def test_port_in_use_ends_with_69(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            self.configure(http={"listen": f"localhost:{taken.getsockname()[1]}"})
            done = lib.run("carmlbenchd", "--config", self.config, check=69)
            self.assertRegex(done.stderr, r"^carmlbenchd: http.listen: .* in use; .*\n$")

    def test_other_machines_are_refused_when_the_configuration_is_checked(self):
        for listen in ("0.0.0.0:9464", "10.1.2.3:9464", "[::]:9464", "example.org:80", "9464"):
            self.configure(http={"listen": listen})
            done = lib.run("carmlbenchd", "--config", self.config, "--check-config", check=78)
            self.assertRegex(done.stderr, r"^carmlbenchd: http.listen: .*(ssh tunnel).*\n$")
        for listen in ("", "127.0.0.1:9464", "[::1]:9464", "unix:/run/x.sock"):
            self.configure(http={"listen": listen})
            lib.run("carmlbenchd", "--config", self.config, "--check-config", check=0)


class Figures(Case):
    def test_counters_equal_the_database_when_all_is_done(self):
        self.configure()
        bad = ["/status/404/a", "/status/404/b", "http://10.1.2.3/x", "/html/x"]
        self.enqueue([f"/ok/{name}" for name in self.pictures] + bad)
        self.enqueue([f"/ok/{name}" for name in self.pictures[:5]], "--run", "second")
        daemon = self.watched()
        self.wait_idle()
        self.wait_for(lambda: value(self.metrics(), "outcomes_total", outcome="done") ==
                      len(self.pictures) + 5)
        samples = self.metrics()
        done, failed = self.query("SELECT sum(done), sum(failed) FROM progress")[0]
        self.assertEqual((done, failed), (len(self.pictures) + 5, len(bad)))
        for state, jobs in (("done", done), ("failed", failed), ("pending", 0), ("leased", 0)):
            self.assertEqual(value(samples, "jobs", state=state), jobs)
            self.assertEqual(value(samples, "target_jobs", model="tiny", framework="Caffe",
                                   backend="local", state=state), jobs)
        for outcome, jobs in (("done", done), ("failed", failed), ("retried", 0)):
            self.assertEqual(value(samples, "outcomes_total", outcome=outcome), jobs)
        for stage, reason, jobs in self.query(
                "SELECT stage, reason, count(*) FROM failures GROUP BY 1, 2"):
            for name in ("failures_total", "failed_jobs"):
                self.assertEqual(value(samples, name, stage=stage, reason=reason), jobs, reason)
        self.assertEqual(value(samples, "predict_seconds_count", backend="local"), done)
        self.assertEqual(value(samples, "fetch_seconds_count"), done + failed)
        self.assertEqual(value(samples, "leases_total"), done + failed)
        size = sum((self.www / name).stat().st_size for name in self.pictures)
        self.assertGreater(value(samples, "fetched_bytes_total"), size)
        self.assertEqual(value(samples, "outcomes_stale_total"), 0)
        self.assertEqual(daemon.stop(), 0)
        self.assert_sound()

    def test_status_says_what_is_under_way(self):
        self.configure()
        self.enqueue([f"/slow/{self.pictures[0]}?bps=2000&{i}" for i in range(20)])
        daemon = self.watched(fetch={"per_host": 3})
        status = self.wait_for(lambda: (s := self.status())["in_flight"]["fetch"] and s)
        self.assertEqual(status["in_flight"]["fetch"], 3)
        self.assertEqual(status["state"], "working")
        self.assertTrue(status["healthy"])
        self.assertEqual(status["jobs"]["enqueued"], 20)
        self.assertEqual([b["name"] for b in status["backends"]], ["local"])
        samples = self.metrics()
        self.assertEqual(value(samples, "in_flight", stage="fetch"), 3)
        daemon.signal(signal.SIGTERM)
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 0)

    def test_breaker_of_a_server_that_is_away_is_told(self):
        self.configure()
        self.enqueue([f"/ok/{name}" for name in self.pictures], "--backend", "carml")
        self.watched(carml={"url": "http://127.0.0.1:1", "breaker_failures": 2,
                            "breaker_pause": "60s"})
        self.wait_for(lambda: self.status()["backends"][0]["state"] == "open")
        samples = self.metrics()
        self.assertEqual(value(samples, "breaker_state", backend="carml", state="open"), 1)
        self.assertEqual(value(samples, "breaker_state", backend="carml", state="closed"), 0)
        self.assertEqual(value(samples, "backend_limit", backend="carml"), 0)

    def test_health_says_that_the_database_cannot_be_written_and_that_it_can_again(self):
        self.configure()
        self.enqueue([f"/slow/{self.pictures[0]}?bps=20000&{i}" for i in range(40)])
        self.watched(fetch={"per_host": 2})
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            db.execute("PRAGMA busy_timeout = 30000")
            db.execute("BEGIN IMMEDIATE")
            answer = self.wait_for(lambda: (a := self.get("/healthz")).status == 503 and a)
            self.assertRegex(answer.body, rb"^the database cannot be written: [^\n]*\n$")
            self.assertFalse(self.status()["healthy"])
            self.assertEqual(value(self.metrics(), "database_writable"), 0)
            db.execute("ROLLBACK")
        self.wait_for(lambda: self.get("/healthz").status == 200)

    def test_many_who_ask_at_once_share_what_was_read(self):
        self.configure()
        self.enqueue([f"/ok/{self.pictures[0]}"])
        self.watched()
        self.wait_idle()
        # In the second that a snapshot lives, more answers than one; each of them the same.
        def shared():
            seen = [self.status()["read_at"] for _ in range(5)]
            return len(set(seen)) == 1
        self.wait_for(shared)


class Activity(Case):
    def test_database_says_what_the_daemon_does_until_it_ends(self):
        self.configure(fetch={"per_host": 3})
        self.enqueue([f"/slow/{self.pictures[0]}?bps=2000&{i}" for i in range(20)])
        daemon = self.daemon()

        def seen():
            return {row[0]: row[1:] for row in self.query(
                "SELECT name, state, in_flight, ceiling, detail FROM activity")}

        rows = self.wait_for(lambda: (r := seen()).get("fetch", (0, 0))[1] == 3 and r, daemon)
        self.assertEqual(sorted(rows), ["fetch", "local", "validate"])
        self.assertEqual(rows["fetch"][0::2], ("working", 128))
        self.assertRegex(rows["fetch"][3], r"^17 wait for their turn$")
        self.assertEqual(rows["local"][:2], ("idle", 0))
        daemon.signal(signal.SIGTERM)
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 0)
        self.assertEqual(seen(), {})


class Strangers(Case):
    def send(self, data):
        """Sends bytes as they are; returns what came back until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=lib.DEADLINE) as s:
            with contextlib.suppress(ConnectionError):
                s.sendall(data)
            answer = b""
            with contextlib.suppress(ConnectionError):
                while piece := s.recv(65536):
                    answer += piece
            return answer

    def test_page_of_another_site_learns_nothing(self):
        self.watched()
        for host in ("evil.example", "localhost.evil.example", "10.0.0.1", ""):
            answer = self.get("/metrics", Host=host)
            self.assertIn(answer.status, (400, 403), host)
            self.assertNotIn(b"carmlbench_", answer.body)
        for host in ("localhost", f"127.0.0.1:{self.port}", "[::1]:1", "LOCALHOST:80"):
            self.assertEqual(self.get("/metrics", Host=host).status, 200, host)

    def test_other_methods_and_paths_are_refused(self):
        self.watched()
        for method in ("POST", "PUT", "DELETE", "OPTIONS"):
            answer = lib.request(self.port, method, "/metrics", body=b"x" * 100000)
            self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"))
        for path in ("/x", "/metrics/", "//", "/../etc/passwd", "/%2e%2e/", "/status.json.bak"):
            self.assertEqual(self.get(path).status, 404, path)
        self.assertEqual(self.get("/healthz?x=1").status, 200)

    def test_absolute_form_names_this_machine_or_is_refused(self):
        """RFC 9112, 3.2.2."""
        self.watched()
        here = f"127.0.0.1:{self.port}"
        for target, host, status in ((f"http://{here}/healthz", here, 200), ("HTTP://LocalHost/healthz", here, 200),
                                     (f"http://{here}/healthz?x=1", here, 200), (f"http://{here}", here, 200),
                                     (f"http://{here}/status.json", here, 200), (f"http://{here}/x", here, 404),
                                     (f"http://{here}//healthz", here, 404), ("/http://localhost/", here, 404),
                                     ("http://evil.example/healthz", here, 403), ("http:///healthz", here, 403),
                                     (f"http://{here}@evil.example/healthz", here, 403),
                                     (f"http://{'x' * 5000}/healthz", here, 403),
                                     (f"http://{here}/healthz", "evil.example", 403)):
            answer = self.send(f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
            self.assertEqual(answer.split(b" ", 2)[1], b"%d" % status, (target[:80], host))

    def test_what_is_no_request_costs_one_connection(self):
        daemon = self.watched()
        for data in (b"\x00" * 1000, b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\r\n" * 5000,
                     b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200000 + b"\r\n\r\n",
                     b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
                     b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 20000 + b"\r\n"):
            answer = self.send(data + b"\r\n\r\n")
            self.assertNotIn(b" 200 OK", answer.split(b"\r\n", 1)[0], data[:40])
            self.assertEqual(self.get("/healthz").status, 200)
        self.assertEqual(daemon.stop(), 0)

    def test_connections_that_say_nothing_make_room_for_others(self):
        self.configure()
        self.enqueue([f"/ok/{name}" for name in self.pictures])
        daemon = self.watched()
        with contextlib.ExitStack() as stack:
            for i in range(40):  # more than are let in
                s = stack.enter_context(
                    socket.create_connection(("127.0.0.1", self.port), timeout=lib.DEADLINE))
                if i % 2:
                    s.sendall(b"GET / HTTP/1.1\r\nHost: local")
            self.assertEqual(self.get("/healthz").status, 200)
        self.wait_idle()
        self.assertEqual(daemon.stop(), 0)
        self.assert_sound()

    def test_drop_by_drop_is_ended_too(self):
        self.watched()
        with contextlib.closing(socket.create_connection(("127.0.0.1", self.port))) as s:
            s.sendall(b"GET / HTTP/1.1\r\n")
            def ended():
                try:
                    s.sendall(b"X")
                    s.setblocking(False)
                    return s.recv(1000) == b""
                except BlockingIOError:
                    return False
                except ConnectionError:
                    return True
                finally:
                    s.setblocking(True)
            self.wait_for(ended)

    def test_thousand_connections_leave_the_daemon_at_work(self):
        self.configure()
        self.enqueue([f"/ok/{name}" for name in self.pictures])
        daemon = self.watched()
        sockets = []
        for i in range(1000):
            s = socket.socket()
            s.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                s.connect(("127.0.0.1", self.port))
            sockets.append(s)
        files = len(os.listdir(f"/proc/{daemon.pid}/fd"))
        self.assertLess(files, 200)
        self.wait_for(lambda: self.query("SELECT sum(done) FROM progress") ==
                      [(len(self.pictures),)], daemon)
        for s in sockets:
            s.close()
        self.assertEqual(self.get("/healthz").status, 200)
        self.assertEqual(daemon.stop(), 0)
        self.assert_sound()


class Page(Case):
    def open(self, **how):
        browser = browser_lib.Browser(**how)
        self.addCleanup(browser.close)
        browser.open(f"http://127.0.0.1:{self.port}/")
        browser.wait("document.getElementById('state').textContent == 'working' || "
                     "document.getElementById('state').textContent == 'idle'")
        return browser

    def test_shows_the_numbers_of_the_database(self):
        self.configure()
        strange = 'bears <img src=x onerror="document.title=1">\u202e & "more"'
        self.enqueue([f"/ok/{name}" for name in self.pictures] + ["/status/404/a"])
        self.enqueue([f"/ok/{self.pictures[0]}"], "--run", strange)
        daemon = self.watched()
        self.wait_idle()
        browser = self.open()
        done, failed = len(self.pictures) + 1, 1
        browser.wait(f"document.getElementById('done').textContent == '{done}'")
        text = lambda id: browser.eval(f"document.getElementById('{id}').textContent")
        self.assertEqual((text("failed"), text("left"), text("eta")), (str(failed), "0", "finished"))
        table = browser.eval("[...document.querySelectorAll('#targets tbody tr')].map("
                             "row => [...row.cells].map(cell => cell.textContent))")
        self.assertEqual([row[2:] for row in table],
                         [[str(done - 1), "1", "0", "finished"], ["1", "0", "0", "finished"]])
        self.assertEqual([row[1] for row in table], ["100 %", "100 %"])
        self.assertTrue(table[1][0].endswith("run " + strange), table)
        self.assertEqual(browser.eval("document.querySelectorAll('img').length"), 0)
        self.assertEqual(browser.eval("document.querySelector('#reasons tbody th').textContent"),
                         "http_not_found")
        self.assertIn("idle", browser.eval("document.querySelector('#backends tbody').innerText"))
        self.assertEqual(browser.complaints(), [])
        self.assertEqual(daemon.stop(), 0)

    def test_says_that_the_daemon_is_gone_and_goes_on_by_itself(self):
        self.configure()
        self.enqueue([f"/ok/{self.pictures[0]}"])
        daemon = self.watched()
        browser = self.open(width=400, height=600)
        port = self.port
        self.assertEqual(daemon.stop(), 0)
        browser.wait("!document.getElementById('problem').hidden && "
                     "document.getElementById('problem').textContent.includes('does not answer')")
        self.assertEqual(browser.eval("(r => document.elementFromPoint(r.x + r.width / 2, r.y + 5).id)("
                                      "document.getElementById('problem').getBoundingClientRect())"),
                         "problem", "nothing stands in front of it")
        self.watched(f"127.0.0.1:{port}")
        browser.wait("document.getElementById('problem').hidden && "
                     "document.getElementById('state').textContent == 'idle'")

    def test_is_sound_for_narrow_windows_and_for_screen_readers(self):
        self.configure()
        self.enqueue([f"/ok/{self.pictures[0]}", "/status/404/a"], "--run", "r" * 100)
        self.watched()
        self.wait_idle()
        for width, dark in ((400, False), (1400, True)):
            browser = self.open(width=width, dark=dark)
            browser.wait("!!document.querySelector('#targets progress')")
            self.assertLessEqual(browser.eval("document.documentElement.scrollWidth"), width)
            self.assertEqual(browser.eval(
                "[...document.querySelectorAll('th')].filter(th => !th.scope).length"), 0)
            self.assertEqual(browser.eval(
                "[...document.querySelectorAll('progress')].filter("
                "p => !p.getAttribute('aria-label')).length"), 0)
            self.assertEqual(browser.eval(
                "[...document.querySelectorAll('h1, h2, h3')].map(h => h.tagName).join()"),
                "H1,H2,H2,H2,H2")
            self.assertGreaterEqual(min(self.contrasts(browser)), 4.5)

    def contrasts(self, browser):
        """WCAG 2.1's contrast of each text with the ground it stands on."""
        pairs = browser.eval("""
            [...document.querySelectorAll('body *')].filter(e => [...e.childNodes].some(
                n => n.nodeType == 3 && n.data.trim()) && e.offsetParent).map(e => {
                let ground = e;
                while (ground.parentElement &&
                       getComputedStyle(ground).backgroundColor == 'rgba(0, 0, 0, 0)')
                    ground = ground.parentElement;
                return [getComputedStyle(e).color, getComputedStyle(ground).backgroundColor];
            })""")

        def luminance(color):
            parts = [int(c) / 255 for c in re.findall(r"\d+", color)[:3]]
            linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
            return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

        both = [sorted((luminance(a), luminance(b))) for a, b in pairs]
        self.assertGreater(len(both), 20)
        return [(high + 0.05) / (low + 0.05) for low, high in both]


if __name__ == "__main__":
    lib.main()
