import os
import tempfile
import unittest
import unittest.mock
from pathlib import Path

import core_testing  # noqa: F401  # first
from impasto_docker.core.local_server import find_local_server, is_this_machine, start_local_server


class LocalServerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def program(self, script):
        path = self.folder / "impastod"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return str(path)

    def test_this_machine(self):
        own = ["localhost:1", "127.0.0.1:50451", "127.1.2.3:1", "[::1]:1", "unix:/s"]
        others = ["paint:1", "10.0.0.1:1", "localhost", "127.0.0.1.com:1", "[::2]:1", ""]
        self.assertEqual([is_this_machine(address) for address in own + others], [True] * 5 + [False] * 6)

    def test_the_environment_says_where_it_is(self):
        path = self.program("")
        with unittest.mock.patch.dict("os.environ", {"IMPASTO_IMPASTOD": path, "PATH": ""}):
            self.assertEqual(find_local_server(), path)
        with unittest.mock.patch.dict("os.environ", {"IMPASTO_IMPASTOD": "", "PATH": str(self.folder)}):
            self.assertEqual(find_local_server(), path)

    def test_it_isnt_there(self):
        (self.folder / "impastod").mkdir()
        none = unittest.mock.patch.dict("os.environ", {"IMPASTO_IMPASTOD": "/none", "PATH": str(self.folder)})
        with none, self.assertRaisesRegex(FileNotFoundError, "isn't installed on this computer.*Install it, or choose"):
            find_local_server()

    def test_it_has_a_session_and_a_log_of_its_own(self):
        done = self.folder / "done"
        os.mkfifo(done)
        # The session's id is the sixth of what stands in /proc.
        program = self.program(f'echo "$@"; cut -d" " -f6 /proc/$$/stat; echo bad >&2; echo $$ > {done}')
        log = self.folder / "state" / "log"
        start_local_server(program, "127.0.0.1:7", log)
        process = done.read_text().strip()
        self.assertEqual(log.read_text(), f"--listen 127.0.0.1:7\n{process}\nbad\n")
        self.assertEqual(log.stat().st_mode & 0o777, 0o600)

    def test_it_cant_be_started(self):
        program = self.folder / "impastod"
        program.write_text("no program")
        with self.assertRaisesRegex(OSError, f"^The server can't be started with {program}: Permission denied$"):
            start_local_server(str(program), "127.0.0.1:7", self.folder / "log")

    def test_the_programs_of_an_appimage_bring_no_libraries_for_it(self):
        out = self.folder / "out"
        os.mkfifo(out)
        program = self.program(f'echo "[$LD_LIBRARY_PATH$PYTHONPATH]" > {out}')
        with unittest.mock.patch.dict(
            "os.environ", {"APPDIR": "/app", "LD_LIBRARY_PATH": "/app/lib", "PYTHONPATH": "/app/python"}
        ):
            start_local_server(program, "127.0.0.1:7", self.folder / "log")
        self.assertEqual(out.read_text(), "[]\n")


if __name__ == "__main__":
    unittest.main()
