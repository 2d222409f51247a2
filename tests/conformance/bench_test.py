"""The bench itself: the network breaks where it is told to, and the judge finds what is wrong."""

import os
import socket
import struct
import tempfile
import threading
import unittest

import numpy as np
from PIL import Image

from bench.judge import Outcome, judge
from bench.matrix import document
from bench.network import Network, _kind, _Messages
from bench.pictures import Pictures
from bench.servers import ReservedPort
from bench.table import Table

HERE = os.path.dirname(os.path.abspath(__file__))


def event(field, size=10):
    """A JobEvent: sequence 1, a time, and an event of so many bytes in `field`."""
    content = b"x" * size
    length = len(content)
    varint = b""
    while length >= 0x80:
        varint += bytes([length & 0x7F | 0x80])
        length >>= 7
    varint += bytes([length])
    return b"\x08\x01" + b"\x12\x02\x08\x05" + bytes([field << 3 | 2]) + varint + content


def frames(message, stream=1, largest=16384):
    """gRPC's message in HTTP/2 DATA frames."""
    data = b"\0" + struct.pack(">I", len(message)) + message
    pieces = [data[i : i + largest] for i in range(0, len(data), largest)]
    return b"".join(len(piece).to_bytes(3, "big") + b"\0\0" + struct.pack(">I", stream) + piece for piece in pieces)


SETTINGS = (6).to_bytes(3, "big") + b"\x04\0" + struct.pack(">I", 0) + b"\0\x03\0\0\0\x64"


class NetworkTest(unittest.TestCase):
    def test_events_are_known(self):
        self.assertEqual(_kind(event(3)), "accepted")
        self.assertEqual(_kind(event(4)), "progress")
        self.assertEqual(_kind(event(6, 100000)[:9]), "result")
        self.assertEqual(_kind(b"\x0a\x05jobs/"), "")
        self.assertEqual(_kind(b"\x08\x01\x12"), "")
        self.assertEqual(_kind(b""), "")

    def test_messages_are_found_however_the_bytes_come(self):
        wire = SETTINGS + frames(event(3)) + frames(event(6, 40000), stream=3) + frames(event(4))
        for size in (1, 7, 4096, len(wire)):
            with self.subTest(size=size):
                messages = _Messages(0)
                found = []
                for at in range(0, len(wire), size):
                    found += [(_kind(m), at + end) for end, m, whole in messages.feed(wire[at : at + size]) if whole]
                ends = [len(SETTINGS + frames(event(3))), len(wire) - len(frames(event(4))), len(wire)]
                self.assertEqual(found, list(zip(["accepted", "result", "progress"], ends)))

    def server(self, wire):
        """Sends `wire` to whoever comes, and keeps the connection."""
        listener = socket.create_server(("127.0.0.1", 0))
        kept = []

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                kept.append(connection)
                connection.sendall(wire)

        threading.Thread(target=serve, daemon=True).start()
        self.addCleanup(listener.close)
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def received(self, network):
        with socket.create_connection(("127.0.0.1", int(network.address.split(":")[1]))) as client:
            client.settimeout(30)
            data = b""
            while piece := client.recv(65536):
                data += piece
            return data

    def test_breaks_after_an_event(self):
        progress = frames(event(4))
        network = Network(self.server(SETTINGS + 5 * progress), {"event": "progress", "number": 3}, lambda: None)
        self.addCleanup(network.close)
        self.assertEqual(self.received(network), SETTINGS + 3 * progress)
        with self.assertRaises(ConnectionRefusedError):
            self.received(network)

    def test_breaks_before_an_event(self):
        wire = SETTINGS + frames(event(4)) + frames(event(6))
        network = Network(self.server(wire), {"event": "result", "delivered": False}, lambda: None)
        self.addCleanup(network.close)
        self.assertEqual(self.received(network), SETTINGS + frames(event(4)))

    def test_breaks_within_an_event(self):
        result = frames(event(6, 400000))
        network = Network(self.server(SETTINGS + result), {"event": "result", "begun": True}, lambda: None)
        self.addCleanup(network.close)
        got = self.received(network)
        self.assertTrue((SETTINGS + result).startswith(got))
        self.assertTrue(60000 < len(got) < len(result), len(got))

    def test_goes_on_to_another_server(self):
        second = self.server(SETTINGS + frames(event(3)))
        network = Network(self.server(frames(event(4))), {"event": "progress"}, lambda: second)
        self.addCleanup(network.close)
        self.assertEqual(self.received(network), frames(event(4)))
        self.assertTrue(network.settled.wait(30))
        wire = SETTINGS + frames(event(3))
        with socket.create_connection(("127.0.0.1", int(network.address.split(":")[1]))) as client:
            client.settimeout(30)
            data = b""
            while len(data) < len(wire):
                data += client.recv(65536)
        self.assertEqual(data, wire)

    def test_a_reserved_port_refuses(self):
        port = ReservedPort()
        self.addCleanup(port.close)
        for _ in range(2):
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port.port))
            with port.listen():
                socket.create_connection(("127.0.0.1", port.port)).close()


class Witness:
    """What a server would say."""

    def alpha(self, picture):
        return np.full((3, 4), 9, np.uint8)

    def job(self, name):
        return {"state": "STATE_CANCELLED", "recipe": {"style_weight": 2, "style_layers": [{"layer": "a"}]}}

    def count_jobs(self):
        return 1


class JudgeTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.out = os.path.join(folder.name, "out.png")
        Image.new("RGBA", (4, 3), (1, 2, 3, 9)).save(self.out)
        self.result = {"format": "PICTURE_FORMAT_PNG", "width": 4, "height": 3, "bytes": os.path.getsize(self.out)}
        self.wanted = {
            "code": "OK",
            "iterations": 2,
            "result": {"format": "PICTURE_FORMAT_PNG", "width": 4, "height": 3, "mode": "RGBA"},
        }

    def findings(self, expect=None, request=None, seconds=0.0, others=None, **answer):
        answer = {"code": "OK", "iterations": [1, 2], "previews": [], "result": self.result, "job": "jobs/1", **answer}
        case = {"expect": {**self.wanted, **(expect or {})}, "request": request or {}}
        return judge(case, Outcome(answer, self.out, seconds), others or {}, Witness())

    def test_what_is_right_passes(self):
        self.assertEqual(self.findings(), [])

    def test_another_code(self):
        self.assertEqual(self.findings(code="INTERNAL", message="oh"), ["code INTERNAL, not OK: oh"])

    def test_losses(self):
        for iterations in ([1], [1, 1, 2], [1, 2, 3], [2, 1], []):
            with self.subTest(iterations=iterations):
                self.assertIn("iterations", self.findings(iterations=iterations)[0])

    def test_previews(self):
        self.assertIn("nobody asked", self.findings(previews=[1])[0])
        self.assertEqual(self.findings({"previews_every": 2}, previews=[2, 6]), [])
        for previews in ([], [3], [4, 2], [2, 2]):
            with self.subTest(previews=previews):
                self.assertEqual(len(self.findings({"previews_every": 2}, previews=previews)), 1)

    def test_results(self):
        self.assertEqual(self.findings(result=None), ["no result"])
        self.assertIn("width", self.findings(result={**self.result, "width": 5})[0])
        self.assertIn("bytes", self.findings(result={**self.result, "bytes": 1})[0])
        self.assertIn("mode", self.findings({"result": {**self.wanted["result"], "mode": "RGB"}})[0])
        self.assertEqual(self.findings({"result": {**self.wanted["result"], "alpha_of": "p"}}), [])
        Image.new("RGBA", (4, 3), (1, 2, 3, 8)).save(self.out)
        self.result["bytes"] = os.path.getsize(self.out)
        self.assertIn("alpha", self.findings({"result": {**self.wanted["result"], "alpha_of": "p"}})[0])

    def test_errors(self):
        expect = {"code": "NOT_FOUND", "iterations": 0, "field": "content.upload", "message_has": ["no such"]}
        right = {
            **{"code": "NOT_FOUND", "message": "no such upload", "field": "content.upload", "reason": "NOT_FOUND"},
            **{"iterations": [], "result": None},
        }
        self.assertEqual(self.findings(expect, **right), [])
        for key, value in (("field", ""), ("reason", ""), ("message", "none"), ("result", self.result)):
            with self.subTest(key=key):
                self.assertEqual(len(self.findings(expect, **{**right, key: value})), 1)

    def test_seconds_and_reconnects(self):
        self.assertIn("took 7.0 s", self.findings({"within_seconds": 6}, seconds=7.0)[0])
        self.assertIn("reconnects", self.findings({"reconnects": True})[0])
        self.assertEqual(self.findings({"reconnects": True}, reconnects=1), [])

    def test_other_cases(self):
        same = Outcome({"job": "jobs/1", "result": self.result}, self.out, 0)
        self.assertEqual(self.findings({"same_as": "a", "pixels_of": "a", "same_job_as": "a"}, others={"a": same}), [])
        self.assertIn("are those of", self.findings({"differs_from": "a"}, others={"a": same})[0])
        self.assertIn("failed", self.findings({"same_as": "b"}, others={"a": same})[0])

    def test_what_the_server_knows(self):
        self.assertIn("1 jobs, not 2", self.findings({"jobs": 2})[0])
        self.assertIn("state", self.findings({"job": {"state": "STATE_FAILED"}})[0])
        kept = {"recipe": {"styleWeight": 2, "styleLayers": [{"layer": "a"}]}}
        self.assertEqual(self.findings({"recipe_kept": True}, kept), [])
        lost = {"recipe": {"styleWeight": 3, "styleLayers": [{"layer": "b"}], "seed": "1"}}
        self.assertEqual(
            self.findings({"recipe_kept": True}, lost),
            [
                "recipe.style_weight is 2, not 3",
                "recipe.style_layers[0].layer is a, not b",
                "recipe.seed is None, not 1",
            ],
        )


class PicturesTest(unittest.TestCase):
    def test_rows_are_as_long_as_told(self):
        specs = {
            "raw": {"kind": "photograph", "width": 5, "height": 4, "raw": {"format": "PIXEL_FORMAT_BGR8", "stride": 32}}
        }
        specs["png"] = {"kind": "photograph", "width": 5, "height": 4, "format": "PNG"}
        with tempfile.TemporaryDirectory() as folder:
            pictures = Pictures(folder, specs)
            told = pictures.reference("raw")
            self.assertEqual(told["raw"], {"format": "PIXEL_FORMAT_BGR8", "width": 5, "height": 4, "stride": 32})
            rows = np.fromfile(told["file"], np.uint8).reshape(4, 32)
            with Image.open(pictures.path("png")) as png:
                np.testing.assert_array_equal(rows[:, :15].reshape(4, 5, 3)[..., ::-1], np.asarray(png))
            self.assertTrue((rows[:, 15:] == 0xEE).all())


class TableTest(unittest.TestCase):
    def test_cases_come_after_those_that_they_need(self):
        table = Table(os.path.join(HERE, "cases.json"))
        order = [case["name"] for case in table.choose(["cut_in_result"])]
        self.assertEqual(order, ["big_result", "cut_in_result"])
        everything = [case["name"] for case in table.choose(table.cases)]
        self.assertEqual(len(everything), len(table.cases))
        with self.assertRaisesRegex(ValueError, "no such case"):
            table.choose(["nothing"])

    def test_every_picture_and_server_is_there(self):
        table = Table(os.path.join(HERE, "cases.json"))
        for case in table.cases.values():
            with self.subTest(case["name"]):
                self.assertTrue(case["server"] == "own" or case["server"] in table.servers)
                for name in [case["content"], *case["styles"], case.get("initial", case["content"])]:
                    name = name.removeprefix("upload:").removeprefix("style:")
                    self.assertTrue("/" in name or name in table.pictures, name)

    def test_the_document_says_what_a_language_lacks(self):
        table = Table(os.path.join(HERE, "cases.json"))

        class Driver:
            language = "Shell"
            lacks = {"raw": "files alone"}

        page = document(table, [Driver])
        self.assertIn("| `raw_rgb8` 8-bit RGB: the same pixels as from the PNG. | 1 |", page)
        self.assertIn("1. Shell: files alone", page)
        self.assertIn("| `in_jpeg` A JPEG. | ✓ |", page)


if __name__ == "__main__":
    unittest.main()
