"""``impasto-lab sweep``."""

from __future__ import annotations

import csv
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import impasto
from fake_client import LEVELS, STEPS, FakeClient, picture, run
from impasto.lab import losses, report
from PIL import Image


class SweepTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.content = picture(self.folder / "photo.png", "blue")
        self.style = picture(self.folder / "painting.png", "yellow")
        self.out = self.folder / "out"
        self.client = FakeClient()
        # Plots take most of the time; test_report has them.
        few = mock.patch.object(report, "_MAX_OWN_PLOTS", 0)
        few.start()
        self.addCleanup(few.stop)

    def sweep(self, *words: str | Path, client: FakeClient | None = None) -> tuple[int, str, str]:
        grids = words or ("--grid", "style_weight=1,2", "--grid", "iterations=10,20")
        words = ("sweep", self.content, self.style, "--out", self.out, "--in-flight", "1", *grids)
        return run(client or self.client, *words)

    def rows(self) -> list[dict[str, str]]:
        with (self.out / "pictures.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def test_paints_every_cell_as_a_batch_job(self) -> None:
        code, _, err = self.sweep()
        self.assertEqual(code, 0, err)
        self.assertEqual(len(self.client.requests), 4)
        self.assertEqual(set(self.client.priorities), {impasto.Priority.BATCH})
        weights = [(recipe.style_weight, recipe.iterations) for recipe in self.client.estimated]
        self.assertEqual(weights, [(1.0, 10), (1.0, 20), (2.0, 10), (2.0, 20)])
        for name in ("report.html", "contact_sheet.png", "pictures.csv", "state.json"):
            self.assertTrue((self.out / name).is_file(), name)

    def test_the_csv_has_every_figure(self) -> None:
        self.sweep()
        row = self.rows()[2]
        stem = row["picture"][len("pictures/") : -len(".png")]
        self.assertTrue(stem.startswith("style_weight_2_iterations_10-"), stem)
        steps = LEVELS * STEPS
        self.assertEqual(
            row,
            {
                "label": "style_weight 2, iterations 10",
                "style_weight": "2",
                "iterations": "10",
                "status": "done",
                "model": "vgg19",
                "width": "24",
                "height": "16",
                "steps": str(steps),
                "result_step": str(steps - 1),
                "level": "1",
                "levels": "2",
                "total_loss": "258.0",
                "content_loss": "8.0",
                "style_loss": "125.0",
                "device_seconds": "1.5",
                "elapsed_seconds": "1.0",
                "peak_bytes": "123000000",
                "weights_sha256": "ab" * 32,
                "server_version": "1.2.3",
                "picture": f"pictures/{stem}.png",
                "recipe": f"recipes/{stem}.json",
                "losses": f"losses/{stem}.csv",
                "job": "jobs/3",
                "error_code": "",
                "error": "",
            },
        )
        with Image.open(self.out / row["picture"]) as painted:
            self.assertEqual(painted.getpixel((0, 0)), (80, 90, 120))
        recipe = impasto.Recipe.from_json((self.out / row["recipe"]).read_text(encoding="utf-8"))
        self.assertEqual((recipe.style_weight, recipe.iterations, recipe.model), (2.0, 10, "models/vgg19"))
        log = losses.read_csv(self.out / row["losses"])
        self.assertEqual(log.layers, ("content.block4_conv2", "style.block1_conv1", "style.block2_conv1"))
        self.assertEqual([r.change for r in log.rows if r.change], ["tv_weight=0.5"])
        self.assertEqual(log.rows[STEPS + 1].change, "tv_weight=0.5")

    def test_json_is_the_only_thing_on_stdout(self) -> None:
        code, out, _ = self.sweep("--json", "--grid", "style_weight=1,2")
        result = json.loads(out)
        self.assertEqual((code, result["exit_code"], result["command"]), (0, 0, "sweep"))
        self.assertEqual(result["axes"], [{"field": "style_weight", "values": ["1", "2"]}])
        self.assertEqual(result["report"], str(self.out / "report.html"))
        self.assertEqual([entry["status"] for entry in result["pictures"]], ["done", "done"])
        self.assertEqual(result["pictures"][1]["figures"]["total_loss"], 258.0)
        self.assertTrue(Path(result["pictures"][1]["picture"]).is_file())

    def interrupt_in(self, weight: float, iterations: int, error: BaseException) -> None:
        def on_event(recipe: impasto.Recipe, event: impasto.Event) -> None:
            here = (recipe.style_weight, recipe.iterations) == (weight, iterations)
            if here and isinstance(event, impasto.Progress) and event.iteration == 3:
                raise error

        self.client.on_event = on_event

    def test_goes_on_after_an_interruption(self) -> None:
        self.interrupt_in(1.0, 20, KeyboardInterrupt())
        code, _, err = self.sweep()
        self.assertEqual(code, 130)
        self.assertIn(
            "interrupted: 1 of 4 pictures are there, 1 jobs go on at the server. To go on:\n  impasto-lab sweep", err
        )
        self.assertFalse((self.out / "report.html").exists())
        first = list(self.client.requests)
        self.assertEqual(len(first), 2)

        self.client.on_event = lambda recipe, event: None
        self.client.watched.clear()
        self.client.estimated.clear()
        code, _, err = self.sweep()
        self.assertEqual(code, 0, err)
        self.assertIn("going on: 1 of 4 pictures are there, 1 jobs were started before", err)
        self.assertEqual(self.client.attached, [first[1]], "the running one is attached to")
        self.assertEqual(self.client.watched, ["jobs/2", "jobs/3", "jobs/4"], "the finished one isn't touched")
        self.assertEqual(len(self.client.estimated), 2, "what the server took before isn't asked about again")
        self.assertEqual([row["status"] for row in self.rows()], ["done"] * 4)
        self.assertEqual(len(losses.read_csv(self.out / self.rows()[1]["losses"]).rows), LEVELS * STEPS)

    def test_done_means_nothing_is_sent(self) -> None:
        self.sweep()
        again = FakeClient()
        code, _, _ = self.sweep(client=again)
        self.assertEqual((code, len(again.requests), again.estimated), (0, 0, []))

    def test_a_server_that_goes_away_ends_it_resumably(self) -> None:
        self.interrupt_in(1.0, 20, impasto.Unavailable("the server is gone"))
        code, out, _err = self.sweep("--json", "--grid", "style_weight=1,2", "--grid", "iterations=10,20")
        result = json.loads(out)
        self.assertEqual((code, result["exit_code"], result["error"]), (3, 3, "the server is gone"))
        self.assertTrue(result["go_on"].startswith("impasto-lab sweep "))
        self.assertEqual([entry["status"] for entry in result["pictures"]], ["done", "running", "waiting", "waiting"])

    def test_a_failed_cell_is_shown_and_the_rest_goes_on(self) -> None:
        error = impasto.FailedPrecondition("weights are missing for block5_conv1")
        self.client.refuse = lambda recipe: error if recipe.iterations == 20 else None
        code, out, err = self.sweep()
        self.assertEqual(code, 1)
        self.assertIn("style_weight 1, iterations 20: failed: FAILED_PRECONDITION: weights are missing", err)
        self.assertIn("FAILED_PRECONDITION: weights are missing", out)
        self.assertEqual([row["status"] for row in self.rows()], ["done", "failed", "done", "failed"])
        self.assertEqual(self.rows()[1]["error_code"], "FAILED_PRECONDITION")
        page = (self.out / "report.html").read_text(encoding="utf-8")
        self.assertTrue("FAILED_PRECONDITION: weights are missing for block5_conv1" in page)

        self.client.refuse = lambda recipe: None
        code, _, _ = self.sweep()
        self.assertEqual(code, 0, "the same command tries the failed ones again")
        self.assertEqual(len(self.client.requests), 4)

    def test_a_bad_recipe_is_refused_before_anything_starts(self) -> None:
        error = impasto.InvalidArgument("no layer block9", field="recipe.style_layers[0].layer")
        self.client.refuse_estimate = lambda recipe: error if recipe.iterations == 20 else None
        code, out, _err = self.sweep("--json", "--grid", "iterations=10,20")
        self.assertEqual((code, len(self.client.requests)), (2, 0))
        self.assertEqual(
            json.loads(out)["error"], {"message": "iterations 20: no layer block9", "field": "style_layers[0].layer"}
        )

    def test_too_many_jobs_is_waited_out(self) -> None:
        refusals = [impasto.ResourceExhausted("too many jobs", retry_after=0.0)]
        self.client.refuse = lambda recipe: refusals.pop() if refusals else None
        code, _, err = self.sweep("--grid", "seed=1")
        self.assertEqual(code, 0, err)

    def test_no_room_ever_is_a_failure(self) -> None:
        self.client.refuse = lambda recipe: impasto.ResourceExhausted("it would never fit")
        code, _, _ = self.sweep("--grid", "seed=1")
        self.assertEqual(code, 1)

    def test_lists_and_layer_sets(self) -> None:
        listed = self.folder / "list.csv"
        listed.write_text("label,style_layers\none,block1_conv1\ntwo,block2_conv1:0.5+block3_conv1\n", encoding="utf-8")
        code, _, err = self.sweep("--list", listed, "--max-size", "64")
        self.assertEqual(code, 0, err)
        self.assertEqual([row["label"] for row in self.rows()], ["one", "two"])
        self.assertEqual(self.client.estimated[1].style_layers[0], impasto.LayerWeight("block2_conv1", 0.5))
        self.assertEqual(self.client.estimated[1].max_size, 64)

    def test_wrong_usage_names_the_field(self) -> None:
        same = self.folder / "same.csv"
        same.write_text("seed\n1\n2\n1\n", encoding="utf-8")
        for words, message in (
            (("--grid", "iterations=0"), "iterations: 0 is outside 1..100000"),
            (("--grid", "steps=1"), 'the recipe has no field "steps"'),
            (("--seed", "1"), "either --grid or --list is wanted"),
            (("--seed", "1", "--grid", "seed=1,2"), "seed: in --grid, and a flag of its own, too"),
            (("--style-weight", "x", "--grid", "seed=1"), '--style-weight: style_weight: "x" is not a number'),
            (("--list", same), "recipes 1 and 3 are the same"),
            (("--in-flight", "0", "--grid", "seed=1"), "0 is outside 1..64"),
            (("--recipe", self.folder / "none.json", "--grid", "seed=1"), "No such file"),
        ):
            with self.subTest(words=words):
                code, out, err = self.sweep(*words)
                self.assertEqual((code, out), (2, ""))
                self.assertIn(message, err)
        self.assertEqual(self.client.requests, {})

    def test_the_contact_sheet_has_every_picture(self) -> None:
        self.sweep()
        with Image.open(self.out / "contact_sheet.png") as sheet:
            colors = {color: count for count, color in sheet.convert("RGB").getcolors(1 << 20)}
        self.assertEqual((colors[(40, 90, 120)], colors[(80, 90, 120)]), (2 * 24 * 16, 2 * 24 * 16))


if __name__ == "__main__":
    unittest.main()
