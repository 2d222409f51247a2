import errno
import threading
import unittest

import core_testing  # first
from impasto_docker.core.disk import Disk


def failing(number, path="/state/krita/a.json"):
    def write():
        raise OSError(number, "Odd thing", path)

    return write


class DiskTest(unittest.TestCase):
    def setUp(self):
        self.heard = core_testing.Heard()
        self.disk = Disk(lambda: self.heard(self.disk.notice()))
        self.addCleanup(self.disk.close, core_testing.PATIENCE)

    def test_trouble_is_told_once_and_again_when_it_is_over(self):
        full = "Nothing can be kept in /state/krita. The disk is full: make room on it."
        done = [self.disk.now(failing(errno.ENOSPC)) for _ in range(2)]
        done.append(self.disk.now(lambda: None))
        self.assertEqual(done, [False, False, True])
        self.assertEqual(self.heard.all, [full, ""])

    def test_what_each_kind_of_trouble_is_called(self):
        for number, words in {
            errno.EROFS: "The disk can't be written to: it is read-only.",
            errno.EACCES: "You may not write there: check the folder's permissions.",
            errno.EDQUOT: "Your part of the disk is full: make room on it.",
            errno.EIO: "Odd thing.",
        }.items():
            self.disk.now(failing(number))
            self.assertEqual(self.disk.notice(), f"Nothing can be kept in /state/krita. {words}")

    def test_trouble_without_a_name(self):
        self.disk.now(failing(errno.EIO, None))
        self.assertEqual(self.disk.notice(), "Nothing can be kept on the disk. Odd thing.")

    def test_later_keeps_the_order_and_the_caller_goes_on(self):
        gate, written = threading.Event(), []
        self.disk.later(lambda: gate.wait(core_testing.PATIENCE))
        for i in range(3):
            self.disk.later(lambda i=i: written.append(i))
        self.assertEqual(written, [])
        gate.set()
        self.disk.close(core_testing.PATIENCE)
        self.assertEqual(written, [0, 1, 2])

    def test_later_goes_on_after_trouble(self):
        written = core_testing.Heard()
        self.disk.later(failing(errno.EIO))
        self.disk.later(lambda: written("on"))
        written.wait_for(lambda: written.all == ["on"])


if __name__ == "__main__":
    unittest.main()
