"""Grids and lists of recipes."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

import impasto
from impasto.lab import variants
from impasto.lab.errors import UsageError
from impasto.lab.variants import Axis


class GridTest(unittest.TestCase):
    def test_an_axis_has_its_values_in_one_way_of_writing(self) -> None:
        self.assertEqual(
            variants.parse_axis("style-weight=1e-3,0.010,1E-1"), Axis("style_weight", ("0.001", "0.01", "0.1"))
        )
        self.assertEqual(variants.parse_axis("model=models/vgg19,resnet50"), Axis("model", ("vgg19", "resnet50")))

    def test_layer_sets_are_values(self) -> None:
        axis = variants.parse_axis("style_layers=block1_conv1+block2_conv1,block3_conv1:0.5+block4_conv1")
        self.assertEqual(axis.values, ("block1_conv1+block2_conv1", "block3_conv1:0.5+block4_conv1"))
        recipes = [variant.recipe for variant in variants.expand(impasto.Recipe(), [axis])]
        self.assertEqual(
            recipes[1].style_layers, (impasto.LayerWeight("block3_conv1", 0.5), impasto.LayerWeight("block4_conv1"))
        )

    def test_the_last_axis_changes_fastest(self) -> None:
        axes = [Axis("style_weight", ("1", "2")), Axis("iterations", ("10", "20"))]
        expanded = variants.expand(impasto.Recipe(max_size=64, iterations=5), axes)
        self.assertEqual(
            [variant.label for variant in expanded],
            [
                "style_weight 1, iterations 10",
                "style_weight 1, iterations 20",
                "style_weight 2, iterations 10",
                "style_weight 2, iterations 20",
            ],
        )
        self.assertEqual(expanded[1].values, {"style_weight": "1", "iterations": "20"})
        self.assertEqual(expanded[1].recipe, impasto.Recipe(style_weight=1.0, iterations=20, max_size=64))

    def test_models_get_their_whole_names(self) -> None:
        (variant,) = variants.expand(impasto.Recipe(), [Axis("model", ("vgg19",))])
        self.assertEqual(variant.recipe.model, "models/vgg19")

    def test_bad_grids_are_refused(self) -> None:
        for text, message, field in (
            ("style_weight", '--grid "style_weight": FIELD=VALUE,VALUE,... is wanted', "--grid"),
            ("style_weight=1,1.0", "--grid: style_weight: 1 is there twice", "style_weight"),
            ("iterations=10,x", 'iterations: "x" is not a whole number', "iterations"),
            ("iterations=10,,20", "iterations: an empty value", "iterations"),
        ):
            with self.subTest(text=text), self.assertRaises(UsageError) as raised:
                variants.parse_axis(text)
            self.assertEqual((raised.exception.message, raised.exception.field), (message, field))

    def test_one_field_twice_and_too_many_are_refused(self) -> None:
        axis = Axis("seed", ("1", "2"))
        with self.assertRaises(UsageError) as raised:
            variants.expand(impasto.Recipe(), [axis, axis])
        self.assertEqual(raised.exception.message, "--grid: seed is there twice")
        many = Axis("seed", tuple(str(n) for n in range(variants.MAX_VARIANTS + 1)))
        with self.assertRaises(UsageError) as raised:
            variants.expand(impasto.Recipe(), [many])
        self.assertEqual(raised.exception.message, "--grid: 4097 combinations; at most 4096")


class ListTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def read(self, name: str, text: str) -> list[variants.Variant]:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return variants.read_list(path, impasto.Recipe(max_size=64))

    def assert_refused(self, name: str, text: str, message: str, field: str) -> None:
        with self.assertRaises(UsageError) as raised:
            self.read(name, text)
        self.assertEqual(raised.exception.message.replace(str(self.folder / name), "FILE"), message)
        self.assertEqual(raised.exception.field, field)

    def test_csv(self) -> None:
        read = self.read("list.csv", "label,style_weight,style_layers\nsoft,1e-3,\n,1,block1_conv1+block2_conv1:0.5\n")
        self.assertEqual(next(variant.label for variant in read), "soft")
        self.assertEqual(read[0].recipe, impasto.Recipe(max_size=64, style_weight=0.001))
        self.assertEqual(read[1].label, "style_weight 1, style_layers block1_conv1+block2_conv1:0.5")
        self.assertEqual(
            read[1].recipe,
            impasto.Recipe(max_size=64, style_weight=1.0, style_layers=["block1_conv1", ("block2_conv1", 0.5)]),
        )

    def test_json_takes_what_recipe_files_have(self) -> None:
        read = self.read(
            "list.json",
            """[{"styleWeight": 0.01, "optimizer": "OPTIMIZER_ADAM",
                 "style_layers": [{"layer": "block1_conv1", "weight": 2}, "block2_conv1"],
                 "changes": [{"iteration": 5, "styleWeight": 2}]}]""",
        )
        self.assertEqual(
            read[0].recipe,
            impasto.Recipe(
                max_size=64,
                style_weight=0.01,
                optimizer="adam",
                style_layers=[("block1_conv1", 2.0), "block2_conv1"],
                changes=[impasto.RecipeChange(iteration=5, style_weight=2.0)],
            ),
        )

    def test_bad_lists_are_refused(self) -> None:
        self.assert_refused(
            "a.csv",
            "iterations\n5\n0\n",
            "--list FILE, recipe 2: iterations: 0 is outside 1..100000",
            "iterations",
        )
        self.assert_refused(
            "a.csv", "iterations,seed\n5\n", "--list FILE, line 2: not as many fields as the header", "--list"
        )
        self.assert_refused("a.csv", "", "--list FILE: no recipes in it", "--list")
        self.assert_refused("a.json", '{"a": 1}', "--list FILE: a list of recipes, [{...}, ...], is wanted", "--list")
        self.assert_refused(
            "a.json",
            '[{"iterations": true}]',
            "--list FILE, recipe 1: iterations: true is not a value of it",
            "iterations",
        )
        with self.assertRaises(UsageError) as raised:
            self.read("a.json", '[{"steps": 5}]')
        self.assertIn('recipe 1: the recipe has no field "steps"', raised.exception.message)
        with self.assertRaises(UsageError) as raised:
            variants.read_list(self.folder / "none.csv", impasto.Recipe())
        self.assertIn("No such file", raised.exception.message)


if __name__ == "__main__":
    unittest.main()
