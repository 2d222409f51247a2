#!/usr/bin/env python3
"""Documents in the real Krita: what is painted, and what becomes of the painting. Prints tables."""

import os
import unittest

from krita_bench import Bench


class DocumentsTest(unittest.TestCase):
    def run_in_krita(self, module):
        with Bench() as bench:
            krita = bench.krita()
            report = os.path.join(krita.folder, "report.txt")
            try:
                self.assertGreater(krita.run_tests(module, IMPASTO_TEST_REPORT=report), 0)
            finally:
                if os.path.exists(report):
                    with open(report, encoding="utf-8") as file:
                        print(file.read())

    def test_color_models(self):
        self.run_in_krita("documents_cases")

    def test_places(self):
        self.run_in_krita("places_cases")

    def test_previews(self):
        self.run_in_krita("previews_cases")

    def test_the_fake_of_unit_tests_is_as_krita_is(self):
        self.run_in_krita("fake_cases")


if __name__ == "__main__":
    unittest.main()
