"""When to try again."""

import unittest

from impasto._backoff import Backoff


class BackoffTest(unittest.TestCase):
    def test_bounds_double_up_to_the_longest(self):
        backoff = Backoff(1000)
        waits = [backoff.next(0.0, 0.5, None) for _ in range(9)]
        self.assertEqual(waits, [0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 2.5, 2.5, 2.5])

    def test_the_whole_of_a_bound_is_up_to_chance(self):
        self.assertEqual(Backoff(10).next(0.0, 0.0, None), 0.0)
        self.assertAlmostEqual(Backoff(10).next(0.0, 0.999, None), 0.0999)

    def test_never_shorter_than_the_server_asks_for(self):
        self.assertEqual(Backoff(10).next(0.0, 0.5, 3.0), 3.0)

    def test_it_gives_up_at_its_deadline(self):
        backoff = Backoff(1.0)
        self.assertEqual(backoff.next(100.0, 0.5, None), 0.05)
        self.assertEqual(backoff.next(100.8, 0.5, None), 0.1)
        self.assertIsNone(backoff.next(100.8, 0.5, 0.2))
        self.assertIsNone(backoff.next(101.0, 0.0, None))

    def test_no_time_is_no_attempt(self):
        self.assertIsNone(Backoff(0).next(5.0, 0.0, None))

    def test_success_starts_anew(self):
        backoff = Backoff(1.0)
        backoff.next(0.0, 0.5, None)
        backoff.next(0.5, 0.5, None)
        backoff.reset()
        self.assertEqual(backoff.next(50.0, 0.5, None), 0.05)


if __name__ == "__main__":
    unittest.main()
