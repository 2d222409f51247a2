"""Recipes: what they take, and what becomes of them."""

import dataclasses
import json
import unittest

from impasto import (
    Execution,
    InvalidArgument,
    LayerWeight,
    LearningRateSchedule,
    Normalization,
    Optimizer,
    Quality,
    Recipe,
    RecipeChange,
)
from impasto.recipe import from_message, to_message

FULL = Recipe(
    preset="reference",
    model="models/vgg19",
    weights_sha256="ab" * 32,
    content_layers=["block4_conv2"],
    style_layers=[("block1_conv1", 0.5), LayerWeight("block2_conv1")],
    content_weight=1e5,
    style_weight=1e-2,
    tv_weight=0.0,
    normalization="mean",
    pooling="average",
    learning_rate=5.0,
    beta1=0.99,
    beta2=0.999,
    epsilon=0.1,
    iterations=1000,
    initial_picture="noise",
    seed=2**64 - 1,
    max_size=512,
    style_size=256,
    style_picture_weights=[1, 2],
    quality=Quality.GOOD,
    optimizer="lbfgs",
    lbfgs_history=10,
    learning_rate_schedule="cosine",
    pyramid_levels=0,
    stall_evaluations=20,
    stall_improvement=0.005,
    changes=[RecipeChange(5, style_weight=2.0, style_layers={"block1_conv1": 3.0})],
    execution=Execution(executor="cpu", threads=2),
)


class RecipeTest(unittest.TestCase):
    def test_every_field_of_the_api_is_there_by_its_name(self):
        message = to_message(Recipe())
        self.assertEqual(
            [field.name for field in dataclasses.fields(Recipe)], [field.name for field in message.DESCRIPTOR.fields]
        )
        self.assertEqual(
            [field.name for field in dataclasses.fields(RecipeChange)],
            [field.name for field in message.changes.add().DESCRIPTOR.fields],
        )

    def test_nothing_given_is_an_empty_message(self):
        self.assertEqual(to_message(Recipe()).ByteSize(), 0)
        self.assertEqual(from_message(to_message(Recipe())), Recipe())

    def test_every_field_survives_message_json_and_dict(self):
        for field in dataclasses.fields(FULL):
            self.assertNotIn(getattr(FULL, field.name), (None, ()), field.name)
        self.assertEqual(from_message(to_message(FULL)), FULL)
        self.assertEqual(Recipe.from_json(FULL.to_json()), FULL)
        self.assertEqual(Recipe(**FULL.to_dict()), FULL)

    def test_a_zero_that_is_given_is_sent(self):
        message = to_message(Recipe(tv_weight=0.0, pyramid_levels=0, seed=0))
        self.assertTrue(message.HasField("tv_weight"))
        self.assertTrue(message.HasField("pyramid_levels"))
        self.assertTrue(message.HasField("seed"))
        self.assertEqual(from_message(message), Recipe(tv_weight=0.0, pyramid_levels=0, seed=0))

    def test_choices_are_taken_by_name(self):
        recipe = Recipe(
            quality="Best", optimizer="adam", normalization="paper", learning_rate_schedule=LearningRateSchedule.COSINE
        )
        self.assertIs(recipe.quality, Quality.BEST)
        self.assertIs(recipe.optimizer, Optimizer.ADAM)
        self.assertIs(recipe.normalization, Normalization.PAPER)

    def test_an_unknown_choice_names_field_and_choices(self):
        with self.assertRaises(InvalidArgument) as caught:
            Recipe(quality="superb")
        self.assertEqual(str(caught.exception), "recipe.quality: 'superb' is none of draft, good, best")
        self.assertEqual(caught.exception.field, "recipe.quality")

    def test_layers_in_all_their_forms(self):
        expected = (LayerWeight("a", 1.0), LayerWeight("b"))
        for given in ([("a", 1), "b"], {"a": 1, "b": None}, (LayerWeight("a", 1.0), "b"), iter(expected)):
            self.assertEqual(Recipe(style_layers=given).style_layers, expected)

    def test_what_is_no_layer_is_a_type_error(self):
        for given in ("block1_conv1", [3], [("a", 1, 2)], [(1, 2)]):
            with self.assertRaises(TypeError):
                Recipe(content_layers=given)

    def test_values_that_a_field_cannot_hold(self):
        for values, field in (
            ({"iterations": 2**31}, "recipe.iterations"),
            ({"iterations": 1.5}, "recipe.iterations"),
            ({"style_weight": "much"}, "recipe.style_weight"),
            ({"seed": -1}, "recipe.seed"),
            ({"model": 19}, "recipe.model"),
            ({"style_layers": [LayerWeight(3)]}, "recipe.style_layers[0].layer"),
            ({"changes": [RecipeChange(iteration="x")]}, "recipe.changes[0].iteration"),
        ):
            with self.assertRaises(InvalidArgument) as caught:
                to_message(Recipe(**values))
            self.assertEqual(caught.exception.field, field)

    def test_it_is_immutable_and_can_be_replaced(self):
        with self.assertRaises(dataclasses.FrozenInstanceError):
            FULL.iterations = 3
        with self.assertRaises(dataclasses.FrozenInstanceError):
            FULL.quality = Quality.DRAFT
        changed = dataclasses.replace(FULL, quality="draft", style_layers=["block1_conv1"])
        self.assertIs(changed.quality, Quality.DRAFT)
        self.assertEqual(changed.style_layers, (LayerWeight("block1_conv1"),))
        self.assertIs(FULL.quality, Quality.GOOD)
        self.assertEqual(hash(changed), hash(dataclasses.replace(changed)))

    def test_its_text_has_what_is_given(self):
        self.assertEqual(repr(Recipe(iterations=3)), "Recipe(iterations=3)")

    def test_json_as_the_command_line_writes_it(self):
        text = '{"preset": "painterly", "styleLayers": [{"layer": "a", "weight": 0.5}], "quality": "QUALITY_DRAFT"}'
        self.assertEqual(Recipe.from_json(text), Recipe(preset="painterly", style_layers=[("a", 0.5)], quality="draft"))
        self.assertEqual(json.loads(Recipe.from_json(text).to_json()), json.loads(text))

    def test_what_is_no_recipe(self):
        for text in ("", "{", "[]", '{"iteration": 3}', '{"iterations": "many"}', b"\xff"):
            with self.assertRaises(InvalidArgument) as caught:
                Recipe.from_json(text)
            self.assertTrue(str(caught.exception).startswith("not a recipe: "), text)


if __name__ == "__main__":
    unittest.main()
