"""What pictures.folder holds after carmlbenchd worked: the bytes that were classified, once each, and
nothing when it cannot or may not."""

import hashlib
import os
import signal
import time
import unittest

import daemon_lib
import lib


def room(size):
    return (size + 4095) // 4096 * 4096


class Pictures(daemon_lib.Case):
    def setUp(self):
        super().setUp()
        self.kept = self.folder / "pictures"

    def configure(self, **sections):
        sections.setdefault("pictures", {}).setdefault("folder", str(self.kept))
        return super().configure(**sections)

    def files(self):
        """{path below the folder: bytes}, of everything that is there. Not while a daemon runs: a file may get its
        final name between being listed and being read."""
        return {str(p.relative_to(self.kept)): p.read_bytes()
                for p in self.kept.rglob("*") if p.is_file()}

    def assert_whole(self):
        for name, data in self.files().items():
            digest = hashlib.sha256(data).hexdigest()
            self.assertIn(name, (f"{digest[:2]}/{digest}.jpg", f"{digest[:2]}/{digest}.png"))

    def mount(self, options):
        """A small file system at the folder; skips the test where that is not allowed."""
        self.kept.mkdir()
        done = lib.run("/bin/mount", "-t", "tmpfs", "-o", options, "none", self.kept)
        if done.returncode:
            self.skipTest("skipped: cannot mount a small file system here")
        self.addCleanup(lib.run, "/bin/umount", self.kept, check=0)

    def assert_all_done(self, count):
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(count,)])
        self.assertEqual(self.assert_sound(), 0)

    def test_no_folder_means_nothing_is_kept(self):
        self.configure(pictures={"folder": ""})
        self.enqueue([f"/ok/{self.pictures[0]}"])
        before = sorted(os.listdir(self.folder))
        self.assertNotIn("pictures", self.once().stderr)
        self.assertEqual([n for n in sorted(os.listdir(self.folder))
                          if n not in before and not n.startswith("bench.db")], [])

    def test_what_was_classified_is_kept_byte_by_byte_and_nothing_else(self):
        self.configure()
        good = self.pictures[0]
        served = {f"/ok/{n}": self.www / n for n in self.pictures}
        served["/png/circle.png"] = self.www / "circle.png"
        served["/placeholder/1.jpg"] = self.folder / "gone.jpg"
        self.enqueue([*served, "/html", "/empty", "/gif", f"/truncated/{good}", "/404",
                      f"/lie-length/{good}"])
        self.once()
        expected = {}
        for path, source in served.items():
            sha256, = self.query("SELECT image_sha256 FROM results WHERE url=?",
                                 f"{self.web.url}{path}")[0]
            ending = source.suffix
            expected[f"{sha256[:2]}/{sha256}{ending}"] = source.read_bytes()
        self.assertEqual(self.files(), expected)
        self.assert_whole()
        self.assertEqual(self.kept.stat().st_mode & 0o007, 0)

    def test_picture_under_many_urls_is_kept_once(self):
        self.configure(daemon={"workers": 4})
        paths = [f"/same/{self.pictures[0]}/{i}" for i in range(40)]
        self.enqueue(paths)
        done = self.once()
        self.assertIn("pictures: 1 kept, 39 were kept before, 0 not kept", done.stderr)
        self.assertEqual(list(self.files().values()), [(self.www / self.pictures[0]).read_bytes()])
        first = [p.stat().st_mtime_ns for p in self.kept.rglob("*.jpg")]
        self.enqueue(paths, "--run", "again")
        self.assertIn("pictures: 0 kept, 40 were kept before", self.once().stderr)
        self.assertEqual([p.stat().st_mtime_ns for p in self.kept.rglob("*.jpg")], first)

    def test_file_that_was_cut_is_written_anew(self):
        self.configure()
        self.enqueue([f"/ok/{self.pictures[0]}"])
        self.once()
        cut, = self.kept.rglob("*.jpg")
        os.truncate(cut, 100)
        self.enqueue([f"/ok/{self.pictures[0]}"], "--run", "again")
        self.once()
        self.assert_whole()

    def test_ceiling_is_kept_and_said_once_in_each_life(self):
        sizes = sorted(room((self.www / n).stat().st_size) for n in self.pictures)
        self.configure(pictures={"max_bytes": f"{sum(sizes[:-1]) // 1024}KiB"})
        paths = [f"/ok/{n}" for n in self.pictures]
        for name in ("one", "two"):
            self.enqueue(paths, "--run", name)
            done = self.once()
            self.assertEqual(done.stderr.count("pictures.max_bytes"), 1, done.stderr)
            total = sum(room(len(data)) for data in self.files().values())
            self.assertLessEqual(total, sum(sizes[:-1]))
            self.assertGreater(len(self.files()), 0)
            self.assert_whole()
        self.assert_all_done(2 * len(paths))

    def test_higher_ceiling_is_taken_over_by_sighup(self):
        self.configure(pictures={"max_bytes": "4KiB"})
        self.kept.mkdir()
        (self.kept / "00").mkdir()
        (self.kept / "00" / "kept.jpg").write_bytes(b"there already")
        self.enqueue([f"/ok/{self.pictures[0]}"])
        daemon = self.daemon()
        self.wait_log(daemon, "pictures.max_bytes (4KiB) is reached")
        self.configure(pictures={"max_bytes": "1GiB"})
        daemon.signal(signal.SIGHUP)
        self.wait_log(daemon, "pictures.max_bytes: changed")
        self.wait_log(daemon, "configuration re-read")
        self.enqueue([f"/ok/{self.pictures[1]}"])
        self.wait_results(2)
        self.assertEqual(daemon.stop(), 0)
        self.assertEqual(len(self.files()), 2, self.files().keys())
        self.assert_all_done(2)

    def wait_log(self, process, text):
        end = time.monotonic() + lib.DEADLINE
        while text not in process.stderr_text():
            self.assertLess(time.monotonic(), end, process.stderr_text())
            time.sleep(0.02)

    def wait_results(self, count):
        end = time.monotonic() + lib.DEADLINE
        while self.query("SELECT count(*) FROM results") != [(count,)]:
            self.assertLess(time.monotonic(), end, f"never had {count} results")
            time.sleep(0.02)

    def assert_only_one_warning(self, stderr, cause, count):
        warnings = [line for line in stderr.splitlines() if "pictures are not kept while" in line]
        self.assertEqual(len(warnings), 1, stderr)
        self.assertIn(str(self.kept), warnings[0])
        self.assertIn(cause, warnings[0])
        self.assertIn(f"{count} not kept", stderr)

    def test_folder_that_cannot_be_made_costs_no_job(self):
        self.kept.write_text("in the way")
        self.configure()
        self.enqueue([f"/ok/{n}" for n in self.pictures])
        done = self.once()
        self.assert_only_one_warning(done.stderr, "Not a directory", len(self.pictures))
        self.assert_all_done(len(self.pictures))

    def test_read_only_folder_costs_no_job(self):
        self.mount("ro,size=1m")
        self.configure()
        self.enqueue([f"/ok/{n}" for n in self.pictures])
        done = self.once()
        self.assert_only_one_warning(done.stderr, "Read-only file system", len(self.pictures))
        self.assert_all_done(len(self.pictures))

    def test_full_disk_costs_no_job_and_leaves_no_parts(self):
        self.mount("size=24k")
        self.configure()
        count = 12
        lib.run("draw", "--count", str(count), "--seed", "7", self.www)
        paths = [f"/ok/{p.name}" for p in sorted(self.www.glob("*.jpg"))]
        self.enqueue(paths)
        done = self.once()
        kept = len(self.files())
        self.assertGreater(kept, 0)
        self.assertLess(kept, len(paths))
        self.assert_only_one_warning(done.stderr, "No space left on device", len(paths) - kept)
        self.assert_whole()
        self.assert_all_done(len(paths))

    def test_picture_that_changed_between_two_targets_is_not_kept(self):
        daemon_lib.write_model(self.models, "second", size=4)
        self.configure()
        self.enqueue([f"/ok/{self.pictures[0]}"])
        self.once()
        url = f"{self.web.url}/ok/{self.pictures[0]}"
        os.replace(self.www / self.pictures[-1], self.www / self.pictures[0])
        port = self.web.port
        self.assertEqual(self.web.stop(), 0)
        self.web = self.start("webserver", "--root", self.www, "--port", str(port))
        self.enqueue([url], "--model", "second")
        self.once()
        self.assertEqual(self.query("SELECT reason FROM failures"), [("image_changed",)])
        self.assertEqual(len(self.files()), 1)
        self.assert_whole()


if __name__ == "__main__":
    unittest.main(verbosity=2)
