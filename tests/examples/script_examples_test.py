"""The examples that have arguments of their own, against a real impastod: progress.sh and stylize_many.py.

script_examples_test.py --build-dir DIR --impastod PROGRAM --impasto PROGRAM

DIR is where the Python package's example test has laid the package out.
"""

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from PIL import Image

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(_HERE))
sys.path.insert(0, os.path.join(_ROOT, "tests", "conformance"))

from bench.servers import PATIENCE, Impastod, ReservedPort, start_child  # noqa: E402
from bench.weights import write_small_vgg19  # noqa: E402

# More steps than any test waits for.
_NEVER_DONE = "100000"
arguments = None


class ScriptTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="impasto-example-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        write_small_vgg19(self.path("weights"))
        self.server = Impastod(arguments.impastod, ["--weights-dir", self.path("weights"), "--state-dir", "none"])
        self.addCleanup(self.server.kill)
        generator = np.random.default_rng(1)
        for name, height, width in (("photo", 40, 48), ("other", 40, 44), ("large", 200, 256), ("painting", 40, 40)):
            values = generator.integers(0, 256, (height, width, 3), dtype=np.uint8)
            Image.fromarray(values).save(self.path(f"{name}.png"))

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def start(self, *command, address=None):
        """The script in a process group of its own, as a terminal would have it."""
        environment = {**os.environ, "IMPASTO": arguments.impasto, "IMPASTO_SERVER": address or self.server.address}
        process = start_child(
            command,
            env={**environment, "PYTHONPATH": arguments.build_dir},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def size(self, name):
        with Image.open(self.path(name)) as picture:
            picture.load()
            return picture.size

    def impasto(self, *command):
        run = [arguments.impasto, *command, "--server", self.server.address]
        return subprocess.run(run, capture_output=True, text=True, timeout=PATIENCE).stdout

    def jobs(self):
        return json.loads(self.impasto("jobs", "list", "--all", "--json")).get("jobs", [])

    def states_at_the_end(self):
        """Of all jobs, once they have ended: a job that is cancelled still makes its step."""
        for job in self.jobs():
            self.impasto("jobs", "watch", job["name"], "--quiet")
        return [job["state"] for job in self.jobs()]


class ProgressTest(ScriptTest):
    def progress(self, *flags, photo="photo.png", address=None):
        script = os.path.join(_ROOT, "examples", "shell", "progress.sh")
        pictures = [self.path(photo), self.path("painting.png"), self.path("out.png")]
        return self.start("bash", script, *pictures, *flags, address=address)

    def test_paints(self):
        code, out, err = self.finish(self.progress("--iterations", "3", "--stall-evaluations", "0"))
        self.assertEqual((code, err), (0, ""))
        self.assertRegex(out, r"^jobs/\w+: painting 48 x 40 pixels with models/vgg19\n")
        self.assertEqual(re.findall(r"(\d)/3  loss ", out), ["0", "1", "2", "3"])
        self.assertRegex(out, r"\nthe picture of step \d, loss [0-9.e+]+\n$")
        self.assertEqual(self.size("out.png"), (48, 40))

    def test_says_what_the_server_refuses(self):
        code, out, err = self.finish(self.progress("--max-size", "8"))
        self.assertEqual((code, out), (1, "field: recipe.max_size\n"))
        self.assertIn("recipe.max_size: 8", err)
        self.assertIn("At fault: --max-size", err)
        self.assertFalse(os.path.exists(self.path("out.png")))

    def test_says_that_nothing_listens(self):
        nothing = ReservedPort()
        self.addCleanup(nothing.close)
        code, out, err = self.finish(self.progress(address=nothing.address))
        self.assertEqual((code, out), (3, ""))
        self.assertIn(f"can't reach {nothing.address}", err)

    def test_wrong_usage(self):
        process = self.start("bash", os.path.join(_ROOT, "examples", "shell", "progress.sh"), "photo.png")
        self.assertEqual(self.finish(process), (2, "", "usage: progress.sh CONTENT STYLE OUT [FLAG...]\n"))

    def test_ctrl_c_cancels_the_job(self):
        process = self.progress("--iterations", _NEVER_DONE, "--stall-evaluations", "0", photo="large.png")
        while "/100000" not in process.stdout.readline():
            self.assertIsNone(process.poll())
        os.killpg(process.pid, signal.SIGINT)
        code, _, _ = self.finish(process)
        self.assertEqual(code, 130)
        self.assertEqual(self.states_at_the_end(), ["STATE_CANCELLED"])
        self.assertFalse(os.path.exists(self.path("out.png")))


class ManyTest(ScriptTest):
    def many(self, *photos):
        script = os.path.join(_ROOT, "examples", "python", "stylize_many.py")
        pictures = [self.path(photo) for photo in photos]
        return self.start(sys.executable, "-B", script, self.path("painting.png"), self.path("painted"), *pictures)

    def test_paints_all_that_can_be_painted(self):
        with open(self.path("text.png"), "w", encoding="utf-8") as file:
            file.write("no picture")
        code, out, err = self.finish(self.many("photo.png", "text.png", "other.png"))
        self.assertEqual(code, 1)
        self.assertRegex(err, r"^\S+/text\.png: content: [^\n]+\n$")
        self.assertEqual(len(out.splitlines()), 2)
        self.assertEqual(sorted(os.listdir(self.path("painted"))), ["other.png", "photo.png"])
        self.assertEqual(self.size("painted/photo.png"), (48, 40))
        self.assertEqual(self.size("painted/other.png"), (44, 40))

    def test_ctrl_c_cancels_all_jobs(self):
        Image.new("RGB", (512, 384)).save(self.path("huge.png"))
        process = self.many("huge.png", "large.png")
        while [job["state"] for job in self.jobs()] != ["STATE_RUNNING", "STATE_RUNNING"]:
            self.assertIsNone(process.poll())
        os.killpg(process.pid, signal.SIGINT)
        self.assertEqual(self.finish(process), (130, "", "stylize_many: cancelled\n"))
        self.assertEqual(self.states_at_the_end(), ["STATE_CANCELLED", "STATE_CANCELLED"])


def main():
    global arguments
    parser = argparse.ArgumentParser()
    parser.add_argument("--build-dir", required=True, type=os.path.abspath)
    parser.add_argument("--impastod", required=True)
    parser.add_argument("--impasto", required=True)
    arguments, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], warnings="ignore")  # of pipes that the bench leaves to the collector


if __name__ == "__main__":
    main()
