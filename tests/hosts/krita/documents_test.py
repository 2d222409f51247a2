#!/usr/bin/env python3
"""Documents in the real Krita: what is painted, and what becomes of the painting. Prints tables."""

import os
import unittest

from krita_bench import Bench


class DocumentsTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.addCleanup(self.bench.close)

    def run_in_krita(self, module, **environment):
        krita = self.bench.krita()
        report = os.path.join(krita.folder, "report.txt")
        try:
            self.assertGreater(krita.run_tests(module, IMPASTO_TEST_REPORT=report, **environment), 0)
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

    def test_stylized(self):
        server, style = self.bench.server(), self.bench.style()
        self.run_in_krita("stylized_cases", IMPASTO_TEST_SERVER=server.address, IMPASTO_TEST_STYLE=style)

    def test_the_fake_of_unit_tests_is_as_krita_is(self):
        self.run_in_krita("fake_cases")


if __name__ == "__main__":
    unittest.main()
