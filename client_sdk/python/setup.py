"""The build: setuptools as pyproject.toml has it, and the one file that protoc makes."""

import shutil
import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py
from setuptools.command.sdist import sdist

sys.path.insert(0, str(Path(__file__).resolve().parent))

import make_api

_API = "impasto/_wire/api.binpb"


class BuildPy(build_py):
    """Adds the API. An editable install imports from src/, so that it has to lie there; git doesn't see it."""

    def run(self):
        editable = getattr(self, "editable_mode", False)
        if not editable:
            shutil.rmtree(self.build_lib, ignore_errors=True)  # modules that are gone would be packed, too
        super().run()
        make_api.make(str((make_api.HERE / "src" if editable else Path(self.build_lib)) / _API))

    def get_outputs(self, include_bytecode=1):
        return [*super().get_outputs(include_bytecode), str(Path(self.build_lib) / _API)]


class Sdist(sdist):
    """Takes the .proto files along, since it is built outside of the repository."""

    def make_release_tree(self, base_dir, files):
        super().make_release_tree(base_dir, files)
        shutil.copytree(make_api.protos_folder() / "impasto", Path(base_dir) / "protos" / "impasto")


setup(cmdclass={"build_py": BuildPy, "sdist": Sdist})
