"""``impasto-lab plot``."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

import impasto
from fake_client import LEVELS, STEPS, FakeClient, picture, run
from test_losses import CLI_LOG


class PlotTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.log = self.folder / "log.csv"
        self.log.write_text(CLI_LOG, encoding="utf-8")
        self.client = FakeClient()

    def start_job(self) -> str:
        photo = picture(self.folder / "photo.png")
        job = self.client.start(
            str(photo), [str(photo)], recipe=impasto.Recipe(), output=impasto.OutputOptions(),
            priority=impasto.Priority.NORMAL, display_name="", request_id="a", detached=True,
        )  # fmt: skip
        return job.name

    def test_a_log_of_the_command_line(self) -> None:
        plot = self.folder / "plot.svg"
        code, out, err = run(self.client, "plot", self.log, "-o", plot, "--json")
        self.assertEqual(code, 0, err)
        self.assertEqual(
            json.loads(out),
            {
                "command": "plot",
                "exit_code": 0,
                "plot": str(plot),
                "logs": [
                    {
                        "log": str(self.log),
                        "rows": 4,
                        "levels": 2,
                        "changes": [{"iteration": 4, "change": "style_weight=0.02 iterations=300"}],
                        "layers": [],
                        "first_total_loss": 14777966.2,
                        "last_total_loss": 3695045.85,
                        "seconds": 0.354909928,
                    }
                ],
            },
        )
        text = plot.read_text(encoding="utf-8")
        self.assertIn(">level 2<", text)
        self.assertIn(">style_weight=0.02 iterations=300<", text)

    def test_a_job_to_its_end(self) -> None:
        plot = self.folder / "plot.png"
        code, out, err = run(self.client, "plot", self.start_job(), self.log, "-o", plot, "--json")
        self.assertEqual(code, 0, err)
        job = json.loads(out)["logs"][0]
        self.assertEqual((job["rows"], job["levels"]), (LEVELS * STEPS, LEVELS))
        self.assertEqual(job["changes"], [{"iteration": STEPS + 2, "change": "tv_weight=0.5"}])
        self.assertEqual(job["layers"], ["content.block4_conv2", "style.block1_conv1", "style.block2_conv1"])
        self.assertTrue(plot.read_bytes().startswith(b"\x89PNG"))

    def test_a_job_that_failed_has_its_losses(self) -> None:
        def fail(recipe: impasto.Recipe, event: impasto.Event) -> None:
            if isinstance(event, impasto.Progress) and event.iteration == 3:
                raise impasto.Internal("the loss is not a number")

        self.client.on_event = fail
        code, out, err = run(self.client, "plot", self.start_job(), "-o", self.folder / "p.pdf", "--json")
        self.assertEqual((code, json.loads(out)["logs"][0]["rows"]), (0, 2))
        self.assertIn("jobs/1: the loss is not a number", err)

    def test_errors_have_their_exit_codes(self) -> None:
        out = self.folder / "p.png"
        for words, code, message in (
            (("jobs/none", "-o", out), 1, "no job jobs/none"),
            ((self.folder / "none.csv", "-o", out), 2, "No such file"),
            ((self.log, "-o", self.folder / "p.gif"), 2, "its ending has to be one of .png, .svg, .pdf"),
            ((self.log, "-o", self.log / "p.png"), 2, "--output"),
        ):
            with self.subTest(words=words):
                got, _, err = run(self.client, "plot", *words)
                self.assertEqual(got, code)
                self.assertIn(message, err)


if __name__ == "__main__":
    unittest.main()
