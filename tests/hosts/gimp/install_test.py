#!/usr/bin/env python3
"""Installed below a prefix, and into a user's own folder, the plug-in is found, runs, and speaks the user's language.

Environment, beside gimp_bench's: IMPASTO_TEST_BUILD, the whole build's folder; IMPASTO_TEST_SOURCE, the source tree.
"""

import glob
import os
import subprocess
import unittest

from gimp_bench import Bench, new_image

# Debian 13's gettext translates nothing in C.UTF-8; Debian 12 may have no German locale.
_LOCALE = "C.UTF-8" if os.environ["IMPASTO_TEST_GIMP"].endswith("2.10") else "de_DE.UTF-8"
_GERMAN = {"LC_ALL": _LOCALE, "LANGUAGE": "de"}


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.addCleanup(self.bench.close)
        self.build = os.environ["IMPASTO_TEST_BUILD"]

    def paints(self, plug_ins):
        gimp = self.bench.gimp(plug_ins=[plug_ins])
        run = gimp.run(*new_image(), self.bench.paint(self.bench.server()), "(say (car (gimp-image-get-layers image)))")
        self.assertEqual(run.errors, [], run.log)
        self.assertEqual(run.said, ["2"])

    def speaks_german(self, plug_ins):
        gimp = self.bench.gimp(plug_ins=[plug_ins], environment=_GERMAN)
        run = gimp.run(*new_image(), self.bench.paint("127.0.0.1:1", strength=101))
        self.assertEqual(len(run.errors), 1, run.log)
        self.assertIn("Zahl von 0 bis 100", run.errors[0])

    def test_below_a_prefix(self):
        prefix = self.bench.path("prefix")
        subprocess.run(
            ["cmake", "--install", self.build, "--component", "gimp", "--prefix", prefix],
            check=True,
            capture_output=True,
        )
        (plug_ins,) = glob.glob(os.path.join(prefix, "lib", "**", "plug-ins"), recursive=True)
        self.assertEqual(os.listdir(os.path.join(plug_ins, "impasto-style-transfer")), ["impasto-style-transfer"])
        help_folder = os.path.join(prefix, "share", "impasto", "gimp-help", "en")
        self.assertEqual(sorted(os.listdir(help_folder)), ["gimp-help.xml", "index.html"])
        self.paints(plug_ins)
        self.speaks_german(plug_ins)

    def test_in_a_users_own_folder(self):
        profile = self.bench.path("profile")
        script = os.path.join(os.environ["IMPASTO_TEST_SOURCE"], "scripts", "install_gimp.sh")
        for _ in range(2):  # also over an older one
            subprocess.run(
                [script, self.build],
                check=True,
                capture_output=True,
                env={**os.environ, "GIMP2_DIRECTORY": profile, "GIMP3_DIRECTORY": profile},
            )
        plug_ins = os.path.join(profile, "plug-ins")
        self.assertEqual(os.listdir(plug_ins), ["impasto-style-transfer"])
        self.paints(plug_ins)
        self.speaks_german(plug_ins)


if __name__ == "__main__":
    unittest.main()
