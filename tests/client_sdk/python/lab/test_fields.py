"""The recipe's fields as text."""

from __future__ import annotations

import dataclasses
import unittest

import impasto
from impasto.lab import fields
from impasto.lab.errors import UsageError


class FieldsTest(unittest.TestCase):
    def parse(self, name: str, text: str) -> fields.Value:
        return fields.FIELDS[name].parse(text)

    def assert_refused(self, name: str, text: str, message: str) -> None:
        with self.assertRaises(UsageError) as raised:
            self.parse(name, text)
        self.assertEqual(raised.exception.message, message)
        self.assertEqual(raised.exception.field, name)

    def test_has_every_field_of_the_recipe(self) -> None:
        names = {field.name for field in dataclasses.fields(impasto.Recipe)}
        self.assertEqual(set(fields.FIELDS) | set(fields.NOT_AS_TEXT), names)

    def test_numbers(self) -> None:
        self.assertEqual(self.parse("style_weight", "1e-3"), 0.001)
        self.assertEqual(self.parse("iterations", " 50 "), 50)
        self.assertEqual(self.parse("seed", "18446744073709551615"), 2**64 - 1)

    def test_numbers_out_of_range_are_refused(self) -> None:
        self.assert_refused("style_weight", "0", "style_weight: 0 is outside above 0, up to 1e15")
        self.assert_refused("style_weight", "nan", "style_weight: nan is outside above 0, up to 1e15")
        self.assert_refused("iterations", "0", "iterations: 0 is outside 1..100000")
        self.assert_refused("beta1", "1", "beta1: 1 is outside 0 up to below 1")
        self.assert_refused("seed", "18446744073709551616", "seed: 18446744073709551616 is outside 0..2^64-1")

    def test_what_is_no_number_is_refused(self) -> None:
        self.assert_refused("iterations", "1.5", 'iterations: "1.5" is not a whole number')
        self.assert_refused("style_weight", "much", 'style_weight: "much" is not a number')
        self.assert_refused("style_weight", "", "style_weight: an empty value")

    def test_choices_take_short_and_whole_names(self) -> None:
        self.assertEqual(self.parse("optimizer", "LBFGS"), "lbfgs")
        self.assertEqual(self.parse("optimizer", "OPTIMIZER_LBFGS"), "lbfgs")
        self.assertEqual(self.parse("pooling", "avg"), "average")
        self.assert_refused("quality", "great", 'quality: "great" is none of draft, good, best')
        self.assert_refused("initial_picture", "supplied", 'initial_picture: "supplied" is none of content, noise')

    def test_layers(self) -> None:
        self.assertEqual(
            self.parse("style_layers", "block1_conv1 + block2_conv1:0.5"),
            (("block1_conv1", None), ("block2_conv1", 0.5)),
        )

    def test_bad_layers_are_refused(self) -> None:
        self.assert_refused(
            "style_layers",
            "block1_conv1++a",
            'style_layers: "" in "block1_conv1++a" is not a layer: NAME or NAME:WEIGHT, joined by "+"',
        )
        self.assert_refused("style_layers", "a+a:2", "style_layers: a is there twice")
        self.assert_refused("style_layers", "a:x", 'style_layers: a: "x" is not a number')
        self.assert_refused("content_layers", "a:-1", "content_layers: a: -1 is outside 0..1e12")
        many = "+".join(f"a{n}" for n in range(65))
        self.assert_refused("style_layers", many, "style_layers: 65 layers; at most 64")

    def test_shares(self) -> None:
        self.assertEqual(self.parse("style_picture_weights", "2:1"), (2.0, 1.0))
        self.assert_refused("style_picture_weights", "0:0", "style_picture_weights: all are 0")
        self.assert_refused("style_picture_weights", "-1", "style_picture_weights: -1 is outside 0..1e6")

    def test_text_gives_the_value_back(self) -> None:
        for name, text in (
            ("style_weight", "1e-5"),
            ("style_weight", "0.001"),
            ("content_weight", "1e6"),
            ("content_weight", "123456"),
            ("content_weight", "100"),
            ("style_layers", "block1_conv1+block2_conv1:0.5"),
            ("style_picture_weights", "2:1"),
            ("optimizer", "lbfgs"),
            ("iterations", "50"),
        ):
            with self.subTest(text=text):
                self.assertEqual(fields.to_text(self.parse(name, text)), text)

    def test_unknown_fields_are_named(self) -> None:
        with self.assertRaises(UsageError) as raised:
            fields.find("style_wieght", "--grid")
        self.assertIn('--grid: the recipe has no field "style_wieght"; it has preset, ', raised.exception.message)
        with self.assertRaises(UsageError) as raised:
            fields.find("execution", "--grid")
        self.assertEqual(
            raised.exception.message,
            "--grid: execution can't be given here: where a picture was painted is the server's to say",
        )


if __name__ == "__main__":
    unittest.main()
