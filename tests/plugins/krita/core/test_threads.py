import threading
import unittest

import core_testing  # first
from impasto_docker.core.threads import start_thread, wait_for_threads


class ThreadsTest(unittest.TestCase):
    def test_waits_until_they_have_ended(self):
        go_on, done = threading.Event(), []
        # One that starts another one on its way is waited for with it.
        first = start_thread("first", lambda: (go_on.wait(), start_thread("second", lambda: done.append("second"))))
        self.assertEqual((first.name, first.daemon), ("first", True))
        self.assertFalse(wait_for_threads(0))
        go_on.set()
        self.assertTrue(wait_for_threads(core_testing.PATIENCE))
        self.assertEqual(done, ["second"])

    def test_one_that_fails_has_ended(self):
        def fail():
            raise SystemExit  # which threading doesn't print

        start_thread("fails", fail)
        self.assertTrue(wait_for_threads(core_testing.PATIENCE))


if __name__ == "__main__":
    unittest.main()
