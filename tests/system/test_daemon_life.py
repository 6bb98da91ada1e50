"""carmlbenchd as a service: limits while it works, signals, the service manager, a second daemon,
the unit file."""

import contextlib
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
import unittest

import daemon_lib
import lib


class Life(daemon_lib.Case):
    def manager(self):
        """A service manager's socket; returns it and the environment that names it."""
        path = self.folder / "notify"
        server = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(server.close)
        server.bind(str(path))
        server.settimeout(lib.DEADLINE)
        return server, {"NOTIFY_SOCKET": str(path)}

    def wait_message(self, server, word):
        """Messages up to the first that contains the word."""
        seen = []
        while not seen or word not in seen[-1]:
            seen.append(server.recv(4096).decode())
        return seen

    def wait_stats(self, condition):
        """Asks the web server until its counters satisfy the condition."""
        end = time.monotonic() + lib.DEADLINE
        while time.monotonic() < end:
            stats = self.web.get("/stats").json()
            if condition(stats):
                return stats
            time.sleep(0.02)
        raise AssertionError(f"never: {stats}")

    def wait_log(self, process, text):
        end = time.monotonic() + lib.DEADLINE
        while time.monotonic() < end:
            if text in process.stderr_text():
                return
            time.sleep(0.02)
        raise AssertionError(f"never said {text!r}:\n{process.stderr_text()}")

    def of_threads(self, daemon, name):
        """The file of that name in /proc, of every thread; one may end between being listed and being read."""
        for path in pathlib.Path(f"/proc/{daemon.pid}/task").glob(f"*/{name}"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield path.read_text()

    def wait_waiting_writer(self, daemon):
        """Until a thread of the daemon sleeps in SQLite's busy handler, the only place where one
        sleeps."""
        end = time.monotonic() + lib.DEADLINE
        while time.monotonic() < end:
            if any("nanosleep" in text for text in self.of_threads(daemon, "wchan")):
                return
            time.sleep(0.005)
        raise AssertionError("nobody waits for the database")

    def test_cap_per_host_holds(self):
        self.configure(fetch={"per_host": 3, "concurrency": 50})
        self.enqueue([f"/slow/{n}?bps=20000&{i}" for i in range(3) for n in self.pictures[:10]])
        self.once()
        hosts = self.web.get("/stats").json()["hosts"]
        self.assertEqual({h["max"] for h in hosts.values()}, {3}, hosts)
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(30,)])

    def test_slow_host_does_not_keep_others_from_their_turn(self):
        self.configure(fetch={"per_host_delay": "1s"}, daemon={"window": 60})
        slow = [f"/same/{self.pictures[0]}/{i}" for i in range(400)]
        port = self.web.url.rsplit(":", 1)[1]
        other = [f"http://localhost:{port}/ok/{name}" for name in self.pictures[:3]]
        self.enqueue(slow + other)
        daemon = self.daemon()
        end = time.monotonic() + lib.DEADLINE
        while self.query("SELECT count(*) FROM results WHERE url LIKE 'http://localhost%'") != [(3,)]:
            self.assertLess(time.monotonic(), end, daemon.stderr_text())
            time.sleep(0.1)
        self.assertEqual(daemon.stop(), 0)
        self.assertGreater(self.assert_sound(), 200)

    def test_manager_hears_ready_status_watchdog_stopping(self):
        server, env = self.manager()
        self.configure()
        self.enqueue([f"/ok/{name}" for name in self.pictures])
        daemon = self.daemon(env={**env, "WATCHDOG_USEC": "400000"})
        self.wait_message(server, "READY=1")
        self.wait_message(server, "WATCHDOG=1")
        self.wait_message(server, f"{len(self.pictures)} done")
        self.wait_message(server, "WATCHDOG=1")
        daemon.signal(signal.SIGTERM)
        self.wait_message(server, "STOPPING=1")
        self.assertEqual(daemon.wait(), 0, daemon.stderr_text())
        self.assertEqual(self.assert_sound(), 0)

    def test_database_held_by_a_writer_is_no_reason_to_be_restarted(self):
        server, env = self.manager()
        self.configure()
        self.enqueue([])
        daemon = self.daemon(env={**env, "WATCHDOG_USEC": "400000"})
        self.wait_message(server, "READY=1")
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            db.execute("PRAGMA busy_timeout = 30000")
            db.execute("BEGIN IMMEDIATE")
            # Of those that come every two seconds only a few, so that a ping is never far.
            self.assertLess(len(self.wait_message(server, "cannot be written")), 10)
            self.wait_message(server, "WATCHDOG=1")
            self.wait_message(server, "WATCHDOG=1")
            db.execute("ROLLBACK")
        self.wait_log(daemon, "can be written again")
        self.assertEqual(daemon.stop(), 0)

    def test_stopped_loop_does_not_ping(self):
        server, env = self.manager()
        self.configure()
        daemon = self.daemon(env={**env, "WATCHDOG_USEC": "400000"})
        self.wait_message(server, "WATCHDOG=1")
        daemon.signal(signal.SIGSTOP)
        server.settimeout(1)
        with self.assertRaises(TimeoutError):
            while True:
                server.recv(4096)
        daemon.signal(signal.SIGCONT)
        server.settimeout(lib.DEADLINE)
        self.wait_message(server, "WATCHDOG=1")
        self.assertEqual(daemon.stop(), 0)

    def test_sigterm_finishes_what_is_in_flight_and_gives_back_the_rest(self):
        self.configure(fetch={"concurrency": 4, "timeout": "30s"})
        slow = [f"/slow/{n}?bps=8000" for n in self.pictures]
        self.enqueue(slow)
        daemon = self.daemon()
        self.wait_stats(lambda s: s["prefixes"].get("slow", 0) >= 4)
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(), 0, daemon.stderr_text())
        pending = self.assert_sound()
        done = self.query("SELECT count(*) FROM results")[0][0]
        self.assertGreaterEqual(done, 4)
        self.assertEqual(done + pending, len(slow))
        self.assertEqual(self.query("SELECT count(*) FROM failures"), [(0,)])

    def test_drain_may_take_longer_than_the_manager_waits(self):
        server, env = self.manager()
        self.configure(fetch={"timeout": "50s", "low_speed": "0B"})
        self.enqueue(["/stall"])
        daemon = self.daemon(env=env)
        self.wait_stats(lambda s: s["prefixes"].get("stall", 0) == 1)
        daemon.signal(signal.SIGTERM)
        self.wait_message(server, "STOPPING=1")
        self.wait_message(server, "EXTEND_TIMEOUT_USEC=")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(20), 0, daemon.stderr_text())

    def test_second_signal_does_not_wait(self):
        self.configure(fetch={"timeout": "50s", "low_speed": "0B"})
        self.enqueue(["/stall"])
        daemon = self.daemon()
        self.wait_stats(lambda s: s["prefixes"].get("stall", 0) == 1)
        daemon.signal(signal.SIGTERM)
        self.wait_log(daemon, "finishing what is in flight")
        daemon.signal(signal.SIGTERM)
        self.assertEqual(daemon.wait(20), 0, daemon.stderr_text())
        self.assertEqual(self.assert_sound(), 1)

    def test_lease_that_comes_after_the_second_signal_goes_back(self):
        self.configure(fetch={"timeout": "50s", "low_speed": "0B"}, daemon={"window": 2})
        self.enqueue(["/stall"])
        daemon = self.daemon()
        self.wait_stats(lambda s: s["prefixes"].get("stall", 0) == 1)
        with contextlib.closing(sqlite3.connect(self.database, isolation_level=None)) as db:
            db.execute("PRAGMA busy_timeout = 30000")
            db.execute("BEGIN IMMEDIATE")  # the daemon's next lease waits for us
            db.execute("INSERT INTO item (run_id, url) SELECT run_id, url || '&2' FROM item")
            db.execute("INSERT INTO job (item_id, target_id) SELECT max(item_id) + 1, target_id "
                       "FROM job")
            db.execute("UPDATE tally SET enqueued = 2, pending = pending + 1")
            self.wait_waiting_writer(daemon)
            daemon.signal(signal.SIGTERM)
            self.wait_log(daemon, "finishing what is in flight")
            daemon.signal(signal.SIGTERM)
            self.wait_log(daemon, "not waiting for what is in flight")
            db.execute("COMMIT")
        self.assertEqual(daemon.wait(20), 0, daemon.stderr_text())
        self.assertNotIn("could not be recorded", daemon.stderr_text())
        self.assertEqual(self.assert_sound(), 2)

    def test_drain_ends_at_its_limit(self):
        self.configure(fetch={"timeout": "50s", "low_speed": "0B"}, daemon={"drain": "100ms"})
        self.enqueue(["/stall"])
        daemon = self.daemon()
        self.wait_stats(lambda s: s["prefixes"].get("stall", 0) == 1)
        daemon.signal(signal.SIGINT)
        self.assertEqual(daemon.wait(20), 0, daemon.stderr_text())
        self.assertEqual(self.assert_sound(), 1)

    def test_sighup_takes_over_what_can_change_and_names_the_rest(self):
        server, env = self.manager()
        self.configure()
        daemon = self.daemon(env=env)
        self.wait_message(server, "READY=1")
        self.configure(fetch={"per_host": 2, "user_agent": "other"}, log_level="debug")
        daemon.signal(signal.SIGHUP)
        self.wait_log(daemon, "fetch.per_host: changed")
        self.wait_log(daemon, "log_level: changed")
        self.wait_log(daemon, "fetch.user_agent: changed in the file; needs a restart")
        self.config.write_text("fetch: 7\n")
        daemon.signal(signal.SIGHUP)
        self.wait_log(daemon, "configuration not re-read: ")
        self.assertEqual(daemon.stop(), 0)

    def test_url_added_while_it_works_is_taken_up(self):
        server, env = self.manager()
        self.configure()
        self.enqueue([])
        daemon = self.daemon(env=env)
        self.wait_message(server, "READY=1")
        self.enqueue([f"/ok/{self.pictures[0]}"])
        self.wait_message(server, "1 done")
        self.assertEqual(daemon.stop(), 0)

    def test_idle_daemon_sleeps(self):
        server, env = self.manager()
        self.configure()
        self.enqueue([f"/ok/{name}" for name in self.pictures])
        daemon = self.daemon(env=env)
        self.wait_message(server, f"{len(self.pictures)} done")

        def wake_ups():
            text = "".join(self.of_threads(daemon, "status"))
            return sum(int(n) for n in re.findall(r"^voluntary_ctxt_switches:\s*(\d+)", text, re.M))

        before = wake_ups()
        self.wait_message(server, "STATUS=")  # every two seconds
        self.wait_message(server, "STATUS=")
        self.assertLess(wake_ups() - before, 1000)
        self.assertEqual(daemon.stop(), 0)

    def test_database_with_a_daemon_is_refused_with_69(self):
        server, env = self.manager()
        self.configure()
        daemon = self.daemon(env=env)
        self.wait_message(server, "READY=1")
        second = lib.run("carmlbenchd", "--config", self.config, "--once", check=69)
        self.assertEqual(len(second.stderr.strip().splitlines()), 1, second.stderr)
        self.assertIn("bench.db", second.stderr)
        self.assertEqual(daemon.stop(), 0)

    def test_killed_daemon_goes_on_where_it_was(self):
        self.configure(fetch={"timeout": "30s"})
        self.enqueue([f"/ok/{n}" for n in self.pictures] + ["/slow/" + self.pictures[0] + "?bps=500"])
        daemon = self.daemon()
        self.wait_stats(lambda s: s["prefixes"].get("slow", 0) == 1)
        daemon.kill()
        self.enqueue(["/html"])
        self.configure(fetch={"timeout": "1s"}, retry={"tries": 1})
        done = self.once()
        self.assertIn("did not end cleanly", done.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(len(self.pictures),)])
        self.assertEqual(self.assert_sound(), 0)

    def test_crash_noted_for_an_earlier_database_is_no_obstacle(self):
        self.configure()
        self.enqueue([f"/ok/{self.pictures[0]}"])
        (self.folder / "bench.db.blackbox").write_text("item 999999\n")
        done = self.once()
        self.assertIn("999999", done.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(1,)])


class Unit(unittest.TestCase):
    def setUp(self):
        if not shutil.which("systemd-analyze"):
            self.skipTest("skipped: systemd-analyze is not installed")
        self.unit = lib.ROOT / "systemd" / "carmlbenchd.service"

    def test_exposure_is_at_most_1_1(self):
        done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--threshold=11",
                               str(self.unit)], capture_output=True, text=True)
        if "unrecognized option" in done.stderr:
            self.skipTest("skipped: this systemd-analyze has no --offline")
        self.assertEqual(done.returncode, 0, done.stdout[-300:] + done.stderr)

    def test_unit_is_understood(self):
        done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(self.unit)],
                              capture_output=True, text=True)
        lines = [line for line in done.stderr.splitlines()
                 if "carmlbenchd.service" in line and "is not executable" not in line]
        self.assertEqual(lines, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
