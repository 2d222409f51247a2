"""``impasto-lab compare``."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

import impasto
from fake_client import FakeClient, picture, run


class CompareTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.content = picture(self.folder / "photo.png", "blue")
        self.style = picture(self.folder / "painting.png", "yellow")
        self.out = self.folder / "out"
        self.client = FakeClient()

    def compare(self, *words: str) -> tuple[int, str, str]:
        return run(self.client, "compare", self.content, self.style, "--out", self.out, *words)

    def test_the_same_recipe_on_each_model(self) -> None:
        code, out, err = self.compare("--models", "vgg19,models/resnet50", "--iterations", "30")
        self.assertEqual(code, 0, err)
        self.assertEqual(
            self.client.estimated,
            [
                impasto.Recipe(model="models/vgg19", iterations=30),
                impasto.Recipe(model="models/resnet50", iterations=30),
            ],
        )
        self.assertIn("vgg19     8      133   1.50 s  123 MB  pictures/vgg19-", out)
        page = (self.out / "report.html").read_text(encoding="utf-8")
        for text in ("vgg19", "resnet50", "Total loss", "Content loss", "Style loss", "123 MB", "1.50 s"):
            self.assertTrue(text in page)

    def test_a_model_can_have_values_of_its_own(self) -> None:
        code, _, err = self.compare(
            "--models", "vgg19,resnet50", "--style-weight", "1",
            "--for", "resnet50", "style_layers=conv2_block1_out+conv3_block1_out:0.5",
            "--for", "resnet50", "style_weight=1e3",
        )  # fmt: skip
        self.assertEqual(code, 0, err)
        vgg19, resnet50 = self.client.estimated
        self.assertEqual((vgg19.style_weight, vgg19.style_layers), (1.0, ()))
        self.assertEqual(resnet50.style_weight, 1000.0)
        self.assertEqual(resnet50.style_layers[1], impasto.LayerWeight("conv3_block1_out", 0.5))

    def test_a_model_that_isnt_loaded_is_named_and_the_others_go_on(self) -> None:
        error = impasto.NotFound("models/vgg16 is not loaded", field="recipe.model")
        refuse = lambda recipe: error if recipe.model == "models/vgg16" else None  # noqa: E731
        self.client.refuse = self.client.refuse_estimate = refuse
        code, out, _ = self.compare("--models", "vgg16,vgg19", "--json")
        result = json.loads(out)
        self.assertEqual((code, result["exit_code"]), (1, 1))
        self.assertEqual([entry["status"] for entry in result["pictures"]], ["failed", "done"])
        self.assertEqual(
            result["pictures"][0]["error"],
            {"code": "NOT_FOUND", "message": "models/vgg16 is not loaded", "field": "recipe.model"},
        )
        page = (self.out / "report.html").read_text(encoding="utf-8")
        self.assertTrue("models/vgg16 is not loaded" in page)

    def test_warnings_are_shown(self) -> None:
        self.client.warnings = ("the weights are random <numbers>",)
        self.compare("--models", "vgg19")
        page = (self.out / "report.html").read_text(encoding="utf-8")
        self.assertTrue("<li>the weights are random &lt;numbers&gt;</li>" in page)

    def test_wrong_usage_is_named(self) -> None:
        for words, message in (
            (("--models", "vgg19,vgg19"), "--models: vgg19 is there twice"),
            (("--models", "vgg19", "--for", "vgg16", "seed=1"), "--for vgg16: it isn't among --models vgg19"),
            (("--models", "vgg19", "--for", "vgg19", "seed"), '--for vgg19 "seed": FIELD=VALUE is wanted'),
            (("--models", "vgg19", "--for", "vgg19", "model=vgg16"), "--for vgg19: the model can't be changed"),
            (("--models", "vgg19", "--for", "vgg19", "seed=x"), 'seed: "x" is not a whole number'),
            (("--models", "vgg19", "--model", "vgg16"), "--model: --models says which"),
            ((), "the following arguments are required: --models"),
        ):
            with self.subTest(words=words):
                code, _, err = self.compare(*words)
                self.assertEqual(code, 2)
                self.assertIn(message, err)


if __name__ == "__main__":
    unittest.main()
