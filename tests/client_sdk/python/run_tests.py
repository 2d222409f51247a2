#!/usr/bin/env python3
"""Runs the tests of the package `impasto` that can be imported, and prints what they run with.

run_tests.py [--without-lab] [NAME...]     NAME: the start of a file's name, as in test_client
"""

import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main():
    """0: all tests passed."""
    sys.dont_write_bytecode = True
    import google.protobuf
    import grpc
    import impasto
    from google.protobuf.internal import api_implementation

    print(
        f"Python {sys.version.split()[0]}, grpcio {grpc.__version__}, protobuf {google.protobuf.__version__} "
        f"({api_implementation.Type()}), impasto {impasto.__version__} in {Path(impasto.__file__).parent}"
    )
    suite = unittest.TestSuite()
    names = [word for word in sys.argv[1:] if word != "--without-lab"]
    for folder in [HERE] if "--without-lab" in sys.argv else [HERE, HERE / "lab"]:
        sys.path.insert(0, str(folder))
        for name in names or [""]:
            suite.addTests(unittest.TestLoader().discover(str(folder), f"{name or 'test_'}*.py", str(folder)))
    result = unittest.TextTestRunner(buffer=True).run(suite)
    return 0 if result.wasSuccessful() and result.testsRun > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
