"""carmlbenchd --once from a list of URLs to rows, with the local engine and a web server that does
what web servers do."""

import json
import unittest

import daemon_lib
import lib


class Once(daemon_lib.Case):
    def test_list_becomes_predictions(self):
        self.configure()
        self.enqueue(f"/ok/{name}" for name in self.pictures)
        done = self.once()
        rows = self.query("SELECT url, label1, probability1, label3, backend, sent_as, image_sha256, "
                          "width, placeholder FROM results")
        self.assertEqual(len(rows), len(self.pictures))
        for row in rows:
            self.assertIn(row[1], ("dark", "light", "other"))
            self.assertTrue(1 / 3 <= row[2] <= 1, row)
            self.assertEqual(row[4:6], ("local", "local"))
            self.assertEqual(len(row[6]), 64)
            self.assertEqual(row[8], 0)
        self.assertIn(f"{len(self.pictures)} done, 0 failed", done.stderr)
        self.assertEqual(self.assert_sound(), 0)

    def test_each_bad_url_costs_its_own_row_with_its_own_reason(self):
        self.configure()
        good = self.pictures[0]
        expected = {
            "/404": "http_not_found", "/410": "http_not_found", "/403": "http_forbidden",
            "/429": "http_throttled", "/500": "http_server_error", "/html": "html",
            "/empty": "empty", f"/truncated/{good}": "truncated",
            f"/lie-length/{good}": "connection_lost", "/redirect/loop": "too_many_redirects",
            "/stall": "fetch_stalled", "/garbage": "http_protocol", "/gif": "unsupported_format",
            "http://10.255.255.1/x.jpg": "address_refused", "http://127.0.0.1:1/": "connect_failed",
        }
        fine = [f"/ok/{n}" for n in self.pictures] + [f"/404/{good}", f"/redirect/{good}",
                                                      "/png/circle.png", "/placeholder/1.jpg"]
        self.enqueue([*expected, *fine])
        self.once()
        found = {path: self.outcome_of(path)[1] for path in expected}
        found_stall = found.pop("/stall"), expected.pop("/stall")
        self.assertEqual(found, expected)
        self.assertIn(found_stall[0], ("fetch_stalled", "fetch_timeout"))
        for path in fine:
            self.assertEqual(self.outcome_of(path)[0], "done", path)
        self.assertEqual(self.assert_sound(), 0)

    def test_url_is_fetched_once_for_two_targets(self):
        daemon_lib.write_model(self.models, "second", size=4)
        self.configure()
        paths = [f"/ok/{name}" for name in self.pictures]
        self.enqueue(paths, "--model", "tiny", "--model", "second")
        self.once()
        for path in paths:
            stats = self.web.get(f"/stats?url={path}").json()
            self.assertEqual(stats["times"], 1, (path, stats))
        self.assertEqual(self.query("SELECT count(*), count(DISTINCT image_sha256) FROM results"),
                         [(2 * len(paths), len(self.pictures))])

    def test_pictures_larger_than_their_share_of_memory_are_done_too(self):
        self.configure(daemon={"memory": "1MiB"}, fetch={"concurrency": 4, "max_bytes": "900KiB"})
        data = (self.www / self.pictures[0]).read_bytes()
        comment = b"\xff\xfe" + (60002).to_bytes(2, "big") + b"c" * 60000
        (self.www / "large.jpg").write_bytes(data[:2] + comment * 10 + data[2:])
        (self.www / "huge.jpg").write_bytes(data[:2] + comment * 20 + data[2:])
        large = [f"/same/large.jpg/{i}" for i in range(8)]
        self.enqueue([*large, "/same/huge.jpg/0"] + [f"/ok/{name}" for name in self.pictures])
        self.once()
        for path in large:
            self.assertEqual(self.outcome_of(path)[0], "done")
            self.assertEqual(self.web.get(f"/stats?url={path}").json()["times"], 2)
        self.assertEqual(self.outcome_of("/same/huge.jpg/0"), ("failed", "too_large"))
        self.assertEqual(self.query("SELECT count(*) FROM results"),
                         [(len(large) + len(self.pictures),)])

    def test_downloads_stay_within_the_open_files_that_are_allowed(self):
        self.configure(fetch={"concurrency": 400, "per_host": 400, "timeout": "60s"},
                       retry={"tries": 1})
        size = (self.www / self.pictures[0]).stat().st_size
        paths = [f"/slow/{self.pictures[0]}?bps={3 * size}&{i}" for i in range(150)]
        self.enqueue(paths)
        done = lib.run("/bin/sh", "-c", 'ulimit -n 150 && exec "$0" "$@"', lib.binary("carmlbenchd"),
                       "--config", self.config, "--once", check=0)
        self.assertIn("fetch.concurrency: 400", done.stderr)
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(len(paths),)])

    def test_waiting_for_a_slot_costs_no_cpu(self):
        self.configure(fetch={"concurrency": 1, "per_host_delay": "20ms", "timeout": "30s"})
        size = (self.www / self.pictures[0]).stat().st_size
        self.enqueue([f"/slow/{self.pictures[0]}?bps={size // 2}", f"/ok/{self.pictures[1]}"])
        value = json.loads(self.once("--timings").stdout)
        self.assertEqual(value["urls"], 2)
        self.assertLess(value["cpu_ms"]["loop"], value["wall_ms"] / 4)

    def test_what_fails_for_a_while_is_retried(self):
        self.configure(retry={"tries": 4})
        path = f"/503-then-ok/2/{self.pictures[0]}"
        self.enqueue([path])
        self.once()
        self.assertEqual(self.outcome_of(path)[0], "done")
        self.assertEqual(self.query("SELECT attempts FROM results"), [(3,)])

    def test_no_more_attempts_than_configured(self):
        self.configure(retry={"tries": 2})
        self.enqueue(["/500/x", "/404"])
        self.once()
        self.assertEqual(self.query("SELECT reason, attempts FROM failures ORDER BY reason"),
                         [("http_not_found", 1), ("http_server_error", 2)])
        self.assertEqual(self.web.get("/stats?url=/500/x").json()["times"], 2)

    def test_unknown_model_fails_with_a_word_and_nothing_else_suffers(self):
        daemon_lib.write_model(self.models, "gone")
        self.configure()
        paths = [f"/ok/{name}" for name in self.pictures]
        self.enqueue(paths, "--model", "tiny", "--model", "gone")
        (self.models / "gone.yml").unlink()
        self.once()
        rows = self.query("SELECT model, reason, detail FROM failures")
        self.assertEqual({r[:2] for r in rows}, {("gone", "model_unavailable")})
        self.assertTrue(rows[0][2])
        self.assertEqual(len(rows), len(paths))
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(len(paths),)])

    def test_carml_without_a_server_is_told(self):
        self.configure()
        self.enqueue([f"/ok/{self.pictures[0]}"], "--backend", "carml")
        self.once()
        self.assertEqual(self.query("SELECT reason FROM failures"), [("model_unavailable",)])
        self.assertIn("carml.url", self.query("SELECT detail FROM failures")[0][0])

    def test_service_that_stays_away_ends_with_69_and_loses_nothing(self):
        self.configure(carml={"url": "http://127.0.0.1:1", "patience": "1s",
                              "breaker_failures": 1, "breaker_pause": "100ms",
                              "breaker_cap": "200ms"}, retry={"tries": 50})
        self.enqueue([f"/ok/{name}" for name in self.pictures], "--backend", "carml")
        done = self.once(check=69)
        self.assertIn("carml", done.stderr.strip().splitlines()[-1])
        self.assertEqual(self.assert_sound(), len(self.pictures))

    def test_service_that_is_away_does_not_keep_others_from_their_turn(self):
        daemon_lib.write_model(self.models, "second", size=4)
        self.configure(carml={"url": "http://127.0.0.1:1", "patience": "9s",
                              "breaker_failures": 1, "breaker_pause": "100ms",
                              "breaker_cap": "200ms"}, daemon={"window": 20})
        both = [f"/same/{self.pictures[0]}/{n}" for n in range(40)]
        absent = [f"/same/{self.pictures[0]}/{n}" for n in range(40, 900)]
        here = [f"/same/{self.pictures[1]}/{n}" for n in range(50)]
        self.enqueue(both, "--backend", "carml")
        self.enqueue(both, "--model", "second")
        self.enqueue(absent, "--backend", "carml")
        self.enqueue(here)
        self.once(check=69)
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(len(both) + len(here),)])
        self.assertEqual(self.assert_sound(), len(both) + len(absent))

    def test_fallback_answers_and_says_so(self):
        self.configure(carml={"url": "http://127.0.0.1:1", "fallback": "local",
                              "breaker_failures": 1, "breaker_pause": "50ms"})
        paths = [f"/ok/{name}" for name in self.pictures]
        self.enqueue(paths, "--backend", "carml")
        self.enqueue(paths, "--backend", "auto", "--run", "other")
        self.once()
        self.assertEqual(self.query("SELECT requested_backend, backend, count(*) FROM results "
                                    "GROUP BY 1, 2 ORDER BY 1"),
                         [("auto", "local", len(paths)), ("carml", "local", len(paths))])

    def test_timings_are_one_line_of_json(self):
        self.configure()
        self.enqueue([f"/ok/{name}" for name in self.pictures])
        value = json.loads(self.once("--timings").stdout)
        self.assertEqual(value["urls"], len(self.pictures))
        for stage in ("loop", "committer", "validate", "predict", "other", "total"):
            self.assertGreaterEqual(value["cpu_ms"][stage], 0)

    def test_empty_queue_ends_at_once(self):
        self.configure()
        self.once()
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(0,)])


class Usage(daemon_lib.Case):
    def test_bad_arguments_and_settings_get_one_line(self):
        self.configure()
        bad = self.folder / "bad.yml"
        bad.write_text("fetch:\n  timeout: soon\n")
        ranges = self.folder / "ranges.yml"
        ranges.write_text('fetch:\n  allow_addresses: ["10.0.0.0/99"]\n')
        for code, words, part in [
                (2, ["--frobnicate"], "--frobnicate"),
                (2, ["extra"], "extra"),
                (2, ["--db"], "--db"),
                (2, ["--log-level", "loud"], "loud"),
                (78, ["--check-config", "--config", bad], "fetch.timeout"),
                (78, ["--check-config", "--config", ranges], "10.0.0.0/99"),
                (78, ["--once", "--config", self.folder / "none.yml"], "none.yml"),
                (74, ["--once", "--config", self.config, "--db", "/nowhere/x.db"], "/nowhere")]:
            done = lib.run("carmlbenchd", *words)
            self.assertEqual(done.returncode, code, (words, done.stderr))
            self.assertEqual(len(done.stderr.strip().splitlines()), 1, done.stderr)
            self.assertIn(part, done.stderr)

    def test_good_configuration_is_ok(self):
        self.configure()
        done = lib.run("carmlbenchd", "--config", self.config, "--check-config", check=0)
        self.assertEqual(done.stdout, "OK\n")

    def test_printed_configuration_is_good(self):
        printed = self.folder / "printed.yml"
        printed.write_text(lib.run("carmlbenchd", "--print-config", check=0).stdout)
        lib.run("carmlbenchd", "--config", printed, "--check-config", check=0)

    def test_machines_are_printed(self):
        done = lib.run("carmlbenchd", "--dump-fsm", check=0)
        for name in ("QUEUED", "COMMITTING", "ASKING", "WORKING"):
            self.assertIn(name, done.stdout)

    def test_file_that_is_no_database_is_left_alone(self):
        self.configure()
        self.database.write_text("dear diary\n" * 500)
        done = lib.run("carmlbenchd", "--config", self.config, "--once", check=65)
        self.assertEqual(len(done.stderr.strip().splitlines()), 1)
        self.assertTrue(self.database.read_text().startswith("dear diary"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
