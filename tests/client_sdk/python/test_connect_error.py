"""Connections that can't be made, each told for what it is, over real sockets and certificates."""

import asyncio
import shutil
import socket
import tempfile
import threading
import unittest
from pathlib import Path

import grpc
import impasto
from child import run
from fake_server import FakeServer
from impasto import Tls, aio


def make_certificates(folder):
    """A root that is the server's certificate, too, for localhost and 127.0.0.1; and another."""
    for name in ("server", "other"):
        words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        words += ["-days", "2", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
        words += ["-keyout", f"{folder}/{name}.key", "-out", f"{folder}/{name}.pem"]
        run("openssl", *words)


@unittest.skipUnless(shutil.which("openssl"), "openssl isn't installed")
class TlsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        make_certificates(cls.folder)
        pair = ((cls.folder / "server.key").read_bytes(), (cls.folder / "server.pem").read_bytes())
        cls.server = FakeServer(credentials=grpc.ssl_server_credentials([pair]))
        cls.addClassCleanup(cls.server.stop)
        cls.address = cls.server.address

    def trusting(self, name, **options):
        return Tls(ca=self.folder / f"{name}.pem", **options)

    def refused(self, reason, words, **options):
        address = options.pop("address", self.address)

        async def connect():
            async with aio.Client(address, **options):
                pass

        for attempt in (impasto.Client(address, **options).connect, lambda: asyncio.run(connect())):
            with self.assertRaises(impasto.Unavailable) as caught:
                attempt()
            self.assertEqual((caught.exception.reason, str(caught.exception)), (reason, words.format(address)))

    def test_a_trusted_server(self):
        for tls in (self.trusting("server"), self.trusting("server", server_name="localhost")):
            with impasto.Client(self.address, tls=tls, token="0123456789abcdef") as client:
                self.assertEqual(client.server_info().version, "0.1.0")
            self.assertEqual(self.server.metadata("GetServerInfo")["authorization"], "Bearer 0123456789abcdef")

        async def ask():
            async with aio.Client(self.address, tls=self.trusting("server")) as client:
                return await client.server_info()

        self.assertEqual(asyncio.run(ask()).version, "0.1.0")

    def test_a_server_that_is_not_trusted(self):
        words = "its certificate has expired, or comes from none of the authorities that are trusted"
        self.refused("CERTIFICATE_NOT_TRUSTED", f"can't trust {{}}: {words}", tls=self.trusting("other"))

    def test_a_certificate_of_another(self):
        words = "can't trust {}: its certificate is for other names. Use one of those as the address"
        self.refused("CERTIFICATE_OF_ANOTHER", words, tls=self.trusting("server", server_name="elsewhere"))

    def test_a_server_that_wants_tls(self):
        words = "can't reach {} without TLS: the connection was closed at once. The server may want TLS"
        self.refused("CLOSED_WITHOUT_TLS", words)

    def test_a_server_without_tls(self):
        plain = FakeServer()
        self.addCleanup(plain.stop)
        words = "can't reach {} with TLS: what listens there doesn't speak it"
        self.refused("NO_TLS_THERE", words, address=plain.address, tls=self.trusting("server"))


class PlainTest(unittest.TestCase):
    def refused(self, address, reason, words):
        with self.assertRaises(impasto.Unavailable) as caught:
            impasto.Client(address).connect()
        self.assertEqual((caught.exception.reason, str(caught.exception)), (reason, words))

    def test_nobody_there(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
        self.refused(address, "NOBODY_THERE", f"can't reach {address}: nobody listens there")

    def test_another_kind_of_server(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"127.0.0.1:{listener.getsockname()[1]}"
            stop = threading.Event()

            def serve():
                while not stop.is_set():
                    connection, _ = listener.accept()
                    with connection:
                        if not stop.is_set():
                            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                            connection.recv(1 << 16)

            thread = threading.Thread(target=serve)
            thread.start()
            try:
                words = f"can't reach {address}: what listens there doesn't speak gRPC"
                self.refused(address, "NO_GRPC_THERE", words)
            finally:
                stop.set()
                socket.create_connection(listener.getsockname()).close()
                thread.join()


if __name__ == "__main__":
    unittest.main()
