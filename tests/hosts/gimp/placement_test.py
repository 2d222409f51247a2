#!/usr/bin/env python3
"""Where the picture goes: groups, offsets, masks, transparent and large layers, channels; and what stays with it."""

import json
import unittest

import numpy as np
from gimp_bench import Bench, new_image, quoted, read_dump


class PlacementTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)
        cls.server = cls.bench.server()
        cls.gimp = cls.bench.gimp()

    def run_gimp(self, *scripts):
        run = self.gimp.run(*scripts)
        self.assertEqual(run.errors, [], run.log)
        return run

    def dump(self, drawable, name):
        return f"(impasto-test-dump {drawable} {quoted(self.bench.path(name))})"

    def read(self, name):
        return read_dump(self.bench.path(name))

    def paint(self, **arguments):
        return f"(define painted (car {self.bench.paint(self.server, **arguments)}))"

    def assert_same(self, one, other):
        self.assertEqual(one.format, other.format)
        self.assertEqual(one.values.tobytes(), other.values.tobytes())

    def test_a_layer_goes_above_its_own_in_its_group(self):
        run = self.run_gimp(
            *new_image(alpha=True),
            "(define group (car (gimp-layer-group-new image)))",
            "(gimp-image-insert-layer image group 0 0)",
            "(gimp-image-reorder-item image drawable group 0)",
            '(define top (car (gimp-layer-new image 20 20 RGBA-IMAGE "top" 100 LAYER-MODE-NORMAL)))',
            "(gimp-image-insert-layer image top group 0)",
            "(gimp-layer-set-offsets drawable 7 -5)",
            self.paint(),
            "(say (= group (car (gimp-item-get-parent painted))))",
            "(say (car (gimp-image-get-item-position image painted))"
            " (car (gimp-image-get-item-position image drawable)))",
            "(say (gimp-drawable-offsets painted) (car (gimp-drawable-width painted))"
            " (car (gimp-drawable-height painted)))",
            "(say (car (gimp-layer-get-mask painted)))",
        )
        self.assertEqual(run.said, ["#t", "1 2", "(7 -5) 48 40", "-1"])

    def test_a_layer_larger_than_the_image_is_painted_whole(self):
        self.run_gimp(
            "(define image (car (gimp-image-new 30 20 RGB)))",
            '(define drawable (car (gimp-layer-new image 60 50 RGB-IMAGE "Wide" 100 LAYER-MODE-NORMAL)))',
            "(gimp-image-insert-layer image drawable 0 0)",
            "(gimp-layer-set-offsets drawable -10 -20)",
            "(impasto-test-fill drawable 2)",
            self.dump("drawable", "before"),
            self.paint(in_place=1),
            self.dump("drawable", "after"),
        )
        before, after = self.read("before").values.astype(int), self.read("after").values.astype(int)
        self.assertEqual(before.shape, after.shape)
        for corner in (np.s_[:8, :8], np.s_[-8:, -8:]):  # both are outside of the image
            self.assertGreater(np.abs(after - before)[corner].max(), 3)

    def test_a_selection_is_cut_to_the_layer(self):
        run = self.run_gimp(
            *new_image(),
            "(gimp-layer-set-offsets drawable 10 8)",
            "(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 0 0 30 30)",
            self.paint(),
            "(say (gimp-drawable-offsets painted) (car (gimp-drawable-width painted))"
            " (car (gimp-drawable-height painted)) (car (gimp-layer-get-mask painted)))",
        )
        self.assertEqual(run.said, ["(10 8) 20 22 -1"])  # all of it is selected: no layer mask

    def test_a_layers_own_mask_hides_the_new_layer_too(self):
        self.run_gimp(
            *new_image(alpha=True),
            "(define mask (car (gimp-layer-create-mask drawable ADD-MASK-WHITE)))",
            "(gimp-layer-add-mask drawable mask)",
            "(impasto-test-fill mask 5)",
            "(gimp-image-select-ellipse image CHANNEL-OP-REPLACE 0 0 48 40)",
            "(gimp-selection-feather image 8)",
            self.dump("mask", "mask"),
            self.dump("(car (gimp-image-get-selection image))", "selection"),
            self.dump("drawable", "before"),
            self.paint(),
            self.dump("(car (gimp-layer-get-mask painted))", "new"),
            self.dump("mask", "mask after"),
            self.dump("drawable", "after"),
        )
        product = self.read("mask").values.astype(int) * self.read("selection").values / 255
        self.assertEqual(self.read("new").values.shape, (40, 48, 1))
        self.assertLessEqual(np.abs(self.read("new").values - product).max(), 0.5)
        self.assert_same(self.read("mask"), self.read("mask after"))
        self.assert_same(self.read("before"), self.read("after"))

    def test_a_layer_mask_is_painted_in_place(self):
        run = self.run_gimp(
            *new_image(alpha=True),
            "(define mask (car (gimp-layer-create-mask drawable ADD-MASK-WHITE)))",
            "(gimp-layer-add-mask drawable mask)",
            "(impasto-test-fill mask 5)",
            self.dump("mask", "mask"),
            self.dump("drawable", "before"),
            self.paint(drawable="mask"),
            "(say (= painted mask) (car (gimp-image-get-layers image)))",
            self.dump("mask", "mask after"),
            self.dump("drawable", "after"),
        )
        self.assertEqual(run.said, ["#t 1"])
        self.assert_same(self.read("before"), self.read("after"))
        before, after = self.read("mask"), self.read("mask after")
        self.assertEqual(before.format, after.format)
        self.assertGreater(np.abs(after.values.astype(int) - before.values).max(), 3)
        self.assertLess(abs(after.values.mean() - before.values.mean()), 12)

    def test_a_channel_is_painted_in_place_within_the_selection(self):
        for precision in ("PRECISION-U8-GAMMA", "PRECISION-U16-LINEAR", "PRECISION-FLOAT-LINEAR"):
            with self.subTest(precision):
                self.run_gimp(
                    *new_image(precision=precision),
                    '(define channel (car (gimp-channel-new image 48 40 "Channel" 50 \'(0 0 0))))',
                    "(gimp-image-insert-channel image channel 0 0)",
                    "(impasto-test-fill channel 5)",
                    "(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 4 5 30 20)",
                    self.dump("channel", "before"),
                    self.paint(drawable="channel", in_place=1),
                    self.dump("channel", "after"),
                )
                before, after = self.read("before"), self.read("after")
                self.assertEqual(before.format, after.format)
                changed = (before.values != after.values)[..., 0]
                self.assertGreater(np.count_nonzero(changed[5:25, 4:34]), 300)
                changed[5:25, 4:34] = False
                self.assertFalse(changed.any())

    def test_the_users_selection_stays_bit_for_bit(self):
        for precision in ("PRECISION-U8-GAMMA", "PRECISION-U32-LINEAR", "PRECISION-FLOAT-GAMMA"):
            with self.subTest(precision):
                selection = "(car (gimp-image-get-selection image))"
                run = self.run_gimp(
                    *new_image(precision=precision),
                    "(gimp-image-select-ellipse image CHANNEL-OP-REPLACE 3 3 40 30)",
                    "(gimp-selection-feather image 9)",
                    self.dump(selection, "before"),
                    self.paint(in_place=1),
                    self.dump(selection, "after"),
                    "(say (car (gimp-image-get-channels image)) (= drawable (car (gimp-image-get-active-drawable image))))",
                    "(gimp-selection-none image)",
                    self.paint(in_place=1),
                    "(say (car (gimp-selection-is-empty image)))",
                )
                self.assertEqual(run.said, ["0 #t", "1"])
                self.assert_same(self.read("before"), self.read("after"))

    def test_what_is_transparent_stays_so(self):
        self.run_gimp(
            *new_image(alpha=True, precision="PRECISION-U16-GAMMA"),
            "(gimp-edit-clear drawable)",
            "(impasto-test-fill drawable 3)",
            self.dump("drawable", "before"),
            self.paint(in_place=1),
            self.dump("drawable", "after"),
        )
        before, after = self.read("before"), self.read("after")
        self.assertEqual(set(np.unique(before.alpha)) & {0, 65535}, {0, 65535})
        self.assertEqual(before.alpha.tobytes(), after.alpha.tobytes())

    def test_recipe_and_settings_are_saved_with_the_layer(self):
        path = self.bench.path("kept.xcf")
        run = self.run_gimp(
            *new_image(),
            f"(define returned {self.bench.paint(self.server, strength=70)})",
            "(say (cadr returned))",
            f"(gimp-xcf-save RUN-NONINTERACTIVE image drawable {quoted(path)} {quoted(path)})",
            "(gimp-image-delete image)",
            f"(define image (car (gimp-xcf-load RUN-NONINTERACTIVE {quoted(path)} {quoted(path)})))",
            "(define painted (vector-ref (cadr (gimp-image-get-layers image)) 0))",
            '(say "layer" (car (gimp-item-get-name painted)))',
            '(say (caddr (car (gimp-item-get-parasite painted "impasto-settings"))))',
            '(say "shown")',
            "(say (car (plug-in-impasto-show-recipe RUN-NONINTERACTIVE image painted)))",
        )
        text = "\n".join(run.said)
        returned, rest = text.split("layer Photo (Starry Night, vgg19)\n")
        settings, shown = rest.split("shown\n")
        recipe = json.loads(returned)
        self.assertEqual(json.loads(shown), recipe)
        self.assertEqual(recipe["model"], "models/vgg19")
        self.assertEqual(recipe["iterations"], 3)
        self.assertEqual(json.loads(settings)["strength"], 70)

    def test_an_open_layer_is_a_style(self):
        run = self.run_gimp(
            *new_image(),
            "(define other (car (gimp-image-new 40 44 GRAY)))",
            '(define painting (car (gimp-layer-new other 40 44 GRAY-IMAGE "Etching" 100 LAYER-MODE-NORMAL)))',
            "(gimp-image-insert-layer other painting 0 0)",
            "(impasto-test-fill painting 9)",
            self.paint(style_file="", style_drawable="painting"),
            "(say (car (gimp-item-get-name painted)))",
        )
        self.assertEqual(run.said, ["Photo (Etching, vgg19)"])


if __name__ == "__main__":
    unittest.main()
