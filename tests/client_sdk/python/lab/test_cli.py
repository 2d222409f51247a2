"""The program: its exit codes and its JSON, over a connection to a server that says what it is told."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import fake_server
import grpc
from fake_client import FakeClient, picture, run
from impasto.lab import painting
from impasto.lab.cli import main


def call(*words: str | Path) -> tuple[int, str, str]:
    """Runs a command line as it is."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()


class CliTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.photos = self.folder / "photos"
        picture(self.photos / "a.png")
        self.style = picture(self.folder / "painting.png")

    def words(self, *more: str | Path) -> list[str | Path]:
        return ["batch", self.photos, self.style, "--out", self.folder / "out", *more]

    def test_no_command_is_wrong_usage(self) -> None:
        for words in ((), ("paint",), ("sweep",)):
            with self.subTest(words=words):
                code, out, err = call(*words)
                self.assertEqual((code, out), (2, ""))
                self.assertTrue(err.startswith("impasto-lab: "), err)

    def test_errors_are_json_with_json(self) -> None:
        code, out, _ = call(*self.words("--json", "--iterations", "0"))
        self.assertEqual(code, 2)
        self.assertEqual(
            json.loads(out),
            {
                "exit_code": 2,
                "error": {"message": "--iterations: iterations: 0 is outside 1..100000", "field": "iterations"},
            },
        )
        self.assertEqual(json.loads(call("sweep", "--json")[1])["exit_code"], 2)

    def test_no_server_is_3(self) -> None:
        code, out, _ = call(*self.words("--server", f"unix:{self.folder}/nobody", "--json"))
        self.assertEqual((code, json.loads(out)["exit_code"]), (3, 3))

    def test_a_server_that_is_too_old_is_1_with_its_words(self) -> None:
        server = fake_server.FakeServer()
        self.addCleanup(server.stop)
        server.on("GetServerInfo", fake_server.Fail(grpc.StatusCode.UNIMPLEMENTED))
        code, out, err = call(*self.words("--server", server.address, "--json"))
        self.assertEqual(code, 1, err)
        self.assertEqual(json.loads(out)["error"]["code"], "FAILED_PRECONDITION")
        self.assertIn("update the server", err)

    def test_the_token_is_sent_where_it_may_be(self) -> None:
        server = fake_server.FakeServer()
        self.addCleanup(server.stop)
        server.on("GetServerInfo", fake_server.Fail(grpc.StatusCode.UNAUTHENTICATED, "no such token"))
        token = self.folder / "token"
        token.write_text("0123456789abcdef\n", encoding="utf-8")
        code, _, err = call(*self.words("--server", server.address, "--token-file", token))
        self.assertEqual(code, 1)
        self.assertIn("no such token", err)
        sent = dict(server.calls[0].metadata)
        self.assertEqual(sent["authorization"], "Bearer 0123456789abcdef")
        self.assertEqual(sent["impasto-client"], "impasto-lab")

    def test_bad_connection_flags_are_2(self) -> None:
        token = self.folder / "token"
        token.write_text("0123456789abcdef\n", encoding="utf-8")
        for more, message in (
            (("--token-file", self.folder / "none"), "--token-file"),
            (("--tls-ca", self.folder / "none.pem"), "none.pem"),
            (("--server", "example.invalid:1", "--token-file", token), "token"),
            (("--wait", "-1"), "-1 is outside 0..86400"),
        ):
            with self.subTest(more=more):
                code, _, err = call(*self.words(*more))
                self.assertEqual(code, 2, err)
                self.assertIn(message, err)

    def test_a_full_disk_is_1_and_named(self) -> None:
        with mock.patch.object(painting, "write_csv", side_effect=OSError(28, "No space left on device", "x.csv")):
            code, _, err = run(FakeClient(), *self.words())
        self.assertEqual(code, 1)
        self.assertIn("impasto-lab: x.csv: No space left on device", err)

    def test_sigterm_is_143(self) -> None:
        # A fifo for a log: the program waits for somebody to write to it.
        fifo = self.folder / "log.csv"
        os.mkfifo(fifo)
        program = [sys.executable, "-m", "impasto.lab", "plot", fifo, "-o", self.folder / "p.png", "--json"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment)
        with fifo.open("w", encoding="utf-8"):  # opens once the program has opened it
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 143)
        self.assertEqual(json.loads(out), {"exit_code": 143, "error": {"message": "terminated", "field": ""}})


if __name__ == "__main__":
    unittest.main()
