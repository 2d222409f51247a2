#!/usr/bin/env python3
"""Runs every language's driver over the table of cases (cases.json), and prints who passes what.

conformance.py build LANGUAGE           builds a driver
conformance.py run LANGUAGE...          runs drivers that are built; exit status 1 where a cell fails
conformance.py check-docs               fails where docs/conformance.md is stale
conformance.py write-docs               writes it

README.md beside this says what a driver is.
"""

import argparse
import os
import subprocess
import sys
import tempfile

from bench.drivers import DriverDied, find_drivers
from bench.matrix import FAIL, NONE, PASS, document, missing, print_matrix
from bench.servers import Failed
from bench.table import Table

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(_HERE))
_SKIPPED = 77  # as CMakeLists.txt says it
_DOCUMENT = os.path.join(_ROOT, "docs", "conformance.md")


def variables_of(driver, arguments):
    """What a driver's commands and environment have: see README.md."""
    return {
        "IMPASTO_CONFORMANCE_BUILD": os.path.join(os.path.abspath(arguments.build_dir), driver.key),
        "IMPASTO_SOURCE": _ROOT,
        "IMPASTO_CLI": os.path.abspath(arguments.impasto or "impasto"),
        "PYTHON": sys.executable,
    }


def run_language(bench, table, cases, driver, variables):
    """{case name: (mark, findings)} of one language."""
    cells, outcomes = {}, {}
    process = None
    for case in cases:
        if missing(case, driver):
            cells[case["name"]] = (NONE, [])
            continue
        broken = [name for name in table.needed(case) if cells.get(name, (FAIL,))[0] == FAIL]
        if broken:
            cells[case["name"]] = (FAIL, [f"{broken[0]}, which it is held against, failed"])
            continue
        try:
            process = process or driver.start(variables)
            outcome, findings = bench.run(case, process, driver.key, outcomes)
            outcomes[case["name"]] = outcome
        except Failed as failed:
            findings = [f"the bench: {failed}"]
        except DriverDied as died:
            findings, process = [f"the driver: {died}"], None
        cells[case["name"]] = (FAIL if findings else PASS, findings)
    if process:
        process.close()
    return cells


def run(arguments, table, drivers):
    from bench.bench import Bench  # needs numpy and PIL, which the documents don't

    cases = table.choose(arguments.only or table.cases)
    results = {}
    with tempfile.TemporaryDirectory(prefix="impasto-conformance-") as folder:
        bench = Bench(folder, table, arguments.impastod, arguments.impasto)
        try:
            for driver in drivers:
                results[driver.key] = run_language(bench, table, cases, driver, variables_of(driver, arguments))
            crashed = bench.crashed()
        finally:
            bench.close()
            print_matrix(table, results)
    for report in crashed:
        print(report)
    failed = any(mark == FAIL for cells in results.values() for mark, _ in cells.values())
    return 1 if failed or crashed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["build", "run", "check-docs", "write-docs"])
    parser.add_argument("language", nargs="*", help="folders of drivers/")
    parser.add_argument("--impastod", help="the server's program")
    parser.add_argument("--impasto", help="the command line's program")
    parser.add_argument("--build-dir", default="build/conformance", help="where drivers are built")
    parser.add_argument("--only", nargs="+", metavar="CASE", help="these cases, and those that they need")
    arguments = parser.parse_args()

    table = Table(os.path.join(_HERE, "cases.json"))
    drivers = find_drivers(os.path.join(_HERE, "drivers"))
    if arguments.command in ("check-docs", "write-docs"):
        page = document(table, drivers)
        if arguments.command == "write-docs":
            with open(_DOCUMENT, "w", encoding="utf-8") as file:
                file.write(page)
            return 0
        with open(_DOCUMENT, encoding="utf-8") as file:
            if file.read() == page:
                return 0
        print("docs/conformance.md is stale: tests/conformance/conformance.py write-docs")
        return 1

    by_key = {driver.key: driver for driver in drivers}
    unknown = [key for key in arguments.language if key not in by_key]
    if unknown or not arguments.language:
        parser.error(f"languages are: {', '.join(by_key)}")
    chosen = [by_key[key] for key in arguments.language]
    for driver in chosen:
        tool = driver.missing_tool()
        if tool:
            print(f"{driver.language}: skipped: {tool} isn't installed")
            return _SKIPPED
    if arguments.command == "build":
        for driver in chosen:
            try:
                driver.build(variables_of(driver, arguments))
            except subprocess.CalledProcessError as error:
                print(f"{driver.language}: {' '.join(error.cmd)} ended with {error.returncode}:\n{error.stdout}")
                return 1
        return 0
    if not arguments.impastod or not arguments.impasto:
        parser.error("run wants --impastod and --impasto")
    return run(arguments, table, chosen)


if __name__ == "__main__":
    sys.exit(main())
