"""The test CarML server speaks CarML's wire: what a stranger's client would meet at the real one.

Each assertion names a fact of CarML's REST API as its sources and captured answers show it: names,
order, what is left out, how errors look, what go-swagger refuses. Where the published swagger file is
at hand (CARMLBENCH_SHARED) the answers of generation B are validated against its definitions, too.
"""

import base64
import concurrent.futures
import http.client
import json
import re
import socket
import unittest

import lib

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
CLASSES = 1000
OPEN = {"framework_name": "Caffe", "framework_version": "1.0", "model_name": "BVLC-AlexNet",
        "model_version": "1.0", "options": {"batch_size": 1, "feature_limit": 3,
                                            "execution_options": {"trace_level": "NO_TRACE",
                                                                  "device_count": {"CPU": 0}}}}
MANIFEST = """\
name: {name}
framework:
  name: Caffe
  version: {framework}
version: {version}
description: a model of the test <&> "quoted"
license: unrestricted
inputs:
  - type: image
    parameters:
      dimensions: [3, 8, 8]
      mean: [0, 0, 0]
      color_mode: BGR
      layout: CHW
output:
  type: classification
  parameters:
    features_url: labels.txt
model:
  graph_path: net.prototxt
  weights_path: net.caffemodel
  graph_checksum: 0123456789abcdef0123456789abcdef
"""


class CarmlCase(lib.Case):
    """A web server with pictures and the CarML server of one generation."""

    generation = "b"

    def setUp(self):
        super().setUp()
        (self.folder / "a.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
        self.web = self.start("webserver", "--root", self.folder)
        self.carml = self.serve()

    def serve(self, *more):
        return self.start("carml_server", "--generation", self.generation, "--port", 0,
                          "--instant", CLASSES, *more)

    def post(self, path, value, **more):
        return self.carml.post_json("/api" + path, value, **more)

    def open(self, carml=None):
        answer = (carml or self.carml).post_json("/api/predict/open", OPEN)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json()

    def urls(self, predictor, *paths, carml=None, options=None):
        urls = [{"id": f"mine-{i}", "data": p if "://" in p else self.web.url + p}
                for i, p in enumerate(paths)]
        body = {"predictor": predictor, "urls": urls}
        if options is not None:
            body["options"] = options
        return (carml or self.carml).post_json("/api/predict/urls", body)

    def failed(self, answer, name, message):
        """Asserts the error object of a handler."""
        self.assertEqual(answer.status, 400, answer.body)
        value = answer.json()
        self.assertEqual(set(value), {"name", "message", "code", "stack"})
        self.assertEqual((value["name"], value["code"]), (name, 400))
        self.assertIn(message, value["message"])
        self.assertIsInstance(value["stack"], list)
        return value


def probability(feature):
    return feature.get("probability", 0)


class GenerationB(CarmlCase):
    def test_open_gives_an_id_and_nothing_else(self):
        value = self.open()
        self.assertEqual(list(value), ["id"])
        self.assertRegex(value["id"], UUID)
        self.assertNotEqual(self.open()["id"], value["id"])

    def test_bodies_end_with_a_newline(self):
        self.assertTrue(self.post("/predict/open", OPEN).body.endswith(b"}\n"))

    def test_all_classes_come_back_in_the_order_of_the_generation(self):
        answer = self.urls(self.open(), "/ok/a.jpg", options={"feature_limit": 3})
        self.assertEqual(answer.status, 200)
        features = answer.json()["responses"][0]["features"]
        self.assertEqual(len(features), CLASSES)
        values = [probability(f) for f in features]
        self.assertEqual(values, sorted(values, reverse=True))
        self.assertEqual({f["type"] for f in features}, {"CLASSIFICATION"})
        indices = [f["classification"].get("index", 0) for f in features]
        self.assertEqual(sorted(indices), list(range(CLASSES)))
        for feature in features:
            self.assertRegex(feature["id"], r"^[0-9a-f]{24}$")
            self.assertTrue(feature["classification"]["label"])

    def test_zero_values_are_left_out(self):
        features = self.urls(self.open(), "/ok/a.jpg").json()["responses"][0]["features"]
        without_index = [f for f in features if "index" not in f["classification"]]
        self.assertEqual(len(without_index), 1)
        self.assertEqual(sum("probability" not in f for f in features), 1)
        self.assertNotIn(0, [f.get("probability") for f in features])

    def test_ids_are_fresh_and_input_id_is_not_the_callers(self):
        predictor = self.open()
        first = self.urls(predictor, "/ok/a.jpg", options={"request_id": "req-1"}).json()
        second = self.urls(predictor, "/ok/a.jpg").json()
        self.assertEqual(first["id"], predictor["id"])
        self.assertEqual(first["responses"][0]["request_id"], "req-1")
        self.assertRegex(second["responses"][0]["request_id"], UUID)
        seen = [r[k] for a in (first, second) for r in a["responses"] for k in ("id", "input_id")]
        self.assertEqual(len(set(seen)), 4)
        for identifier in seen:
            self.assertRegex(identifier, UUID)

    def test_long_answers_are_chunked_and_short_ones_not(self):
        predictor = self.open()
        self.assertTrue(self.urls(predictor, "/ok/a.jpg").chunked)
        short = self.urls(predictor)
        self.assertFalse(short.chunked)
        self.assertEqual(int(short.headers["Content-Length"]), len(short.body))
        self.assertEqual(short.json(), {"id": predictor["id"], "responses": []})

    def test_http_1_0_gets_no_chunks(self):
        predictor = self.open()
        body = json.dumps({"predictor": predictor,
                           "urls": [{"data": self.web.url + "/ok/a.jpg"}]}).encode()
        with socket.create_connection(("127.0.0.1", self.carml.port), lib.DEADLINE) as connection:
            connection.sendall(b"POST /api/predict/urls HTTP/1.0\r\nContent-Type: application/json\r\n"
                               b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
            got = b""
            while data := connection.recv(65536):
                got += data
        head, _, rest = got.partition(b"\r\n\r\n")
        self.assertNotIn(b"chunked", head)
        self.assertEqual(len(json.loads(rest)["responses"]), 1)

    def test_floats_are_the_shortest_that_read_back(self):
        text = self.urls(self.open(), "/ok/a.jpg").body.decode()
        numbers = re.findall(r'"probability":([^,}]+)', text)
        self.assertGreater(len(numbers), 900)
        for number in numbers:
            self.assertRegex(number, r"^(0\.\d+|\d(\.\d+)?e-[1-9]\d?)$")
            self.assertEqual("e" in number, float(number) < 1e-6, number)
            self.assertLessEqual(len(re.sub(r"^0\.0*|e.*|\.", "", number)), 9)

    def test_the_order_of_urls_is_kept_and_each_is_fetched(self):
        answer = self.urls(self.open(), "/ok/a.jpg?1", "/ok/a.jpg?2", "/same/a.jpg/3")
        self.assertEqual(len(answer.json()["responses"]), 3)
        stats = self.web.get("/stats").json()
        self.assertEqual(stats["urls"], {"distinct": 3, "total": 3, "max": 1})

    def test_redirects_are_followed_ten_times(self):
        predictor = self.open()
        self.assertEqual(self.urls(predictor, "/chain/10/a.jpg").status, 200)
        self.assertEqual(self.urls(predictor, "/chain/11/a.jpg").status, 400)

    def bad_url(self, *paths):
        return self.failed(self.urls(self.open(), *paths), "Predict/URLs", "rpc error: code = Unknown")

    def test_one_bad_url_loses_the_whole_call(self):
        for bad in ("/404", "/404/a.jpg", "/500", "/empty", "/redirect/loop", "/cut/a.jpg",
                    "http://127.0.0.1:1/refused"):
            value = self.bad_url("/ok/a.jpg", bad, "/ok/a.jpg")
            self.assertIn("unable to cast to dense tensor in predict_step step", value["message"])

    def test_unknown_predictors(self):
        self.failed(self.urls({"id": "691599fd-2c8c-462b-bc5b-7acbe5244b41"}, "/ok/a.jpg"),
                    "Predict/URLs", "unable to get client predictor value")
        self.failed(self.post("/predict/urls", {"urls": []}), "Predict/URLs",
                    "invalid nil predictor")

    def close_body(self, predictor):
        return {"predictor": predictor, "force": False}

    def test_close_forgets_the_predictor_at_the_agent(self):
        predictor = self.open()
        closed = self.post("/predict/close", self.close_body(predictor))
        self.assertEqual((closed.status, closed.json()), (200, self.closed))
        self.failed(self.urls(predictor, "/ok/a.jpg"), "Predict/URLs", "predictor ID was not found")
        self.failed(self.post("/predict/close", self.close_body(predictor)), "Predict/Close",
                    "failed to close predictor client")

    def test_a_body_with_both_forms_closes_either_generation(self):
        predictor = self.open()
        closed = self.post("/predict/close", {"id": predictor["id"], "predictor": predictor})
        self.assertEqual((closed.status, closed.json()), (200, self.closed))

    closed = {}

    def test_the_other_generations_close_body_is_refused(self):
        answer = self.post("/predict/close", self.open())
        self.assertEqual((answer.status, answer.json()),
                         (500, {"message": "Internal Server Error"}))

    def test_wildcards_reach_the_agent_and_fail_there(self):
        for missing in ("model_name", "model_version", "framework_name", "framework_version"):
            body = {k: v for k, v in OPEN.items() if k != missing}
            self.failed(self.post("/predict/open", body), "Predict/Open",
                        "unable to open model: rpc error")

    def test_a_gpu_is_not_there(self):
        options = {"execution_options": {"device_count": {"GPU": 0}}}
        self.failed(self.post("/predict/open", {**OPEN, "options": options}), "Predict/Open",
                    "no GPU device")

    def test_an_agent_that_does_not_exist_is_not_found(self):
        options = {"agent": "10.1.2.3"}
        self.failed(self.post("/predict/open", {**OPEN, "options": options}), "Predict/Open",
                    "unable to find agent 10.1.2.3 which supports")

    def test_images_never_succeeds(self):
        images = [{"id": "x", "data": base64.b64encode(b"picture").decode()}]
        answer = self.post("/predict/images", {"predictor": self.open(), "images": images})
        self.failed(answer, "Predict/Images", self.images_message)

    images_message = "unable to cast to dense tensor in predict_step step"

    def test_images_can_be_made_to_work(self):
        carml = self.serve("--images-work")
        images = [{"id": "x", "data": base64.b64encode(b"picture").decode()}]
        answer = carml.post_json("/api/predict/images",
                                 {"predictor": self.open(carml), "images": images})
        self.assertEqual(len(answer.json()["responses"][0]["features"]), CLASSES)
        refused = carml.post_json("/api/predict/images", {"predictor": self.open(carml),
                                                          "images": [{"data": "%%%"}]})
        self.assertEqual((refused.status, refused.json()["code"]), (400, 400))

    def test_reset_and_dataset_are_of_no_use(self):
        self.assertEqual(self.post("/predict/reset", self.close_body(self.open())).status, 400)
        answer = self.post("/predict/dataset", {})
        self.assertEqual((answer.status, answer.json()),
                         (501, "operation predict.Dataset has not yet been implemented"))

    stream_status = 404

    def test_streams(self):
        for what in ("urls", "images", "dataset"):
            self.assertEqual(self.post(f"/predict/stream/{what}", {}).status, self.stream_status)

    def test_auth(self):
        login = self.post("/auth/login", {})
        self.assertEqual((login.status, login.json()["status"]), (200, "failure"))
        self.assertEqual(self.carml.get("/api/auth/userinfo").json(), {"outcome": "fail"})

    def test_a_request_id_is_copied_or_made(self):
        answer = self.post("/predict/open", OPEN, headers={"X-Request-Id": "mine-7"})
        self.assertEqual(answer.headers["X-Request-Id"], "mine-7")
        self.assertRegex(self.post("/predict/open", OPEN).headers["X-Request-Id"], UUID)

    def test_tracing_shows_in_headers_and_body(self):
        traced = {**OPEN, "options": {"execution_options": {"trace_level": "FULL_TRACE"}}}
        answer = self.post("/predict/open", traced)
        self.assertRegex(answer.headers["X-B3-Traceid"], r"^[0-9a-f]{32}$")
        value = self.urls(answer.json(), "/ok/a.jpg").json()
        self.assertEqual("trace_id" in value, self.generation == "b")
        self.open()
        self.assertIsNone(self.post("/predict/open", OPEN).headers["X-B3-Traceid"])

    # What go-swagger refuses before a handler sees it.

    def refused(self, answer, status, code, message):
        self.assertEqual((answer.status, answer.json()["code"]), (status, code))
        self.assertEqual(set(answer.json()), {"code", "message"})
        self.assertIn(message, answer.json()["message"])

    def test_unknown_paths_and_methods(self):
        self.refused(self.carml.get("/api/foo"), 404, 404, "path /api/foo was not found")
        answer = self.carml.get("/api/predict/open")
        self.refused(answer, 405, 405, "method GET is not allowed, but [POST] are")
        self.assertEqual(answer.headers["Allow"], "POST")

    def test_media_types(self):
        body = json.dumps(OPEN).encode()
        for kind, said in ((None, "application/octet-stream"), ("text/plain", "text/plain")):
            headers = {"Content-Type": kind} if kind else {}
            answer = self.carml.request("POST", "/api/predict/open", body, headers)
            self.refused(answer, 415, 415, f'unsupported media type "{said}", only')
        charset = {"Content-Type": "application/json; charset=utf-8"}
        self.assertEqual(self.carml.request("POST", "/api/predict/open", body, charset).status, 200)
        self.refused(self.post("/predict/open", OPEN, headers={"Accept": "image/png"}), 406, 406,
                     "application/json")

    def test_bodies(self):
        json_type = {"Content-Type": "application/json"}
        self.refused(self.carml.request("POST", "/api/predict/open", b"", json_type), 422, 602,
                     "body in body is required")
        self.refused(self.carml.request("POST", "/api/predict/open", b"{nonsense", json_type), 400,
                     400, 'parsing body body from "" failed, because')
        for wrong in ({"batch_size": "1"}, {"execution_options": []}, {"request_id": 7},
                      {"execution_options": {"device_count": {"CPU": "0"}}}, self.wrong_timeout):
            self.refused(self.post("/predict/open", {**OPEN, "options": wrong}), 400, 400,
                         "parsing body")
        self.refused(self.post("/predict/urls", {"predictor": {"id": "x"}, "urls": {}}), 400, 400,
                     "parsing body")

    wrong_timeout = {"execution_options": {"timeout_in_ms": 5}}
    trace_levels = {"APPLICATION_TRACE": 200, "MODEL_TRACE": 200, "STEP_TRACE": 422}

    def test_trace_levels(self):
        common = dict.fromkeys(("NO_TRACE", "FRAMEWORK_TRACE", "HARDWARE_TRACE", "FULL_TRACE"), 200)
        for level, status in {**common, "LOUD": 422, **self.trace_levels}.items():
            options = {"execution_options": {"trace_level": level}}
            answer = self.post("/predict/open", {**OPEN, "options": options})
            self.assertEqual(answer.status, status, level)
            if status == 422:
                self.refused(answer, 422, 606, "options.execution_options.trace_level in body "
                                               "should be one of [NO_TRACE ")

    def test_unknown_names_and_nulls_are_ignored(self):
        answer = self.post("/predict/open", {**OPEN, "colour": 7, "options": None})
        self.assertEqual(answer.status, 200)

    def test_a_big_body_is_announced_and_accepted(self):
        body = json.dumps({**OPEN, "padding": "x" * 3_000_000}).encode()
        with socket.create_connection(("127.0.0.1", self.carml.port), lib.DEADLINE) as connection:
            connection.sendall(b"POST /api/predict/open HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                               b"Content-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                               % len(body))
            self.assertEqual(connection.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.sendall(body)
            self.assertTrue(connection.recv(100).startswith(b"HTTP/1.1 200 \r\n"))

    # Upload

    def upload(self, data, carml=None):
        """Uploads in two parts; returns the address of the bytes."""
        carml = carml or self.carml
        tus = {"Tus-Resumable": "1.0.0"}
        created = carml.request("POST", "/api/upload/", b"",
                                {**tus, "Upload-Length": str(len(data))})
        self.assertEqual(created.status, 201)
        location = created.headers["Location"]
        path = location[len(carml.url):]
        half = len(data) // 2
        for offset, part in ((0, data[:half]), (half, data[half:])):
            head = carml.request("HEAD", path, headers=tus)
            self.assertEqual(head.headers["Upload-Offset"], str(offset))
            patched = carml.request("PATCH", path, part,
                                    {**tus, "Upload-Offset": str(offset),
                                     "Content-Type": "application/offset+octet-stream"})
            self.assertEqual((patched.status, patched.headers["Upload-Offset"]),
                             (204, str(offset + len(part))))
        return location, path

    def test_an_upload_comes_back_and_can_be_predicted(self):
        data = bytes(range(256)) * 1000
        location, path = self.upload(data)
        self.assertTrue(location.startswith(self.carml.url + "/api/upload/"))
        self.assertEqual(self.carml.get(path).body, data)
        answer = self.urls(self.open(), location)
        self.assertEqual(len(answer.json()["responses"]), 1)

    def test_uploads_refuse_what_tus_refuses(self):
        tus = {"Tus-Resumable": "1.0.0"}
        octets = {**tus, "Content-Type": "application/offset+octet-stream"}
        _, path = self.upload(b"1234")
        self.assertEqual(self.carml.request("POST", "/api/upload/", b"").status, 412)
        self.assertEqual(self.carml.request("POST", "/api/upload/", b"", tus).status, 400)
        for offset, body, status in (("0", b"x", 409), ("4", b"x", 413)):
            answer = self.carml.request("PATCH", path, body, {**octets, "Upload-Offset": offset})
            self.assertEqual(answer.status, status)
        plain = {**tus, "Upload-Offset": "4", "Content-Type": "text/plain"}
        self.assertEqual(self.carml.request("PATCH", path, b"x", plain).status, 415)
        self.assertEqual(self.carml.get("/api/upload/00000001ffff").status, 404)
        self.assertEqual(self.carml.request("DELETE", path, headers=tus).status, 204)
        self.assertEqual(self.carml.get(path).status, 404)

    # Registry

    def registry(self):
        for name, framework, version in (("BVLC-AlexNet", "1.0", "2.0"), ("Other", "1.0", "1.0")):
            text = MANIFEST.format(name=name, framework=framework, version=version)
            (self.folder / f"{name}.yml").write_text(text)
        return self.start("carml_server", "--generation", self.generation, "--port", 0, "--model",
                          self.folder / "Other.yml", "--model", self.folder / "BVLC-AlexNet.yml")

    output_type = "classification"

    def test_registry_lists_models_sorted_and_without_parameters(self):
        carml = self.registry()
        manifests = carml.get("/api/registry/models/manifest").json()["manifests"]
        self.assertEqual([m["name"] for m in manifests], ["BVLC-AlexNet", "Other"])
        first = manifests[0]
        self.assertEqual(first["framework"], {"name": "Caffe", "version": "1.0"})
        self.assertEqual(first["description"], 'a model of the test <&> "quoted"')
        self.assertEqual(first["output"]["type"], self.output_type)
        self.assertEqual(first["model"]["graph_checksum"], "0123456789abcdef0123456789abcdef")
        self.assertNotIn("parameters", first["inputs"][0])
        self.assertNotIn("hidden", first)

    def test_registry_lists_each_framework_once_and_agents(self):
        carml = self.registry()
        self.assertEqual(carml.get("/api/registry/frameworks/manifest").json(),
                         {"manifests": [{"name": "Caffe", "version": "1.0"}]})
        for path in ("/api/registry/models/agent?model_name=Other",
                     "/api/registry/frameworks/agent?framework_name=caffe"):
            agent = carml.get(path).json()["agents"][0]
            self.assertIsInstance(agent["port"], str)
            self.assertNotIn("hasgpu", agent)
            json.loads(agent["cpuinfo"])
        self.assertEqual(len(carml.get("/registry/keys").json()), 2)

    def test_registry_names_and_the_version_trap(self):
        carml = self.registry()
        listed = carml.get("/api/registry/models/manifest?model_name=other").json()["manifests"]
        self.assertEqual([m["name"] for m in listed], ["Other"])
        trapped = carml.get("/api/registry/models/manifest?model_name=BVLC-AlexNet"
                            "&model_version=latest").json()["manifests"]
        self.assertEqual([m["name"] for m in trapped], ["Other"])
        spelled = carml.get("/api/registry/models/manifest?model_name=bvlc_alexnet")
        self.assertEqual(spelled.status, 200 if self.generation == "b" else 400)

    def test_registry_misses(self):
        carml = self.registry()
        self.failed(carml.get("/api/registry/models/manifest?model_name=foo"), "ModelManifests",
                    "model foo not found")
        self.failed(carml.get("/api/registry/frameworks/manifest?framework_name=foo"),
                    "FrameworkManifests", "framework foo not found")
        self.failed(carml.get("/api/registry/models/agent?model_name=foo"), "ModelAgents",
                    "model foo not found")
        self.failed(carml.post_json("/api/predict/open", OPEN), "Predict/Open",
                    "unable to find agents for framework=caffe:1.0 model=" +
                    ("bvlc_alexnet" if self.generation == "b" else "bvlc-alexnet"))

    # Misbehaviour

    def misbehave(self, kind, count=1):
        answer = self.carml.post_json("/test/misbehave", {"kind": kind, "count": count})
        self.assertEqual(answer.status, 200, answer.body)

    def test_each_wrong_answer_on_demand_and_then_right_again(self):
        predictor = self.open()
        for kind, status, body in (("400-json", 400, b"Unavailable"), ("400-empty", 400, b""),
                                   ("422", 422, b"602"), ("500", 500, b"Internal Server Error"),
                                   ("501", 501, b"not yet been implemented"),
                                   ("nan", 200, b""), ("not-json", 200, b"<html>"),
                                   ("empty-responses", 200, b'"responses":[]')):
            self.misbehave(kind)
            answer = self.urls(predictor, "/ok/a.jpg")
            self.assertEqual(answer.status, status, kind)
            self.assertIn(body, answer.body, kind)
            self.assertEqual(len(answer.body) == 0, len(body) == 0, kind)
            self.assertEqual(self.urls(predictor, "/ok/a.jpg").status, 200, kind)

    def test_stall_cut_and_slow(self):
        predictor = self.open()
        self.misbehave("cut")
        with self.assertRaises(ConnectionResetError):
            self.urls(predictor, "/ok/a.jpg")
        self.misbehave("stall")
        with self.assertRaises(TimeoutError):
            body = {"predictor": predictor, "urls": []}
            self.carml.post_json("/api/predict/urls", body, timeout=0.3)
        self.misbehave("slow:50")
        self.assertEqual(self.urls(predictor, "/ok/a.jpg").status, 200)

    def test_forgotten_predictors_stay_forgotten(self):
        for kind, text in (("forget-predictor", "unable to get client predictor value"),
                           ("forget-predictor-agent", "predictor ID was not found")):
            predictor = self.open()
            self.misbehave(kind)
            for _ in range(2):
                self.failed(self.urls(predictor, "/ok/a.jpg"), "Predict/URLs", text)
            self.assertEqual(self.urls(self.open(), "/ok/a.jpg").status, 200)

    def test_shuffled_escaped_and_incomplete_answers(self):
        predictor = self.open()
        self.misbehave("escapes")
        answer = self.urls(predictor, "/ok/a.jpg")
        self.assertEqual(answer.body.count(b'"\\u003c\\u003e n'), CLASSES)
        self.misbehave("missing-classes")
        features = self.urls(predictor, "/ok/a.jpg").json()["responses"][0]["features"]
        self.assertEqual(len(features), CLASSES // 2)
        self.misbehave("shuffle")
        self.assertEqual(len(self.urls(predictor, "/ok/a.jpg", "/ok/a.jpg").json()["responses"]), 2)

    def test_huge_answers_are_as_long_as_wanted(self):
        self.misbehave("huge:3")
        answer = self.urls(self.open(), "/ok/a.jpg")
        self.assertGreaterEqual(len(answer.body), 3 << 20)

    def test_rules_count_calls(self):
        carml = self.serve("--misbehave", "500:every=3", "--misbehave", "501:after=6")
        predictor = self.open(carml)
        seen = [self.urls(predictor, carml=carml).status for _ in range(8)]
        self.assertEqual(seen, [200, 200, 500, 200, 200, 500, 501, 501])

    def test_crash_ends_the_process(self):
        carml = self.serve("--misbehave", "crash:first=1")
        predictor = self.open(carml)
        with self.assertRaises((ConnectionError, http.client.RemoteDisconnected)):
            self.urls(predictor, "/ok/a.jpg", carml=carml)
        self.assertEqual(carml.wait(), -9)

    def test_delay_open_and_a_stop_while_waiting(self):
        carml = self.serve("--misbehave", "delay-open:20")
        self.open(carml)
        waiting = self.serve("--misbehave", "delay-open:3600000")
        connection = http.client.HTTPConnection("127.0.0.1", waiting.port)
        self.addCleanup(connection.close)
        connection.request("POST", "/api/predict/open", json.dumps(OPEN),
                           {"Content-Type": "application/json"})
        self.assertEqual(waiting.get("/test/stats").json()["concurrent"]["predict"]["now"], 1)
        self.assertEqual(waiting.stop(), 0)

    def test_stop_while_a_download_hangs(self):
        predictor = self.open()
        connection = http.client.HTTPConnection("127.0.0.1", self.carml.port)
        self.addCleanup(connection.close)
        connection.request("POST", "/api/predict/urls",
                           json.dumps({"predictor": predictor,
                                       "urls": [{"data": self.web.url + "/stall"}]}),
                           {"Content-Type": "application/json"})
        self.assertEqual(self.carml.get("/test/stats").json()["concurrent"]["predict"]["now"], 1)
        self.assertEqual(self.carml.stop(), 0)

    def test_stats_count_calls_and_urls(self):
        predictor = self.open()
        for _ in range(3):
            self.urls(predictor, "/ok/a.jpg")
        self.upload(b"1234")
        self.post("/predict/close", self.close_body(predictor))
        url = self.web.url + "/ok/a.jpg"
        stats = self.carml.get("/test/stats?url=" + url).json()
        self.assertEqual(stats["calls"], {"opens": 1, "opened": 1, "urls": 3, "predicted": 3,
                                          "uploads": 1, "closes": 1, "closed": 1})
        self.assertEqual(stats["seen"], {"distinct": 1, "total": 3, "max": 3})
        self.assertEqual((stats["times"], stats["predictors"]), (3, 0))
        self.assertEqual(stats["concurrent"]["predict"], {"now": 0, "max": 1})

    def test_instant_answers_can_do_without_the_picture(self):
        carml = self.serve("--instant-fetch", "no")
        answer = self.urls(self.open(carml), "http://nowhere.invalid/a.jpg", carml=carml)
        self.assertEqual(len(answer.json()["responses"][0]["features"]), CLASSES)


class GenerationA(GenerationB):
    generation = "a"
    closed = None
    images_message = "expecting a io.Reader or dataset element for read image step, but got"
    stream_status = 501
    wrong_timeout = {"execution_options": {"timeout_in_ms": "5"}}
    trace_levels = {"STEP_TRACE": 200, "CPU_ONLY_TRACE": 200, "MODEL_TRACE": 422}
    output_type = "feature"

    def close_body(self, predictor):
        return predictor

    def test_all_classes_come_back_in_the_order_of_the_generation(self):
        answer = self.urls(self.open(), "/ok/a.jpg", options={"feature_limit": 3})
        features = answer.json()["responses"][0]["features"]
        self.assertEqual([f.get("index", 0) for f in features], list(range(CLASSES)))
        self.assertEqual({k for f in features for k in f}, {"index", "name", "probability"})

    def test_zero_values_are_left_out(self):
        features = self.urls(self.open(), "/ok/a.jpg").json()["responses"][0]["features"]
        self.assertEqual([i for i, f in enumerate(features) if "index" not in f], [0])
        self.assertEqual(sum("probability" not in f for f in features), 1)

    def test_one_bad_url_loses_the_whole_call(self):
        for bad, cause in (("/404", "bad response code: 404"), ("/empty", "unable to read image"),
                           ("/500", "bad response code: 500"), ("/redirect/loop", "10 redirects"),
                           ("http://127.0.0.1:1/x", "Get http://127.0.0.1:1/x: dial tcp")):
            value = self.bad_url("/ok/a.jpg", bad)
            self.assertIn("expecting []float32 for each image in predict image step, but got ",
                          value["message"])
            self.assertIn(cause, value["message"])

    def test_a_message_with_a_quote_becomes_an_empty_body(self):
        answer = self.urls(self.open(), "/ok/a.jpg", "file:///etc/passwd")
        self.assertEqual((answer.status, answer.body), (400, b""))

    def test_the_other_generations_close_body_is_refused(self):
        answer = self.post("/predict/close", {"predictor": self.open(), "force": False})
        self.failed(answer, "Predict/Close", "unable to get client predictor value")

    def test_auth(self):
        self.assertEqual(self.post("/auth/login", {}).status, 404)


class Swagger(CarmlCase):
    """Answers of generation B against the published definitions."""

    def setUp(self):
        path = lib.shared("reference", "dlframework.swagger.json")
        super().setUp()
        self.definitions = json.loads(path.read_text())

    def check(self, answer, definition):
        import jsonschema
        schema = {**self.definitions, "$ref": f"#/definitions/{definition}"}
        jsonschema.validate(answer.json(), schema)
        known = set(self.definitions["definitions"][definition]["properties"])
        self.assertLessEqual(set(answer.json()), known)

    def test_answers_are_what_the_swagger_file_defines(self):
        answer = self.post("/predict/open", OPEN)
        self.check(answer, "dlframeworkPredictor")
        predictor = answer.json()
        self.check(self.urls(predictor, "/ok/a.jpg", "/ok/a.jpg"), "dlframeworkFeaturesResponse")
        self.check(self.post("/predict/close", {"predictor": predictor}),
                   "dlframeworkPredictorCloseResponse")

    def test_the_registry_is_what_the_swagger_file_defines(self):
        carml = GenerationB.registry(self)
        self.check(carml.get("/api/registry/models/manifest"), "dlframeworkModelManifestsResponse")
        self.check(carml.get("/api/registry/frameworks/manifest"),
                   "dlframeworkFrameworkManifestsResponse")
        self.check(carml.get("/api/registry/models/agent"), "dlframeworkAgents")

    def test_every_path_of_the_swagger_file_is_known(self):
        for path, methods in self.definitions["paths"].items():
            if path in ("/auth/signup", "/auth/logout"):
                continue  # nobody can sign up at the test server
            for method in methods:
                body = b"{}" if method == "post" else None
                answer = self.carml.request(method.upper(), "/api" + path, body,
                                            {"Content-Type": "application/json"})
                self.assertNotIn(answer.status, (404, 405), path)


class RealModel(lib.Case):
    """Answers by the local engine: SqueezeNet with its published weights."""

    def setUp(self):
        zoo, images = lib.shared("zoo", "squeezenet_v1.0"), lib.shared("images")
        super().setUp()
        (self.folder / "squeezenet.yml").write_text(f"""
name: SqueezeNet
framework: {{name: Caffe, version: "1.0"}}
version: "1.0"
inputs:
  - type: image
    parameters: {{dimensions: [3, 227, 227], mean: [123, 117, 104], color_mode: BGR, layout: CHW}}
output:
  type: feature
  parameters: {{features_url: {images}/synset_words.txt}}
model: {{graph_path: {zoo}/deploy.prototxt, weights_path: {zoo}/squeezenet_v1.0.caffemodel}}
""")
        self.images = images
        self.web = self.start("webserver", "--root", images)

    def predictor(self, generation, *more):
        carml = self.start("carml_server", "--generation", generation, "--port", 0, "--model",
                           self.folder / "squeezenet.yml", *more)
        answer = carml.post_json("/api/predict/open", {**OPEN, "model_name": "squeezenet"})
        self.assertEqual(answer.status, 200, answer.body)
        return carml, answer.json()

    def urls(self, carml, predictor, *paths):
        urls = [{"data": self.web.url + path} for path in paths]
        return carml.post_json("/api/predict/urls", {"predictor": predictor, "urls": urls})

    def best(self, features):
        best = max(features, key=probability)
        return best.get("classification", best).get("index", 0)

    def test_both_generations_see_the_burger_and_agree_to_the_last_digit(self):
        values = {}
        for generation in "ab":
            carml, predictor = self.predictor(generation)
            answer = self.urls(carml, predictor, "/ok/cheeseburger.jpg", "/ok/cat.jpg")
            self.assertEqual(answer.status, 200, answer.body)
            responses = answer.json()["responses"]
            self.assertEqual([self.best(r["features"]) for r in responses], [933, 281])
            features = responses[0]["features"]
            self.assertAlmostEqual(sum(map(probability, features)), 1, places=4)
            values[generation] = {f.get("classification", f).get("index", 0): probability(f)
                                  for f in features}
        self.assertEqual(values["a"], values["b"])

    def test_what_the_agent_cannot_read_loses_the_call(self):
        carml, predictor = self.predictor("b")
        for bad in ("/html", "/gif"):
            self.assertEqual(self.urls(carml, predictor, "/ok/cat.jpg", bad).status, 400, bad)
        self.assertEqual(self.urls(carml, predictor, "/truncated/cat.jpg").status, 200)

    def test_images_by_value_give_what_the_url_gives(self):
        carml, predictor = self.predictor("b", "--images-work")
        data = base64.b64encode((self.images / "cat.jpg").read_bytes()).decode()
        by_value = carml.post_json("/api/predict/images",
                                   {"predictor": predictor, "images": [{"data": data}]})
        by_url = self.urls(carml, predictor, "/ok/cat.jpg")
        first, second = (
            {f["classification"].get("index", 0): probability(f) for f in
             answer.json()["responses"][0]["features"]} for answer in (by_value, by_url))
        self.assertEqual(first, second)

    def test_calls_at_once_do_not_disturb_each_other(self):
        carml, predictor = self.predictor("b")
        names = ["cheeseburger.jpg", "cat.jpg"] * 4
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda n: self.urls(carml, predictor, "/ok/" + n), names))
        best = [self.best(a.json()["responses"][0]["features"]) for a in answers]
        self.assertEqual(best, [933, 281] * 4)

    def test_a_model_that_cannot_be_loaded_fails_the_open(self):
        path = self.folder / "squeezenet.yml"
        path.write_text(path.read_text().replace(".caffemodel", ".missing"))
        carml = self.start("carml_server", "--port", 0, "--model", path)
        answer = carml.post_json("/api/predict/open", {**OPEN, "model_name": "SqueezeNet"})
        self.assertEqual(answer.status, 400)
        self.assertIn("unable to open model: rpc error", answer.json()["message"])


class CommandLine(unittest.TestCase):
    def test_wrong_usage_says_so_in_one_line(self):
        for arguments, word in (((), "--model"), (("--generation", "c"), "neither a nor b"),
                                (("--instant", "x"), "not a number"), (("--wrong",), "--help"),
                                (("--misbehave", "dance"), "KIND")):
            done = lib.run("carml_server", *arguments, check=2)
            self.assertEqual(done.stderr.count("\n"), 1)
            self.assertIn(word, done.stderr)

    def test_help_lists_the_kinds_of_misbehaviour(self):
        self.assertIn("missing-classes", lib.run("carml_server", "--help", check=0).stdout)

    def test_a_manifest_that_is_not_there_is_named(self):
        done = lib.run("carml_server", "--port", 0, "--model", "nowhere.yml")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("nowhere.yml", done.stderr)


if __name__ == "__main__":
    lib.main()
