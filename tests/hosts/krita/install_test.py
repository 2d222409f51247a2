#!/usr/bin/env python3
"""Installed below a prefix, into a user's own folder, or by Krita's own importer, the plug-in is found and complete.

Environment, beside krita_bench's: IMPASTO_TEST_BUILD, the whole build's folder; IMPASTO_TEST_SOURCE, the source tree.
"""

import builtins
import os
import subprocess
import sys
import unittest

from krita_bench import PLUG_IN, Bench, Krita, Screen

# Where Debian's Krita has the plug-in that imports others.
_IMPORTER = "/usr/share/krita/pykrita/plugin_importer"


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.bench = self.enterContext(Bench())
        self.build = os.environ["IMPASTO_TEST_BUILD"]

    def assert_complete(self, krita, folder):
        """Its docker is there, and the client that it talks to servers by comes from it."""
        with Screen() as screen, krita.open(screen) as window:
            self.assertIn(
                "Style Transfer",
                window.script("answer = [docker.windowTitle() for docker in Krita.instance().dockers()]"),
            )
            found = window.script(
                "import impasto, impasto._wire, impasto_docker\nanswer = [impasto_docker.__file__, impasto.__file__]"
            )
        self.assertEqual(
            [
                os.path.join(folder, PLUG_IN, "__init__.py"),
                os.path.join(folder, PLUG_IN, "client", "impasto", "__init__.py"),
            ],
            found,
        )

    def test_below_a_prefix(self):
        prefix = self.bench.path("prefix")
        subprocess.run(
            ["cmake", "--install", self.build, "--component", "krita", "--prefix", prefix],
            check=True,
            capture_output=True,
        )
        share = os.path.join(prefix, "share")
        folder = os.path.join(share, "krita", "pykrita")
        self.assertEqual([PLUG_IN, f"{PLUG_IN}.desktop"], sorted(os.listdir(folder)))
        krita = Krita(self.bench.new_home(), environment={"XDG_DATA_DIRS": f"{share}:/usr/local/share:/usr/share"})
        self.assert_complete(krita, folder)

    def test_in_a_users_own_folder(self):
        krita = Krita(self.bench.new_home())
        script = os.path.join(os.environ["IMPASTO_TEST_SOURCE"], "scripts", "install_krita.sh")
        for _ in range(2):  # also over an older one
            subprocess.run(
                [script, self.build],
                check=True,
                capture_output=True,
                env={**os.environ, "XDG_DATA_HOME": krita.data},
            )
        self.assertEqual([PLUG_IN, f"{PLUG_IN}.desktop"], sorted(os.listdir(krita.pykrita)))
        self.assert_complete(krita, krita.pykrita)

    def test_by_kritas_importer(self):
        krita = Krita(self.bench.new_home())
        sys.path.insert(0, _IMPORTER)
        self.addCleanup(sys.path.remove, _IMPORTER)
        builtins.i18n = str  # Krita gives it to plug-ins
        self.addCleanup(delattr, builtins, "i18n")
        from plugin_importer import PluginImporter

        importer = PluginImporter(
            os.path.join(os.environ["IMPASTO_TEST_KRITA"], "impasto-krita.zip"),
            os.path.join(krita.data, "krita"),
            lambda plugin: self.fail(f"{plugin} is there already"),
        )
        (imported,) = importer.import_all()
        self.assertEqual((PLUG_IN, "Style Transfer"), (imported["name"], imported["ui_name"]))
        self.assert_complete(krita, krita.pykrita)


if __name__ == "__main__":
    unittest.main()
