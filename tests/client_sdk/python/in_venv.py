#!/usr/bin/env python3
"""Installs the package into a virtual environment of its own, as users do, and tests it there.

in_venv.py clean PYTHON FOLDER [--check]   the newest of everything from PyPI; --check: mypy, ruff and the layout, too
in_venv.py system PYTHON FOLDER            the system's own grpcio and protobuf

The environment stays in FOLDER, and is used again until the package, this file or PYTHON changes.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PACKAGE = ROOT / "client_sdk" / "python"
BUILD = "build==1.4.4"  # the last for Python 3.9


def run(*command, **options):
    """Runs a program; its failure ends this one."""
    words = [str(word) for word in command]
    print("+", " ".join(words), flush=True)
    done = subprocess.run(words, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"in_venv: {words[0]} failed ({done.returncode})")


def sources():
    """The files that the package is made of, by their places in a copy of the tree."""
    folders = (PACKAGE / "src", ROOT / "protos" / "impasto")
    files = [path for path in PACKAGE.iterdir() if path.is_file()]
    files += [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    ignored = {"__pycache__", "impasto.egg-info"}
    return sorted(path for path in files if not ignored & set(path.parts) and path.name != "api.binpb")


def fingerprint(paths, *more):
    """What decides a step's outcome."""
    digest = hashlib.sha256(repr(more).encode())
    for path in paths:
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def once(stamp, wanted, step):
    """Takes a step unless the file says that it is taken already."""
    if not stamp.is_file() or stamp.read_text() != wanted:
        stamp.unlink(missing_ok=True)
        step()
        stamp.write_text(wanted)


def copy_sources(to):
    """So that no build writes into the tree."""
    shutil.rmtree(to, ignore_errors=True)
    for path in sources():
        target = to / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)


def check_layout(wheel):
    """A wheel for every Python: typed, with the API and without generated code."""
    names = zipfile.ZipFile(wheel).namelist()
    missing = {"impasto/py.typed", "impasto/_wire/api.binpb", "impasto/lab/assets/report.css"} - set(names)
    odd = [name for name in names if name.endswith(("_pb2.py", "_pb2_grpc.py", ".pyc", ".proto"))]
    if missing or odd or not wheel.name.endswith("-py3-none-any.whl"):
        sys.exit(f"in_venv: {wheel.name}: missing {sorted(missing)}, and there should be no {odd}")


class Environment:
    """One virtual environment, and what is installed in it."""

    def __init__(self, arguments):
        self.clean = arguments.kind == "clean"
        self.folder = arguments.folder.resolve()
        self.base = arguments.python
        self.python = self.folder / "venv" / "bin" / "python"
        self.stamp = self.folder / "stamp"
        self.copy = self.folder / "source"

    def prepare(self):
        """Makes it, unless it is there."""
        version = subprocess.run([self.base, "-VV"], check=True, capture_output=True, text=True).stdout
        wanted = fingerprint([*sources(), Path(__file__).resolve()], version, str(self.base), self.clean)
        once(self.stamp, wanted, self._install)

    def _install(self):
        copy_sources(self.copy)
        options = [] if self.clean else ["--system-site-packages"]
        run(self.base, "-m", "venv", "--clear", *options, self.folder / "venv")
        package = self.copy / "client_sdk" / "python"
        if not self.clean:
            self._pip("--no-deps", package)
            return
        self._pip(BUILD)
        # An sdist, and a wheel from what is in it: neither sees the repository.
        built = self.folder / "dist"
        shutil.rmtree(built, ignore_errors=True)
        run(self.python, "-m", "build", "--outdir", built, package, stdout=subprocess.DEVNULL)
        (wheel,) = built.glob("*.whl")
        check_layout(wheel)
        self._pip(f"impasto[dev] @ {wheel.as_uri()}")

    def _pip(self, *words):
        quiet = ["--quiet", "--disable-pip-version-check", "--no-input"]
        run(self.python, "-m", "pip", "install", *quiet, *words)

    def test(self):
        """The whole suite, against what is installed."""
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        # impasto-lab has its own tests, which take long, and on the system's libraries run in the build's stage.
        options = [] if self.clean else ["--without-lab"]
        run(self.python, "-B", HERE / "run_tests.py", *options, cwd=self.folder, env=environment)

    def check(self):
        """Types and style."""
        config = PACKAGE / "pyproject.toml"
        cache = self.folder / "mypy"
        mypy = [self.python, "-m", "mypy", "--cache-dir", cache]
        run(*mypy, "--config-file", config, cwd=PACKAGE)
        # The Krita plug-in is checked along: it is written on this package, and keeps its style.
        krita = ROOT / "plugins" / "krita"
        run(*mypy, cwd=krita)
        ruff = [self.python, "-m", "ruff"]
        common = ["--quiet", "--no-cache", "--config", config, PACKAGE, HERE, krita]
        # Its patterns of paths begin where it is run.
        run(*ruff, "check", *common, cwd=ROOT)
        run(*ruff, "format", "--check", *common, cwd=ROOT)


def main():
    """Makes the environment, and tests in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("clean", "system"))
    parser.add_argument("python", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--check", action="store_true")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    environment = Environment(arguments)
    environment.prepare()
    environment.test()
    if arguments.check:
        environment.check()


if __name__ == "__main__":
    main()
