import tempfile
import unittest
import unittest.mock
from pathlib import Path

import core_testing  # noqa: F401  # first
import impasto
from impasto_docker.core.connection import client_name, connect
from impasto_docker.core.settings import ServerSettings
from impasto_docker.core.words import explain


class NameTest(unittest.TestCase):
    def name(self, user):
        with unittest.mock.patch("getpass.getuser", return_value=user):
            return client_name()

    def test_the_users(self):
        self.assertEqual([self.name(user) for user in ("ada", "a b@\u00f6", "")], ["krita-ada", "krita-ab", "krita-"])
        self.assertEqual(len(self.name("x" * 100)), 64)

    def test_nobody(self):
        with unittest.mock.patch("getpass.getuser", side_effect=KeyError("uid 7")):
            self.assertEqual(client_name(), "krita-")


class AccessTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def file(self, data):
        path = self.folder / "file"
        path.write_bytes(data)
        return str(path)

    def options(self, **settings):
        """What the client is made with; nothing is connected."""
        with unittest.mock.patch("impasto.Client") as client:
            connect(ServerSettings("localhost:7", **settings))
        client.return_value.connect.assert_called_once_with()
        return client.call_args

    def words(self, **settings):
        with self.assertRaises(impasto.ImpastoError) as raised:
            connect(ServerSettings("localhost:7", **settings))
        return explain(raised.exception, "localhost:7")

    def test_as_the_environment_says_unless_it_is_set(self):
        options = self.options()
        self.assertEqual((options.args, options.kwargs["token"], options.kwargs["tls"]), (("localhost:7",), None, None))

    def test_files(self):
        options = self.options(token_file=self.file(b" secret\n"), tls_ca=self.file(b" secret\n")).kwargs
        self.assertEqual((options["token"], options["tls"]), ("secret", impasto.Tls(ca=str(self.folder / "file"))))

    def test_files_that_cant_be_used(self):
        gone = str(self.folder / "gone")
        wrong = "The access token can't be used: its file has something else in it. Choose the right file under Access."
        self.assertEqual(self.words(token_file=self.file(b"\xff")), wrong)
        self.assertEqual(self.words(token_file=self.file(b"two words")), wrong)
        self.assertEqual(
            self.words(token_file=gone),
            f"The access token can't be used ({gone}: No such file or directory). Choose the right file under Access.",
        )
        self.assertEqual(
            self.words(tls_ca=gone),
            f"The certificate can't be used ({gone}: No such file or directory). Choose the certificate to trust under "
            "Access.",
        )
        self.assertIn("The certificate can't be used", self.words(tls_ca=self.file(b"no certificate")))

    def test_a_client_that_cant_connect_is_closed(self):
        with unittest.mock.patch("impasto.Client") as client:
            client.return_value.connect.side_effect = impasto.Unavailable("nobody")
            with self.assertRaises(impasto.Unavailable):
                connect(ServerSettings("localhost:7"))
        client.return_value.close.assert_called_once_with()


if __name__ == "__main__":
    unittest.main()
