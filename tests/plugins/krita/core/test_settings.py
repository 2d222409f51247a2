import math
import unittest
import unittest.mock
from dataclasses import replace

import core_testing  # noqa: F401  # first
import impasto
from impasto_docker.core.settings import (
    ServerSettings,
    SettingError,
    Settings,
    Style,
    make_recipe,
    strength_of,
    style_factor,
    validate,
    weights,
)

MODEL = impasto.ModelInfo(
    "models/vgg19",
    impasto.ModelState.LOADED,
    default_recipe=impasto.Recipe(content_weight=2.0, style_weight=8.0),
)


class RangesTest(unittest.TestCase):
    def test_bounds_are_within(self):
        for name, values in {
            "strength": (0, 100),
            "content_weight": (None, 0, 1e15),
            "style_weight": (None, 5e-324, 1e15),
            "quality": ("draft", "good", "best", "iterations"),
            "iterations": (1, 100_000),
            "size": (16, 8192),
            "source": ("layer", "projection"),
            "opacity": (0, 100),
        }.items():
            for value in values:
                validate(replace(Settings(), **{name: value}))

    def test_words_name_the_setting_and_its_range(self):
        for name, value, words in [
            ("strength", -0.1, "Strength: choose a number from 0 to 100."),
            ("strength", math.nan, "Strength: choose a number from 0 to 100."),
            ("content_weight", -1.0, "Content weight: choose a number from 0 to 1e+15."),
            ("style_weight", 0.0, "Style weight: choose a number above 0, up to 1e+15."),
            ("style_weight", math.inf, "Style weight: choose a number above 0, up to 1e+15."),
            ("quality", "fast", "Quality: choose one of draft, good, best, iterations."),
            ("iterations", 0, "Iterations: choose a number from 1 to 100000."),
            ("iterations", 100_001, "Iterations: choose a number from 1 to 100000."),
            ("size", 15, "Size: choose a number from 16 to 8192."),
            ("source", "canvas", "Source: choose one of layer, projection."),
            ("opacity", 101, "Opacity: choose a number from 0 to 100."),
            ("style", Style("drawable"), "Style: choose one of none, file, library, picture."),
        ]:
            with self.subTest(name, value=value), self.assertRaises(SettingError) as raised:
                validate(replace(Settings(), **{name: value}))
            self.assertEqual((raised.exception.field, raised.exception.words), (name, words))


class WeightsTest(unittest.TestCase):
    def test_25_of_strength_are_ten_times_the_style_weight(self):
        self.assertEqual([style_factor(s) for s in (0, 25, 50, 75, 100)], [0.01, 0.1, 1.0, 10.0, 100.0])
        self.assertEqual([strength_of(f) for f in (0.01, 1.0, 100.0, 1e9, 0.0, -1.0)], [0, 50, 100, 100, 0, 0])

    def test_from_the_models_own(self):
        self.assertEqual(weights(Settings(), MODEL), (2.0, 8.0))
        self.assertEqual(weights(Settings(strength=75.0), MODEL), (2.0, 80.0))
        self.assertEqual(weights(Settings(strength=75.0, content_weight=0.0, style_weight=3.0), MODEL), (0.0, 3.0))
        huge = replace(MODEL, default_recipe=impasto.Recipe(style_weight=1e14))
        self.assertEqual(weights(Settings(strength=100.0), huge), (None, 1e15))

    def test_a_strength_needs_them(self):
        self.assertEqual(weights(Settings(), None), (None, None))
        self.assertEqual(weights(Settings(strength=60.0, style_weight=1.0), None), (None, 1.0))
        with self.assertRaisesRegex(SettingError, "hasn't told the model's weights. Try again in a moment"):
            weights(Settings(strength=60.0), None)


class RecipeTest(unittest.TestCase):
    def test_a_quality(self):
        settings = Settings(model="vgg19", quality="best", iterations=7, size=640)
        expected = impasto.Recipe(model="models/vgg19", style_weight=8.0, quality="best", max_size=640)
        self.assertEqual(make_recipe(settings, MODEL), expected)

    def test_a_number_of_iterations(self):
        settings = Settings(quality="iterations", iterations=7, content_weight=0.5)
        expected = impasto.Recipe(content_weight=0.5, style_weight=8.0, iterations=7, max_size=512)
        self.assertEqual(make_recipe(settings, MODEL), expected)
        self.assertEqual(make_recipe(Settings(), None), impasto.Recipe(quality="good", max_size=512))

    def test_what_is_out_of_range_is_refused(self):
        with self.assertRaises(SettingError):
            make_recipe(Settings(size=9000), MODEL)


class JsonTest(unittest.TestCase):
    def test_there_and_back(self):
        settings = Settings(
            Style("file", "/a b/ö.png", "ö"), "vgg16", 12.5, 1.0, 2.0, "draft", 9, 64, "projection", 40, True
        )
        self.assertEqual(Settings.from_json(settings.to_json()), settings)
        self.assertEqual(Settings.from_json(settings.to_json()).style.label, "ö")
        self.assertEqual(Settings.from_json(Settings().to_json()), Settings())

    def test_unknown_members_are_passed_over_and_missing_ones_keep_their_default(self):
        self.assertEqual(Settings.from_json('{"size": 64, "later": [1]}'), Settings(size=64))
        self.assertEqual(Settings.from_json('{"strength": 60}').strength, 60.0)

    def test_anything_else_is_refused(self):
        for text in (
            "[]",
            "3",
            "",
            '{"size": "64"}',
            '{"size": 64.5}',
            '{"size": true}',
            '{"size": 1}',
            '{"strength": NaN}',
            '{"content_weight": "1"}',
            '{"style": "x"}',
            '{"style": {"kind": 3}}',
            '{"preview_on_canvas": 1}',
        ):
            with self.subTest(text), self.assertRaises(ValueError):
                Settings.from_json(text)


class ServerSettingsTest(unittest.TestCase):
    def test_the_address_that_is_meant(self):
        with unittest.mock.patch.dict("os.environ", {"IMPASTO_SERVER": ""}):
            self.assertEqual(ServerSettings().full_address(), "127.0.0.1:50451")
        with unittest.mock.patch.dict("os.environ", {"IMPASTO_SERVER": "paint:1"}):
            self.assertEqual(ServerSettings().full_address(), "paint:1")
            self.assertEqual(ServerSettings("other:2").full_address(), "other:2")


if __name__ == "__main__":
    unittest.main()
