"""What a client refuses before it sends anything."""

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import impasto
from impasto._options import is_local, make_options

PEM = b"""\
-----BEGIN CERTIFICATE-----
MIIBcDCCARWgAwIBAgIUKRnwZ5ryI8ErVGSEK+KDJTkpUz4wCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAgFw0yNjExMjMwMDQxMDJaGA8yMTI2MTAzMDAwNDEwMlow
DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABFhN5QZR0/3h
B63bYFl7O7RYhk2WqyCVWbLrbjGqsJV1/24WTP8PFtZeMfvZBLHgo8CmDUpATaGR
GeixLYAENz2jUzBRMB0GA1UdDgQWBBT4uWOEs02zl5NKW7nyjmjNRsa5+TAfBgNV
HSMEGDAWgBT4uWOEs02zl5NKW7nyjmjNRsa5+TAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0kAMEYCIQDsCA0AUEBql+Vvo9OizB4WHaZskAMvc5fJGXbiPTh8
1wIhAJsaiYR/Qj+iqYFyd0UHAZWRGTv77o6zW8TrSc8742gs
-----END CERTIFICATE-----
"""
DEFAULTS = {
    "address": None,
    "name": "",
    "token": None,
    "tls": None,
    "connect_timeout": 5.0,
    "wait_for_server": False,
    "timeout": 30.0,
    "retry_timeout": 10.0,
    "reattach_timeout": 60.0,
    "max_inline_picture_bytes": 1,
    "max_received_picture_bytes": 1,
}
TOKEN = "0123456789abcdef"


def options(**values):
    return make_options(**{**DEFAULTS, **values})


@mock.patch.dict(os.environ, clear=True)
class OptionsTest(unittest.TestCase):
    def refused(self, field, **values):
        with self.assertRaises(impasto.InvalidArgument) as caught:
            options(**values)
        self.assertEqual(caught.exception.field, field)
        self.assertNotIn(TOKEN, str(caught.exception))
        return str(caught.exception)

    def test_the_address(self):
        self.assertEqual(options().address, "127.0.0.1:50451")
        with mock.patch.dict(os.environ, IMPASTO_SERVER="far.example:1"):
            self.assertEqual(options().address, "far.example:1")
            self.assertEqual(options(address="near.example:2").address, "near.example:2")
        for address in ("[::1]:5", "unix:/tmp/socket", "h:65535"):
            self.assertEqual(options(address=address).address, address)

    def test_wrong_addresses(self):
        for address in (
            "host",
            "host:",
            "host:0",
            "host:65536",
            "host:x",
            "::1",
            "::1:5",
            "http://h:1",
            "h/x:1",
            "unix:",
        ):
            self.assertEqual(
                self.refused("address", address=address),
                f'server address "{address}": not of the form HOST:PORT, [IPv6]:PORT or unix:PATH',
            )

    def test_names(self):
        self.assertEqual(options(name="a.b@c:1-_").metadata, [("impasto-client", "a.b@c:1-_")])
        self.assertEqual(options().metadata, [])
        for name in ("a b", "a" * 65, "ä", 'a"'):
            self.refused("name", name=name)

    def test_tokens(self):
        self.assertEqual(options(token=TOKEN).metadata, [("authorization", f"Bearer {TOKEN}")])
        with mock.patch.dict(os.environ, IMPASTO_TOKEN=TOKEN):
            self.assertEqual(options().metadata, [("authorization", f"Bearer {TOKEN}")])
            self.assertEqual(options(token="").metadata, [])
        self.refused("token", token="a b")

    def test_a_token_is_never_sent_in_the_clear_to_another_machine(self):
        words = self.refused("token", address="far.example:1", token=TOKEN)
        self.assertIn("it would be sent to far.example:1 in the clear", words)
        with mock.patch.dict(os.environ, IMPASTO_TOKEN=TOKEN):
            self.refused("token", address="10.0.0.1:1")
        for address in ("127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1", "unix:/a"):
            self.assertEqual(options(address=address, token=TOKEN).token, TOKEN)
        self.assertEqual(options(address="far.example:1", token=TOKEN, tls=True).token, TOKEN)

    def test_names_that_only_look_local(self):
        for address in ("127.0.0.1.example:1", "localhost.example:1", "127.example:5"):
            self.assertFalse(is_local(address), address)

    def test_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            ca = Path(folder) / "ca.pem"
            ca.write_bytes(PEM)
            self.assertIsNone(options().tls)
            self.assertIsNone(options(tls=True).root_certificates)
            self.assertEqual(options(tls=impasto.Tls(ca=ca)).root_certificates, PEM)
            named = options(tls=impasto.Tls(ca=str(ca), server_name="name"))
            self.assertIn(("grpc.ssl_target_name_override", "name"), named.channel_arguments)
            with mock.patch.dict(os.environ, IMPASTO_TLS_CA=str(ca)):
                self.assertEqual(options().root_certificates, PEM)
                self.assertEqual(options(tls=True).root_certificates, PEM)
                self.assertIsNone(options(tls=False).tls)
            for broken in (b"", b"no certificate", PEM[:100], PEM.replace(b"MII", b"AAA"), b"\xff" * 9):
                ca.write_bytes(broken)
                self.assertIn("no certificates in PEM", self.refused("tls", tls=impasto.Tls(ca=ca)))
            with self.assertRaises(FileNotFoundError):
                options(tls=impasto.Tls(ca=Path(folder) / "none.pem"))

    def test_times(self):
        for option in ("connect_timeout", "timeout"):
            self.refused(option, **{option: 0})
            self.refused(option, **{option: float("nan")})
        for option in ("retry_timeout", "reattach_timeout"):
            self.assertEqual(getattr(options(**{option: 0}), option), 0)
            self.refused(option, **{option: -1})

    def test_proxies_are_not_asked_for_this_machine(self):
        self.assertIn(("grpc.enable_http_proxy", 0), options().channel_arguments)
        self.assertNotIn(("grpc.enable_http_proxy", 0), options(address="far.example:1").channel_arguments)


if __name__ == "__main__":
    unittest.main()
