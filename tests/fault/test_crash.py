#!/usr/bin/python3
"""A picture that crashes the process is set aside, and costs nothing but its own row.

The plain build only: a sanitizer's runtime wants to be loaded before the shim, and turns the signal into an exit.
"""
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "system"))
import daemon_lib  # noqa: E402
import lib  # noqa: E402

SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <jpeglib.h>
/* A decoder with a fault: a JPEG with a comment crashes it. */
boolean jpeg_start_decompress(j_decompress_ptr cinfo)
{
    if (cinfo->image_width == 7)
        raise(SIGSEGV);
    boolean (*real)(j_decompress_ptr) =
        (boolean (*)(j_decompress_ptr))dlsym(RTLD_NEXT, "jpeg_start_decompress");
    return real(cinfo);
}
"""


class Crash(daemon_lib.Case):
    def shim(self):
        source, library = self.folder / "shim.c", self.folder / "shim.so"
        source.write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source, "-ldl"], check=True)
        return library

    def test_picture_that_crashes_is_set_aside_after_three_crashes(self):
        self.configure()
        poison = self.www / "poison.jpg"
        data = bytearray((self.www / self.pictures[0]).read_bytes())
        frame = data.index(b"\xff\xc0")
        data[frame + 7:frame + 9] = (7).to_bytes(2, "big")  # width 7 is what the shim looks for
        poison.write_bytes(data)
        self.enqueue([f"/ok/{n}" for n in self.pictures] + ["/ok/poison.jpg"])
        env = {"LD_PRELOAD": str(self.shim())}
        codes = []
        while len(codes) < 10:
            done = lib.run("carmlbenchd", "--config", self.config, "--once", env=env)
            codes.append(done.returncode)
            if done.returncode == 0:
                break
        self.assertEqual(codes, [-signal.SIGSEGV] * 3 + [0], done.stderr)
        self.assertIn("set aside", done.stderr)
        self.assertEqual(self.outcome_of("/ok/poison.jpg"), ("failed", "crashed"))
        self.assertEqual(self.query("SELECT count(*) FROM results"), [(len(self.pictures),)])
        self.assertEqual(self.assert_sound(), 0)


if __name__ == "__main__":
    lib.main()
