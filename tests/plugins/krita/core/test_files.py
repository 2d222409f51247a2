import errno
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import core_testing  # noqa: F401  # first
from impasto_docker.core import files


class WritingTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_over_what_was_there(self):
        path = self.folder / "new" / "file"
        files.write_atomically(path, b"one", b"two")
        self.assertEqual(path.read_bytes(), b"onetwo")
        files.write_atomically(path, b"three")
        self.assertEqual(path.read_bytes(), b"three")
        self.assertEqual((path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777), (0o600, 0o700))

    def test_a_full_disk_leaves_what_was_there(self):
        path = self.folder / "file"
        files.write_atomically(path, b"old")
        full = unittest.mock.patch("os.fsync", side_effect=OSError(errno.ENOSPC, "No space left on device"))
        with full, self.assertRaises(OSError) as raised:
            files.write_atomically(path, b"new")
        self.assertEqual((raised.exception.errno, raised.exception.filename), (errno.ENOSPC, str(path)))
        self.assertEqual([(file.name, file.read_bytes()) for file in self.folder.iterdir()], [("file", b"old")])

    def test_a_folder_that_cant_be_made(self):
        (self.folder / "file").write_bytes(b"")
        with self.assertRaises(OSError) as raised:
            files.write_atomically(self.folder / "file" / "below", b"")
        self.assertEqual(raised.exception.filename, str(self.folder / "file" / "below"))


class FoldersTest(unittest.TestCase):
    def folders(self, **environment):
        with unittest.mock.patch.dict("os.environ", environment):
            return str(files.config_folder()), str(files.state_folder())

    def test_as_the_environment_says(self):
        self.assertEqual(
            self.folders(XDG_CONFIG_HOME="/c", XDG_STATE_HOME="/s", HOME="/h"), ("/c/impasto", "/s/impasto/krita")
        )

    def test_below_home_where_it_says_nothing_or_something_relative(self):
        for named in ("", "here"):
            self.assertEqual(
                self.folders(XDG_CONFIG_HOME=named, XDG_STATE_HOME=named, HOME="/h"),
                ("/h/.config/impasto", "/h/.local/state/impasto/krita"),
            )


if __name__ == "__main__":
    unittest.main()
