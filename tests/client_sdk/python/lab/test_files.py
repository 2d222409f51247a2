"""Files that are either whole or not there."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from impasto.lab import files


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_writes_and_replaces(self) -> None:
        path = self.folder / "sub" / "a.txt"
        files.write_atomically(path, "one")
        files.write_atomically(path, b"two")
        self.assertEqual(path.read_bytes(), b"two")
        self.assertEqual([entry.name for entry in path.parent.iterdir()], ["a.txt"])

    def test_a_failure_leaves_the_old_file_and_nothing_else(self) -> None:
        path = self.folder / "a.txt"
        files.write_atomically(path, "one")
        full = OSError(28, "No space left on device")
        with mock.patch.object(os, "fsync", side_effect=full), self.assertRaises(OSError):
            files.write_atomically(path, "two")
        self.assertEqual(path.read_text(encoding="utf-8"), "one")
        self.assertEqual(len(list(self.folder.iterdir())), 1)

    def test_parts_of_a_killed_process_are_removed(self) -> None:
        (self.folder / "sub").mkdir()
        part = self.folder / "sub" / ".a.txt.0a1b2c3d.part"
        other = self.folder / ".lock"
        for path in (part, other):
            path.write_text("", encoding="utf-8")
        files.remove_parts(self.folder)
        self.assertEqual((part.exists(), other.exists()), (False, True))

    def test_digest(self) -> None:
        path = self.folder / "a.txt"
        path.write_text("abc", encoding="utf-8")
        self.assertEqual(files.sha256_of(path), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")

    def test_stems_are_safe_names(self) -> None:
        self.assertEqual(
            files.file_stem("style_weight 0.01, seed 1", "0123456789"), "style_weight_0.01_seed_1-01234567"
        )
        self.assertEqual(files.file_stem("../../etc/passwd", "0123456789"), "etc_passwd-01234567")
        self.assertEqual(files.file_stem("日本", "0123456789"), "picture-01234567")
        self.assertEqual(len(files.file_stem("x" * 500, "0123456789")), 89)


if __name__ == "__main__":
    unittest.main()
