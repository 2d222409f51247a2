"""Run by kritarunner: the tests of a module beside this, within Krita. krita_bench.Krita.run_tests is the other end."""

import importlib
import json
import os
import sys
import traceback
import unittest

sys.path.insert(0, os.path.dirname(os.path.realpath(__file__)))


def main(_arguments):
    try:
        module = importlib.import_module(os.environ["IMPASTO_TEST_MODULE"])
        result = unittest.TextTestRunner(sys.stdout, verbosity=2).run(
            unittest.defaultTestLoader.loadTestsFromModule(module)
        )
        ran, failed = result.testsRun, [f"{test}\n{text}" for test, text in result.failures + result.errors]
    except BaseException:
        ran, failed = 0, [traceback.format_exc()]
    with open(os.environ["IMPASTO_TEST_OUTCOME"], "w", encoding="utf-8") as file:
        json.dump({"ran": ran, "failed": failed}, file)
