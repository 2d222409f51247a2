#!/usr/bin/env python3
"""A picture is painted in the real Krita, by a real server."""

import unittest

from krita_bench import Bench


class SmokeTest(unittest.TestCase):
    def test_paints(self):
        with Bench() as bench:
            krita = bench.krita(bench.server())
            self.assertEqual(1, krita.run_tests("smoke_cases", IMPASTO_TEST_STYLE=bench.style()))


if __name__ == "__main__":
    unittest.main()
