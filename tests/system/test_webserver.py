"""The test web server does exactly the good and the bad things that its --help lists."""

import concurrent.futures
import http.client
import os
import socket
import struct
import unittest

import lib

FILE = bytes(range(256)) * 100


class WebServer(lib.Case):
    def setUp(self):
        super().setUp()
        (self.folder / "a.jpg").write_bytes(FILE)
        (self.folder / "gone.jpg").write_bytes(b"placeholder")
        self.web = self.start("webserver", "--root", self.folder, "--placeholder",
                              self.folder / "gone.jpg", "--port-file", self.folder / "port")

    def stats(self, url=""):
        return self.web.get("/stats" + (f"?url={url}" if url else "")).json()

    def test_a_file_is_served_whole_with_its_type(self):
        answer = self.web.get("/ok/a.jpg")
        self.assertEqual((answer.status, answer.body), (200, FILE))
        self.assertEqual(answer.headers["Content-Type"], "image/jpeg")
        self.assertEqual(self.web.get("/png/a.jpg").body, FILE)
        self.assertEqual(self.web.get("/same/a.jpg/17/x").body, FILE)

    def test_the_port_file_holds_the_port(self):
        self.assertEqual(int((self.folder / "port").read_text()), self.web.port)

    def test_head_has_the_length_and_no_body(self):
        answer = self.web.request("HEAD", "/ok/a.jpg")
        self.assertEqual((answer.headers["Content-Length"], answer.body), (str(len(FILE)), b""))

    def test_files_outside_the_root_are_not_served(self):
        for path in ("/ok/../../etc/passwd", "/ok/%2e%2e/%2e%2e/etc/passwd", "/ok//etc/passwd"):
            self.assertEqual(self.web.get(path).status, 404, path)

    def test_statuses(self):
        for status in (404, 410, 401, 403, 429, 500, 503):
            answer = self.web.get(f"/{status}")
            self.assertEqual(answer.status, status)
            self.assertIn(b"<html>", answer.body)
        self.assertEqual(self.web.get("/429").headers["Retry-After"], "1")
        self.assertEqual(self.web.get("/unheard-of").status, 404)

    def test_404_can_carry_a_picture(self):
        answer = self.web.get("/404/a.jpg")
        self.assertEqual((answer.status, answer.body), (404, FILE))

    def test_503_then_ok_fails_as_often_as_told_for_each_url(self):
        seen = [self.web.get("/503-then-ok/2/a.jpg").status for _ in range(4)]
        self.assertEqual(seen, [503, 503, 200, 200])
        self.assertEqual(self.web.get("/503-then-ok/2/a.jpg?other").status, 503)

    def test_bodies_that_are_no_pictures(self):
        self.assertIn(b"<html>", self.web.get("/html").body)
        self.assertEqual(self.web.get("/empty").body, b"")
        self.assertEqual(self.web.get("/gif").body[:6], b"GIF89a")
        self.assertEqual(self.web.get("/placeholder/any/thing").body, b"placeholder")

    def test_truncated_is_sixty_percent_and_says_so(self):
        answer = self.web.get("/truncated/a.jpg")
        self.assertEqual(answer.body, FILE[:len(FILE) * 6 // 10])

    def test_lie_length_announces_more_than_it_sends(self):
        with self.assertRaises(http.client.IncompleteRead) as caught:
            self.web.get("/lie-length/a.jpg")
        self.assertEqual(caught.exception.partial, FILE)

    def test_cut_resets_the_connection_inside_the_body(self):
        with self.assertRaises(ConnectionResetError):
            self.web.get("/cut/a.jpg")

    def test_redirects(self):
        self.assertEqual(self.web.get("/redirect/a.jpg").headers["Location"], "/ok/a.jpg")
        self.assertEqual(self.web.get("/redirect/loop").headers["Location"], "/redirect/loop")
        for target in ("file:///etc/passwd", "http://169.254.169.254/latest?x=1"):
            answer = self.web.get(f"/redirect/to?{target}")
            self.assertEqual((answer.status, answer.headers["Location"]), (302, target))
        self.assertEqual(self.web.get("/chain/3/a.jpg").headers["Location"], "/chain/2/a.jpg")
        self.assertEqual(self.web.get("/chain/0/a.jpg").body, FILE)

    def test_stall_and_stall_body_stay_silent(self):
        with self.assertRaises(TimeoutError):
            self.web.get("/stall", timeout=0.2)
        connection = socket.create_connection(("127.0.0.1", self.web.port), timeout=lib.DEADLINE)
        self.addCleanup(connection.close)
        connection.sendall(b"GET /stall-body/a.jpg HTTP/1.1\r\nHost: x\r\n\r\n")
        got = b""
        while got.partition(b"\r\n\r\n")[2] != FILE[:len(FILE) // 2]:
            got += connection.recv(65536)
        connection.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            connection.recv(1)

    def test_slow_sends_everything_in_the_end(self):
        self.assertEqual(self.web.get("/slow/a.jpg?bps=250000").body, FILE)

    def test_huge_has_no_length_and_ends_by_closing(self):
        answer = self.web.get("/huge?bytes=3000001")
        self.assertEqual((len(answer.body), answer.headers["Content-Length"]), (3000001, None))

    def test_garbage_is_not_http(self):
        with self.assertRaises(http.client.BadStatusLine):
            self.web.get("/garbage")

    def test_stats_count_prefixes_urls_hosts_and_connections(self):
        for _ in range(3):
            self.web.get("/ok/a.jpg")
        self.web.get("/html", headers={"Host": "pictures.example"})
        stats = self.stats("/ok/a.jpg")
        self.assertEqual(stats["prefixes"], {"ok": 3, "html": 1})
        self.assertEqual(stats["urls"], {"distinct": 2, "total": 4, "max": 3})
        self.assertEqual(stats["times"], 3)
        self.assertEqual(stats["hosts"]["pictures.example"], {"now": 0, "max": 1})
        self.assertGreaterEqual(stats["max_connections"], 1)

    def test_stats_show_how_many_were_open_at_once(self):
        connections = [socket.create_connection(("127.0.0.1", self.web.port)) for _ in range(5)]
        for connection in connections:
            connection.sendall(b"GET /stall-body/a.jpg HTTP/1.1\r\nHost: h\r\n\r\n")
        for connection in connections:
            connection.settimeout(lib.DEADLINE)
            self.assertTrue(connection.recv(100))
        self.assertEqual(self.stats()["hosts"]["h"], {"now": 5, "max": 5})
        for connection in connections:
            connection.close()

    def test_keep_alive_and_pipelining_answer_in_order(self):
        connection = socket.create_connection(("127.0.0.1", self.web.port), timeout=lib.DEADLINE)
        self.addCleanup(connection.close)
        connection.sendall(b"GET /410 HTTP/1.1\r\nHost: x\r\n\r\n" * 50 +
                           b"GET /403 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        got = b""
        while data := connection.recv(65536):
            got += data
        self.assertEqual((got.count(b"HTTP/1.1 410 "), got.count(b"HTTP/1.1 403 ")), (50, 1))
        self.assertGreater(got.find(b"HTTP/1.1 403 "), got.rfind(b"HTTP/1.1 410 "))

    def test_a_request_split_at_every_byte_is_understood(self):
        whole = b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n"
        connection = socket.create_connection(("127.0.0.1", self.web.port), timeout=lib.DEADLINE)
        self.addCleanup(connection.close)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in whole:
            connection.send(bytes([byte]))
        self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200 \r\n"))

    def test_malformed_requests_are_refused_and_the_server_lives(self):
        for bad, status in ((b"nonsense\r\n\r\n", b"400"), (b"GET / HTTP/3.0\r\n\r\n", b"505"),
                            (b"POST /ok HTTP/1.1\r\nContent-Length: -1\r\n\r\n", b"400"),
                            (b"POST /ok HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
                            (b"GET / HTTP/1.1\r\nx: " + b"y" * 70000, b"431")):
            connection = socket.create_connection(("127.0.0.1", self.web.port), timeout=lib.DEADLINE)
            connection.sendall(bad)
            self.assertEqual(connection.recv(12), b"HTTP/1.1 " + status, bad[:40])
            connection.close()
        self.assertEqual(self.web.get("/ok/a.jpg").status, 200)

    def test_clients_that_vanish_do_no_harm(self):
        for path in (b"/huge?bytes=100000000", b"/slow/a.jpg?bps=10", b"/stall", b"/ok/a.jpg"):
            connection = socket.create_connection(("127.0.0.1", self.web.port))
            connection.sendall(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        self.assertEqual(self.web.get("/ok/a.jpg").status, 200)

    def test_a_thousand_connections_are_served(self):
        connections = [socket.create_connection(("127.0.0.1", self.web.port)) for _ in range(900)]
        for connection in connections:
            connection.sendall(b"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n")
        for connection in connections:
            connection.settimeout(lib.DEADLINE)
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200"))
        self.assertGreaterEqual(self.stats()["max_connections"], 900)
        for connection in connections:
            connection.close()

    def test_many_clients_at_once(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            bodies = list(pool.map(lambda i: self.web.get(f"/same/a.jpg/{i}").body, range(500)))
        self.assertTrue(all(body == FILE for body in bodies))
        self.assertEqual(self.stats()["urls"], {"distinct": 500, "total": 500, "max": 1})


class CommandLine(unittest.TestCase):
    def test_wrong_usage_says_so_in_one_line(self):
        done = lib.run("webserver", check=2)
        self.assertEqual(done.stderr.count("\n"), 1)
        self.assertIn("--root DIR", done.stderr)

    def test_help_lists_the_behaviours(self):
        self.assertIn("/503-then-ok/N/FILE", lib.run("webserver", "--help", check=0).stdout)

    def test_a_port_in_use_is_an_error(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            done = lib.run("webserver", "--root", os.curdir, "--port", taken.getsockname()[1], check=69)
        self.assertIn("cannot listen", done.stderr)


if __name__ == "__main__":
    lib.main()
