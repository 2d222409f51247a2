"""The rules can fail: each one on a made-up tree that breaks it, and none on a tree that keeps them all."""

import json
import os
import tempfile
import unittest

from check_architecture import MAX_FILE_BYTES, check_tree

PRESETS = {
    "configurePresets": [{"name": name} for name in ("release", "dev", "asan", "tsan")],
    "buildPresets": [{"name": name} for name in ("release", "dev", "asan", "tsan")],
    "testPresets": [{"name": "base", "execution": {"noTestsAction": "error"}}]
    + [{"name": name, "inherits": "base"} for name in ("release", "dev", "asan", "tsan")],
}

GOOD_TREE = {
    "CMakePresets.json": json.dumps(PRESETS),
    "server/main.cc": '#include "app/server.h"\n',
    "server/app/server.h": "".join(
        f'#include "{header}"\n' for header in ("engine/recipe.h", "imaging/picture.h", "rpc/backend.h")
    ),
    "server/base/image.h": "#include <vector>\n",
    "server/engine/recipe.h": '#include "base/image.h"\n',
    "server/engine/executors/torch/ops.cc": "#include <torch/torch.h>\n",
    "server/engine/weights/keras.cc": "#include <hdf5.h>\n",
    "server/imaging/picture.cc": '#include <vips/vips8>\n#include "imaging/picture.h"\n',
    "server/imaging/picture.h": '#include "base/image.h"\n',
    "server/jobs/job.h": '#include "impasto/v1/stylization.pb.h"\n',
    "server/rpc/backend.h": '#include <grpcpp/grpcpp.h>\n#include "jobs/job.h"\n',
    "client_sdk/cpp/include/impasto/client.h": "#include <string>\n",
    "client_sdk/cpp/src/client.cc": '#include <grpcpp/grpcpp.h>\n#include "impasto/client.h"\n',
    "client_sdk/cli/main.cc": '#include <CLI/CLI.hpp>\n#include "impasto/client.h"\n',
    "tests/server/imaging/CMakeLists.txt": "impasto_test(a SRCS picture_test.cc picture_alpha_test.cc)\n",
    "tests/server/imaging/picture_test.cc": "\n",
    "tests/server/imaging/picture_alpha_test.cc": "\n",
    "tests/client_sdk/cpp/CMakeLists.txt": "impasto_test(b SRCS client_test.cc)\n",
    "tests/client_sdk/cpp/client_test.cc": '#include "base/image.h"\n',
}


class CheckArchitectureTest(unittest.TestCase):
    def violations(self, **changes):
        """Of the good tree with files added or replaced; a dot in a key is written as a slash in the path."""
        tree = {**GOOD_TREE, **changes.get("files", {})}
        with tempfile.TemporaryDirectory() as root:
            for path, text in tree.items():
                full = os.path.join(root, path)
                os.makedirs(os.path.dirname(full), exist_ok=True)
                with open(full, "wb") as file:
                    file.write(text if isinstance(text, bytes) else text.encode())
            return check_tree(root)

    def one(self, path, text):
        found = self.violations(files={path: text})
        self.assertEqual(len(found), 1, found)
        self.assertTrue(found[0].startswith(path), found)
        return found[0]

    def test_a_tree_that_keeps_the_rules_has_no_violation(self):
        self.assertEqual(self.violations(), [])

    def test_folders_include_downwards_only(self):
        for path, header in (
            ("server/base/a.h", "engine/recipe.h"),
            ("server/imaging/a.cc", "engine/recipe.h"),
            ("server/imaging/a.cc", "rpc/backend.h"),
            ("server/engine/a.h", "imaging/picture.h"),
            ("server/engine/a.cc", "jobs/job.h"),
            ("server/jobs/a.cc", "engine/recipe.h"),
            ("server/jobs/a.cc", "rpc/backend.h"),
            ("server/rpc/a.cc", "engine/recipe.h"),
            ("server/rpc/a.cc", "imaging/picture.h"),
            ("server/rpc/a.cc", "app/server.h"),
            ("server/main.cc", "engine/recipe.h"),
        ):
            with self.subTest(path=path, header=header):
                self.assertIn(header, self.one(path, f'#include "{header}"\n'))

    def test_headers_are_named_from_server_on(self):
        self.assertIn('"imaging/picture.h"', self.one("server/imaging/a.cc", '#include "picture.h"\n'))
        self.assertIn('"engine/recipe.h"', self.one("server/engine/nets/a.cc", '#include "../recipe.h"\n'))

    def test_a_new_folder_needs_a_rule(self):
        self.assertIn("no rule", self.one("server/extra/a.cc", '#include "base/image.h"\n'))

    def test_libraries_stay_in_their_folders(self):
        for path, header, library in (
            ("server/jobs/a.cc", "grpcpp/grpcpp.h", "gRPC"),
            ("server/app/a.cc", "grpcpp/server_builder.h", "gRPC"),
            ("server/app/a.cc", "grpc/grpc.h", "gRPC"),
            ("client_sdk/cli/a.cc", "grpcpp/grpcpp.h", "gRPC"),
            ("server/engine/a.cc", "impasto/v1/recipe.pb.h", "Protobuf"),
            ("server/imaging/a.cc", "google/protobuf/message.h", "Protobuf"),
            ("server/app/a.cc", "vips/vips8", "libvips"),
            ("server/engine/a.cc", "torch/torch.h", "LibTorch"),
            ("server/jobs/a.cc", "ATen/ATen.h", "ATen"),
            ("server/engine/nets/a.cc", "hdf5.h", "HDF5"),
            ("server/app/a.cc", "curl/curl.h", "libcurl"),
            ("server/rpc/a.cc", "openssl/sha.h", "OpenSSL"),
            ("server/jobs/a.cc", "sqlite3.h", "SQLite"),
            ("server/imaging/a.cc", "zip.h", "libzip"),
            ("server/engine/a.cc", "spdlog/spdlog.h", "spdlog"),
            ("server/rpc/a.cc", "CLI/CLI.hpp", "CLI11"),
            ("client_sdk/cpp/src/a.cc", "CLI/CLI.hpp", "CLI11"),
            ("plugins/gimp/flow/a.cc", "grpcpp/grpcpp.h", "gRPC"),
            ("plugins/gimp/core/a.cc", "libgimp/gimp.h", "GIMP"),
            ("plugins/gimp/flow/a.cc", "gtk/gtk.h", "GTK"),
            ("plugins/gimp/core/a.cc", "gegl.h", "GEGL"),
        ):
            with self.subTest(path=path, header=header):
                self.assertIn(library, self.one(path, f"#include <{header}>\n"))

    def test_service_code_counts_as_grpc(self):
        found = self.violations(files={"server/app/a.cc": '#include "impasto/v1/models.grpc.pb.h"\n'})
        self.assertEqual(len(found), 1, found)
        self.assertIn("gRPC", found[0])

    def test_no_header_includes_torch(self):
        self.assertIn(
            "LibTorch", self.one("server/engine/executors/torch/a.h", "#  include <torch/torch.h>\n")
        )

    def test_torch_does_not_come_in_through_a_header(self):
        files = {
            "server/engine/executors/torch/plan.h": "#include <ATen/ATen.h>\n",
            "server/engine/executors/torch/plan.cc": '#include "engine/executors/torch/plan.h"\n',
            "server/engine/executors/all.h": '#include "engine/executors/torch/plan.h"\n',
            "server/engine/run.cc": '#include "engine/executors/all.h"\n',
        }
        found = self.violations(files=files)
        self.assertEqual(
            [line.split(":")[0] for line in found], ["server/engine/executors/all.h", "server/engine/run.cc"]
        )

    def test_clients_include_no_header_of_the_server(self):
        self.assertIn("of the server", self.one("client_sdk/cpp/src/a.cc", '#include "base/image.h"\n'))
        self.assertIn("of the server", self.one("plugins/gimp/a.cc", '#include "../../server/jobs/job.h"\n'))

    def test_the_gimp_plug_ins_folders(self):
        dialog = {"plugins/gimp/dialog/dialog.h": "int a;\n"}
        found = self.violations(
            files={
                **dialog,
                "plugins/gimp/flow/a.cc": '#include "dialog/dialog.h"\n',
                "plugins/gimp/core/a.cc": '#include "dialog/dialog.h"\n',
            }
        )
        self.assertEqual(len(found), 1, found)
        self.assertIn("plugins/gimp/core may include core alone", found[0])

    def test_the_krita_plug_ins_folders(self):
        package = "plugins/krita/impasto_docker"
        for path, line, module in (
            ("core/a.py", "import krita", "krita"),
            ("core/a.py", "from PyQt5.QtCore import QObject", "PyQt5.QtCore.QObject"),
            ("core/a.py", "import numpy as np", "numpy"),
            ("core/a.py", "from impasto_docker import document", "impasto_docker.document"),
            ("core/a.py", "from impasto_docker.docker.docker import Docker", "impasto_docker.docker.docker.Docker"),
            ("core/a.py", "import grpc", "grpc"),
            ("document/a.py", "from PyQt5.QtWidgets import QWidget", "PyQt5.QtWidgets.QWidget"),
            ("document/a.py", "from PyQt5 import QtWidgets", "PyQt5.QtWidgets"),
            ("document/a.py", "def late():\n    import impasto", "impasto"),
            ("document/a.py", "from impasto_docker.core.session import Session", "impasto_docker.core.session.Session"),
            ("docker/a.py", "from impasto.client import Client", "impasto.client.Client"),
            ("__init__.py", "import numpy", "numpy"),
            ("__init__.py", "from impasto_docker.core.session import Session", "impasto_docker.core.session.Session"),
        ):
            with self.subTest(path=path, line=line):
                self.assertIn(f" {module} may be imported in ", self.one(f"{package}/{path}", f"{line}\n"))
        for path, line in (
            ("core/a.py", "import impasto\nfrom impasto_docker.core import files"),
            ("document/a.py", "import numpy, krita\nfrom PyQt5.QtGui import QImage"),
            ("document/a.py", "from impasto_docker.core.history import Place"),
            ("docker/a.py", "from PyQt5.QtWidgets import QWidget\nfrom impasto_docker.core.session import Session"),
            ("__init__.py", "from krita import Krita\nfrom impasto_docker.docker.docker import Docker"),
        ):
            with self.subTest(path=path, line=line):
                self.assertEqual(self.violations(files={f"{package}/{path}": f"{line}\n"}), [])
        self.assertIn("name modules from", self.one(f"{package}/core/a.py", "from .files import write\n"))
        self.assertIn(
            "no Python 3.9", self.one(f"{package}/core/a.py", "match 1:\n    case 1:\n        pass\n")
        )

    def test_large_files(self):
        self.assertIn("bytes", self.one("examples/a.txt", "a" * (MAX_FILE_BYTES + 1)))
        self.assertEqual(self.violations(files={"examples/a.txt": "a" * MAX_FILE_BYTES}), [])

    def test_binary_files(self):
        self.assertIn("binary", self.one("examples/a.bin", b"GIF89a\0\1"))

    def test_unfinished_work(self):
        for word in ("TO" + "DO", "FIX" + "ME", "X" * 3):
            with self.subTest(word=word):
                self.assertIn("unfinished", self.one("server/base/a.cc", f"int a;\n// {word}: more\n"))

    def test_paths_of_one_machine(self):
        self.assertIn("one machine", self.one("scripts/a.sh", "cd /" + "home/ann/impasto\n"))
        self.assertIn("one machine", self.one("docs/a.md", "see `/" + "root/.cache`\n"))
        self.assertEqual(self.violations(files={"docs/a.md": "$HOME/home/x and example.org/root/x\n"}), [])

    def test_tests_mirror_a_source_file(self):
        path = "tests/server/imaging/orientation_test.cc"
        lists = {
            "tests/server/imaging/CMakeLists.txt": "picture_test.cc picture_alpha_test.cc orientation_test.cc"
        }
        found = self.violations(files={path: "\n", **lists})
        self.assertEqual(len(found), 1, found)
        self.assertIn("mirrors no source file in server/imaging", found[0])

    def test_every_test_is_built(self):
        self.assertIn("no CMakeLists.txt", self.one("tests/integration/server_test.cc", "\n"))

    def test_presets(self):
        presets = {**PRESETS, "buildPresets": PRESETS["buildPresets"][:3]}
        self.assertIn("no tsan in buildPresets", self.one("CMakePresets.json", json.dumps(presets)))
        presets = {**PRESETS, "testPresets": [{"name": name} for name in ("release", "dev", "asan", "tsan")]}
        found = self.violations(files={"CMakePresets.json": json.dumps(presets)})
        self.assertEqual(len(found), 4, found)


if __name__ == "__main__":
    unittest.main()
