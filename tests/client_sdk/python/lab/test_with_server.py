"""The whole program against the real impastod, with random weights and tiny pictures.

IMPASTO_IMPASTOD names the server and IMPASTO_CLI the command line; without them there is nothing to run.
"""

from __future__ import annotations

import csv
import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

from PIL import Image

IMPASTOD = os.environ.get("IMPASTO_IMPASTOD", "")
CLI = os.environ.get("IMPASTO_CLI", "")
# One job is ended and one has begun where the sweep is killed: each takes some hundredths of a second a step.
STEPS = 12


def noise(path: Path, seed: int) -> Path:
    """A small picture with something in it to see."""
    pixels = bytes((x * seed * 7 + y * 13 + c * 101) % 256 for y in range(64) for x in range(80) for c in range(3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.frombytes("RGB", (80, 64), pixels).save(path)
    return path


@unittest.skipUnless(IMPASTOD and CLI, "IMPASTO_IMPASTOD and IMPASTO_CLI aren't set")
class WithServerTest(unittest.TestCase):
    def setUp(self) -> None:
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)
        (self.folder / "weights").mkdir()
        socket = f"unix:{self.folder}/server"
        self.server = subprocess.Popen(
            [
                IMPASTOD,
                "--listen",
                socket,
                "--models",
                "vgg19",
                "--allow-random-weights",
                "--threads",
                "1",
                "--weights-dir",
                str(self.folder / "weights"),
                "--state-dir",
                "none",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.addCleanup(self.stop_server)
        self.environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "IMPASTO_SERVER": socket}
        self.content = noise(self.folder / "photos" / "photo.png", 3)
        self.style = noise(self.folder / "painting.png", 5)
        self.out = self.folder / "out"
        # Until the model is loaded, jobs are refused.
        subprocess.run([CLI, "models", "list", "--wait", "120"], env=self.environment, check=True, capture_output=True)

    def stop_server(self) -> None:
        self.server.terminate()
        self.server.wait(timeout=60)

    def lab(self, *words: str | Path) -> subprocess.Popen[str]:
        program = [sys.executable, "-m", "impasto.lab", *words]
        return subprocess.Popen(
            program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=self.environment
        )

    def run_lab(self, *words: str | Path, code: int = 0) -> dict[str, Any]:
        process = self.lab(*words, "--json", "--wait", "60")
        out, err = process.communicate(timeout=300)
        self.assertEqual(process.returncode, code, err + out)
        result: dict[str, Any] = json.loads(out)
        return result

    def jobs(self) -> list[dict[str, Any]]:
        listed = subprocess.run(
            [CLI, "jobs", "list", "--json"], env=self.environment, check=True, capture_output=True, text=True
        )
        jobs: list[dict[str, Any]] = json.loads(listed.stdout)["jobs"]
        return jobs

    def sweep_words(self) -> list[str | Path]:
        grids = ["--grid", "style_weight=1,10", "--grid", "style_layers=block1_conv1,block1_conv1+block2_conv1:0.5"]
        flags = ["--max-size", "64", "--iterations", str(STEPS), "--stall-evaluations", "0", "--in-flight", "1"]
        return ["sweep", self.content, self.style, "--out", self.out, *grids, *flags]

    def test_a_sweep_that_is_killed_goes_on(self) -> None:
        process = self.lab(*self.sweep_words(), "--wait", "60")
        assert process.stderr is not None
        assert process.stdout is not None
        for line in process.stderr:  # one line for each picture
            if line.startswith("1/4"):
                break
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()
        process.stdout.close()
        self.assertFalse((self.out / "report.html").exists())
        before = {job["request_id"] for job in self.jobs()}
        self.assertIn(len(before), (1, 2))  # the second may or may not have been sent

        result = self.run_lab(*self.sweep_words())
        self.assertEqual([entry["status"] for entry in result["pictures"]], ["done"] * 4)
        jobs = self.jobs()
        self.assertEqual(len(jobs), 4, "no cell was painted twice")
        self.assertLessEqual(before, {job["request_id"] for job in jobs})
        self.assertEqual({job["priority"] for job in jobs}, {"PRIORITY_BATCH"})
        self.assertTrue(all(job["detached"] for job in jobs))

        with (self.out / "pictures.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual([row["steps"] for row in rows], [str(STEPS)] * 4)
        self.assertEqual({row["job"] for row in rows}, {job["name"] for job in jobs})
        for row in rows:
            log = (self.out / row["losses"]).read_text(encoding="utf-8").splitlines()
            self.assertEqual(len(log), 1 + STEPS + 1)
            self.assertGreater(float(row["device_seconds"]), 0)
            self.assertGreater(int(row["peak_bytes"]), 0)
        page = (self.out / "report.html").read_text(encoding="utf-8")
        self.assertTrue("HAS RANDOM WEIGHTS" in page, "the report has to say that the weights are random")

    def test_the_reports_command_makes_the_same_picture(self) -> None:
        words = ["compare", self.content, self.style, "--models", "vgg19,resnet50", "--out", self.out]
        result = self.run_lab(*words, "--max-size", "64", "--iterations", "3", code=1)
        vgg19, resnet50 = result["pictures"]
        self.assertEqual((resnet50["status"], resnet50["error"]["code"]), ("failed", "NOT_FOUND"))
        page = (self.out / "report.html").read_text(encoding="utf-8")
        command = page.split('<pre class="command"><code>')[1].split("</code>")[0]
        again = self.folder / "again"
        again.mkdir()
        words = [CLI, *shlex.split(command)[1:]]
        subprocess.run(words, cwd=again, env=self.environment, check=True, capture_output=True)
        (picture,) = again.iterdir()
        self.assertEqual(picture.read_bytes(), Path(vgg19["picture"]).read_bytes())

    def test_batch_and_plot(self) -> None:
        noise(self.content.parent / "sub" / "other.png", 9)
        words = ["batch", self.content.parent, self.style, "--recursive", "--out", self.out]
        words += ["--max-size", "64", "--iterations", "3", "--output-size", "original"]
        result = self.run_lab(*words)
        names = [Path(entry["picture"]).relative_to(self.out).as_posix() for entry in result["pictures"]]
        self.assertEqual(names, ["pictures/photo.png", "pictures/sub/other.png"])
        with Image.open(self.out / "pictures" / "photo.png") as painted:
            self.assertEqual(painted.size, (80, 64))
        self.run_lab(*words)
        self.assertEqual(len(self.jobs()), 2)

        job = result["pictures"][0]["job"]
        plot = self.folder / "plot.svg"
        logs = self.run_lab("plot", job, result["pictures"][0]["losses"], "-o", plot)["logs"]
        self.assertEqual([log["rows"] for log in logs], [4, 4])
        self.assertEqual(logs[0]["layers"], logs[1]["layers"])
        self.assertAlmostEqual(logs[0]["last_total_loss"] / logs[1]["last_total_loss"], 1, 7)
        self.run_lab("plot", "jobs/none", "-o", plot, code=1)


if __name__ == "__main__":
    unittest.main()
