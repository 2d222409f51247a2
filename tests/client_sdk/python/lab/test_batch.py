"""``impasto-lab batch``."""

from __future__ import annotations

import csv
import json
import tempfile
import unittest
from pathlib import Path

import impasto
from fake_client import FakeClient, picture, run
from impasto.lab import batch
from impasto.lab.errors import UsageError


class BatchTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.photos = self.folder / "photos"
        for name in ("b.png", "a.jpg", "sub/c.png", ".hidden.png"):
            picture(self.photos / name)
        (self.photos / "notes.txt").write_text("no picture", encoding="utf-8")
        self.style = picture(self.folder / "painting.png", "yellow")
        self.out = self.photos / "out"
        self.client = FakeClient()

    def batch(self, *words: str) -> tuple[int, str, str]:
        return run(self.client, "batch", self.photos, self.style, "--out", self.out, *words)

    def results(self) -> list[str]:
        return sorted(path.relative_to(self.out / "pictures").as_posix() for path in self.out.rglob("*.png"))

    def test_paints_the_folder_under_the_same_names(self) -> None:
        code, out, err = self.batch()
        self.assertEqual(code, 0, err)
        self.assertEqual(self.results(), ["a.png", "b.png"])
        self.assertIn("a.jpg    8      133   1.50 s  123 MB  pictures/a.png", out)
        with (self.out / "pictures.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(
            [(row["content"], row["picture"]) for row in rows],
            [("a.jpg", "pictures/a.png"), ("b.png", "pictures/b.png")],
        )

    def test_recursive_keeps_folders_and_leaves_its_own_results_out(self) -> None:
        self.batch("--recursive")
        self.assertEqual(self.results(), ["a.png", "b.png", "sub/c.png"])
        self.batch("--recursive")
        self.assertEqual(self.results(), ["a.png", "b.png", "sub/c.png"])
        self.assertEqual(len(self.client.requests), 3)

    def test_skips_what_is_done_and_paints_what_is_new(self) -> None:
        self.batch()
        picture(self.photos / "d.png")
        picture(self.photos / "a.jpg", "green")
        code, _, err = self.batch()
        self.assertEqual(code, 0, err)
        self.assertIn("going on: 1 of 3 pictures are there", err)
        self.assertEqual(len(self.client.requests), 4)

    def test_goes_on_after_an_interruption(self) -> None:
        def stop(recipe: impasto.Recipe, event: impasto.Event) -> None:
            if len(self.client.requests) == 2:
                raise KeyboardInterrupt

        self.client.on_event = stop
        code, out, _ = self.batch("--in-flight", "1", "--json")
        result = json.loads(out)
        self.assertEqual((code, result["error"]), (130, "interrupted"))
        self.assertEqual([entry["status"] for entry in result["pictures"]], ["done", "running"])
        self.client.on_event = lambda recipe, event: None
        code, _, _ = self.batch()
        self.assertEqual((code, len(self.client.requests), len(self.client.attached)), (0, 2, 1))

    def test_a_failure_doesnt_stop_it(self) -> None:
        refusals: list[Exception] = [impasto.InvalidArgument("content: not a picture", field="content")]
        self.client.refuse = lambda recipe: refusals.pop() if refusals else None
        code, out, _ = self.batch("--in-flight", "1")
        self.assertEqual(code, 1)
        self.assertEqual(self.results(), ["b.png"])
        self.assertIn("INVALID_ARGUMENT: content: not a picture", out)

    def test_patterns(self) -> None:
        self.batch("--pattern", "*.JPG")
        self.assertEqual(self.results(), ["a.png"])

    def test_names_that_would_be_the_same_keep_their_endings(self) -> None:
        names = batch.result_names([Path("a.jpg"), Path("A.png"), Path("b.png"), Path("s/a.jpg")])
        self.assertEqual(names, ["a.jpg", "A.png", "b", "s/a"])

    def test_no_folder_and_no_pictures_are_named(self) -> None:
        for path, message in (
            (self.folder / "none", "no such folder"),
            (self.style, "not a folder"),
            (self.photos / "out2", "no picture matches *.png"),
        ):
            if path.name == "out2":
                path.mkdir()
            with self.subTest(path=path), self.assertRaises(UsageError) as raised:
                batch.find_pictures(path, ["*.png"], recursive=False, leave_out=self.out)
            self.assertEqual(raised.exception.message, f"FOLDER {path}: {message}")


if __name__ == "__main__":
    unittest.main()
