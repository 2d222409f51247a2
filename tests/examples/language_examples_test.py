"""The examples of languages other than C++ and shell, as their users would build and run them, against a real impastod.

language_examples_test.py LANGUAGE --build-dir DIR --impastod PROGRAM --impasto PROGRAM

Exit status 77 where one of the language's tools isn't there.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from PIL import Image

_HERE = os.path.dirname(os.path.abspath(__file__))
_ROOT = os.path.dirname(os.path.dirname(_HERE))
_EXAMPLES = os.path.join(_ROOT, "examples")
sys.path.insert(0, os.path.join(_ROOT, "tests", "conformance"))

from bench.network import Network  # noqa: E402
from bench.servers import PATIENCE, Impastod, ReservedPort, start_child  # noqa: E402
from bench.weights import write_small_vgg19  # noqa: E402

# Tools; how it is built, in its folder, with IMPASTO_BUILD in the environment; how it is run.
_LANGUAGES = {
    "node": {
        "tools": ["node", "npm"],
        "build": "npm install --no-package-lock",
        "run": ["node", f"{_EXAMPLES}/node/stylize.mjs"],
    },
    "python": {
        "tools": [sys.executable],
        # The package without anything downloaded, as its driver of the conformance table has it.
        "build": f'IMPASTO_CONFORMANCE_BUILD="$IMPASTO_BUILD" IMPASTO_SOURCE="{_ROOT}" PYTHON="{sys.executable}" '
        f'bash "{_ROOT}/tests/conformance/drivers/python/build.sh"',
        "run": ["env", "PYTHONPATH=$IMPASTO_BUILD", sys.executable, "-B", f"{_EXAMPLES}/python/stylize.py"],
    },
    "go": {
        "tools": ["go", "protoc"],
        "build": 'go generate ./... && go vet ./... && go build -o "$IMPASTO_BUILD/stylize" .',
        "run": ["$IMPASTO_BUILD/stylize"],
    },
    "java": {
        "tools": ["mvn", "java"],
        # With what only its own package sees, tested.
        "build": 'mvn -q package -Dimpasto.build="$IMPASTO_BUILD" && '
        f'javac -cp "$IMPASTO_BUILD/stylize.jar" -d "$IMPASTO_BUILD/tests" "{_HERE}/java/ImpastoExceptionTest.java" && '
        'java -cp "$IMPASTO_BUILD/stylize.jar:$IMPASTO_BUILD/tests" org.impasto.example.ImpastoExceptionTest',
        "run": ["java", "-jar", "$IMPASTO_BUILD/stylize.jar"],
    },
}
_SKIPPED = 77
# More steps than any test waits for.
_NEVER_DONE = 100000
_STEP = re.compile(r"(\d+)/(\d+)  loss [0-9.e+]+")
arguments = None


def build():
    language = _LANGUAGES[arguments.language]
    missing = [tool for tool in language["tools"] if shutil.which(tool) is None]
    if missing:
        print(f"{', '.join(missing)}: not found")
        sys.exit(_SKIPPED)
    os.makedirs(arguments.build_dir, exist_ok=True)
    folder = os.path.join(_EXAMPLES, arguments.language)
    environment = {**os.environ, "IMPASTO_BUILD": arguments.build_dir}
    subprocess.run(["sh", "-c", language["build"]], cwd=folder, env=environment, check=True)


class ExampleTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        build()

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="impasto-example-")
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        write_small_vgg19(self.path("weights"))
        os.mkdir(self.path("painted"))
        generator = np.random.default_rng(1)
        self.save("photo.png", generator.integers(0, 256, (40, 48, 3)))
        self.save("painting.png", generator.integers(0, 256, (40, 40, 3)))
        self.save("large.png", generator.integers(0, 256, (200, 256, 3)))
        with open(self.path("recipe.json"), "w", encoding="utf-8") as file:
            # Such a small network has small losses; and every step is made.
            json.dump({"styleWeight": 1e6, "stallEvaluations": 0, "pyramidLevels": 1}, file)

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def save(self, name, values):
        Image.fromarray(values.astype(np.uint8)).save(self.path(name))

    def serve(self, *flags):
        server = Impastod(arguments.impastod, ["--weights-dir", self.path("weights"), *flags])
        self.addCleanup(server.kill)
        return server

    @contextlib.contextmanager
    def stylize(self, address, *flags, photo="photo.png"):
        """The running program; what it paints is painted/out.png."""
        run = [word.replace("$IMPASTO_BUILD", arguments.build_dir) for word in _LANGUAGES[arguments.language]["run"]]
        process = start_child(
            [*run, self.path(photo), self.path("painting.png"), self.path("painted", "out.png"), *flags],
            env={**os.environ, "IMPASTO_SERVER": address},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def finish(self, process):
        """(exit code, stdout, stderr) of its end."""
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err

    def painted(self):
        return sorted(os.listdir(self.path("painted")))

    def assert_picture(self, name, size):
        with Image.open(self.path("painted", name)) as picture:
            picture.load()
            self.assertEqual((picture.format, picture.size), ("PNG", size))

    def test_paints(self):
        server = self.serve("--state-dir", "none")
        with self.stylize(server.address, "--iterations", "6", "--recipe", self.path("recipe.json")) as process:
            code, out, err = self.finish(process)
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(_STEP.findall(out), [(str(step), "6") for step in range(7)])
        self.assertRegex(out, r"^jobs/\w+: painting 48 x 40 pixels with models/vgg19\n")
        self.assertRegex(out, r"\nthe picture of step \d, loss [0-9.e+]+: .*painted/out\.png\n$")
        self.assert_picture("out.png", (48, 40))
        self.assertEqual(self.painted(), ["out.png"])

    def test_uploads_what_is_too_large_for_a_request(self):
        server = self.serve("--state-dir", "none", "--max-request-bytes", "65536")
        self.assertGreater(os.path.getsize(self.path("large.png")), 65536)
        flags = ("--iterations", "1", "--max-size", "48", "--recipe", self.path("recipe.json"))
        with self.stylize(server.address, *flags, photo="large.png") as process:
            code, _, err = self.finish(process)
        self.assertEqual((code, err), (0, ""))
        self.assert_picture("out.png", (48, 38))

    def test_says_what_the_server_refuses(self):
        server = self.serve("--state-dir", "none")
        with self.stylize(server.address, "--iterations", "0") as process:
            code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertEqual(
            err,
            "stylize: recipe.iterations: 0 is not at least 1 and at most 100000\n  field: recipe.iterations\n",
        )
        self.assertEqual(self.painted(), [])

    def test_takes_no_recipe_that_it_does_not_understand(self):
        server = self.serve("--state-dir", "none")
        # What a library's JSON reader passes over would be the server's default without a word.
        for recipe, word in (({"stylWeight": 1}, "stylWeight"), ({"quality": "QUALITY_DRAFTY"}, "QUALITY_DRAFTY")):
            with self.subTest(word):
                with open(self.path("wrong.json"), "w", encoding="utf-8") as file:
                    json.dump(recipe, file)
                with self.stylize(server.address, "--recipe", self.path("wrong.json")) as process:
                    code, _, err = self.finish(process)
                self.assertEqual(code, 1)
                self.assertIn(word, err)
        self.assertEqual(self.painted(), [])

    def test_says_which_picture_is_none(self):
        server = self.serve("--state-dir", "none", "--max-request-bytes", "65536")
        with open(self.path("none.png"), "wb") as file:
            file.write(bytes(100_000))  # uploaded: the server refuses the upload, but the user knows of a photograph alone
        with self.stylize(server.address, photo="none.png") as process:
            code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertEqual(err, "stylize: content: not a PNG, JPEG, WebP or TIFF file\n  field: content\n")

    def test_says_what_would_do(self):
        server = self.serve("--state-dir", "none", "--memory-budget", "8M")
        with self.stylize(server.address, photo="large.png") as process:
            code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertRegex(err, r"\n  hint: largest_max_size = \d+\n")
        self.assertEqual(self.painted(), [])

    def test_says_that_nothing_listens(self):
        nothing = ReservedPort()
        self.addCleanup(nothing.close)
        with self.stylize(nothing.address) as process:
            code, _, err = self.finish(process)
        self.assertEqual(code, 1)
        self.assertTrue(err.startswith(f"stylize: can't reach {nothing.address}: "), err)
        self.assertRegex(err, "(?i)refused|nobody listens there")

    def test_wrong_usage(self):
        with self.stylize("", "--iterations", "many") as process:
            code, _, err = self.finish(process)
        self.assertEqual(code, 2)
        self.assertIn("usage: stylize", err)

    def test_ctrl_c_cancels_the_job(self):
        server = self.serve("--state-dir", "none")
        flags = ("--iterations", str(_NEVER_DONE), "--preview", self.path("painted", "preview.png"))
        with self.stylize(server.address, *flags, "--recipe", self.path("recipe.json")) as process:
            job = process.stdout.readline().split(":")[0]
            while not process.stdout.readline().startswith("the picture after step"):
                self.assertIsNone(process.poll())
            process.send_signal(signal.SIGINT)
            code, _, err = self.finish(process)
        self.assertEqual((code, err), (130, "stylize: the job was cancelled\n"))
        self.assertEqual(self.ask(server, job)["state"], "STATE_CANCELLED")
        self.assertEqual(self.painted(), ["preview.png"])
        self.assert_picture("preview.png", (48, 40))

    def test_goes_on_when_the_server_was_killed(self):
        flags = ("--state-dir", self.path("state"))
        servers = [self.serve(*flags)]

        def restart():
            servers[-1].kill()
            servers.append(self.serve(*flags))
            return servers[-1].address

        network = Network(servers[0].address, {"event": "progress", "number": 4}, restart)
        self.addCleanup(network.close)
        with self.stylize(network.address, "--iterations", "9", "--recipe", self.path("recipe.json")) as process:
            code, out, err = self.finish(process)
        self.assertEqual((code, err), (0, ""), out)
        self.assertEqual(len(servers), 2)
        self.assertIn("\nconnection lost (", out)
        self.assertEqual(_STEP.findall(out), [(str(step), "9") for step in range(10)])
        self.assert_picture("out.png", (48, 40))

    def ask(self, server, job):
        show = [arguments.impasto, "jobs", "show", job, "--json"]
        environment = {**os.environ, "IMPASTO_SERVER": server.address}
        return json.loads(subprocess.run(show, env=environment, check=True, capture_output=True, text=True).stdout)


def main():
    global arguments
    parser = argparse.ArgumentParser()
    parser.add_argument("language", choices=_LANGUAGES)
    parser.add_argument("--build-dir", required=True, type=os.path.abspath)
    parser.add_argument("--impastod", required=True)
    parser.add_argument("--impasto", required=True)
    arguments, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest], warnings="ignore")  # of pipes that the bench leaves to the collector


if __name__ == "__main__":
    main()
