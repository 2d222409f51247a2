#!/usr/bin/env python3
"""Every precision and kind of colours: what isn't to be painted stays as it is, bit for bit, and colours keep their
meaning on the way to the server and back. Prints a table."""

import itertools
import os
import unittest

import icc
import numpy as np
from gimp_bench import Bench, new_image, quoted, read_dump

_TYPES = ("U8", "U16", "U32", "HALF", "FLOAT", "DOUBLE")
_PRECISIONS = [f"PRECISION-{kind}-{curve}" for kind in _TYPES for curve in ("GAMMA", "LINEAR")]
_HEAD = ("case", "outside", "alpha", "blend", "identity mean", "identity max")

# What rounding to a value of each type may take, 0..1: half a step; for the wide ones, a few of those of the floats that
# pixels travel as.
_ROUNDING = {
    "uint8": 0.501 / 255,
    "uint16": 0.51 / 65535,
    "uint32": 3e-7,
    "float16": 5e-4,
    "float32": 3e-7,
    "float64": 3e-7,
}

# Where the weight of the photograph is all, the picture that the optimizer starts from is the best: the original.
_IDENTITY = {"content_weight": 1e6, "style_weight": 1e-12, "iterations": 1}


def unit(values):
    """0..1, whatever the type."""
    kind = values.dtype
    return values.astype(np.float64) / (np.iinfo(kind).max if kind.kind == "u" else 1.0)


def largest(differences):
    return float(np.max(np.abs(differences))) if differences.size else 0.0


class PrecisionCasesTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)
        cls.server = cls.bench.server()
        cls.gimp = cls.bench.gimp()
        cls.table = []

    @classmethod
    def tearDownClass(cls):
        print("\nLargest differences; colours 0 to 1:")
        for row in [_HEAD, *cls.table]:
            print(f"{row[0]:34}" + "".join(f"{cell:>15}" for cell in row[1:]))

    def check(self, name, make, most=0.002):
        """One image, given by scripts that make it: painted as a layer, in place, and so that nothing changes
        by more than `most`."""
        files = {
            key: self.bench.path(f"{name.replace(' ', '-')}-{key}")
            for key in ("before", "kept", "painted", "mask", "selection", "after", "identity")
        }

        def dump(drawable, key):
            return f"(impasto-test-dump {drawable} {quoted(files[key])})"

        facts = (
            "(say (car (gimp-image-get-precision image)) (car (gimp-image-base-type image))"
            " (car (gimp-image-width image)) (car (gimp-image-height image))"
            " (car (gimp-drawable-width drawable)) (car (gimp-drawable-height drawable))"
            " (car (gimp-drawable-type drawable)) (gimp-image-get-effective-color-profile image))"
        )
        run = self.gimp.run(
            *make,
            facts,
            dump("drawable", "before"),
            f"(define same (car {self.bench.paint(self.server, **_IDENTITY)}))",
            dump("same", "identity"),
            "(gimp-image-remove-layer image same)",
            "(gimp-image-select-ellipse image CHANNEL-OP-REPLACE 8 6 32 28)",
            "(gimp-selection-feather image 6)",
            dump("(car (gimp-image-get-selection image))", "selection"),
            f"(define layer (car {self.bench.paint(self.server)}))",
            dump("layer", "painted"),
            dump("(car (gimp-layer-get-mask layer))", "mask"),
            '(say "at" (gimp-drawable-offsets layer) (car (gimp-item-get-name layer)))',
            dump("drawable", "kept"),
            f'(say "in place" (= drawable (car {self.bench.paint(self.server, in_place=1)})))',
            dump("drawable", "after"),
            facts,
        )
        self.assertEqual(run.errors, [], run.log)
        self.judge(name, run, {key: read_dump(path) for key, path in files.items()}, most)
        for path in files.values():
            os.remove(path)

    def judge(self, name, run, dumps, most):
        facts, at, in_place, facts_after = run.said
        self.assertEqual(facts, facts_after)
        self.assertEqual(in_place, "in place #t")
        before, after, painted = dumps["before"], dumps["after"], dumps["painted"]
        self.assertEqual(after.format, before.format)
        self.assertEqual(dumps["kept"].values.tobytes(), before.values.tobytes())

        selection = np.rint(unit(dumps["selection"].values[..., 0]) * 255)
        rows, columns = np.nonzero(unit(dumps["selection"].values[..., 0]) > 0)
        top, left = rows.min(), columns.min()
        height, width = painted.values.shape[:2]
        self.assertEqual(at, f"at ({left} {top}) Photo (Starry Night, vgg19)")
        self.assertEqual((height, width), (rows.max() - top + 1, columns.max() - left + 1))
        area = (slice(top, top + height), slice(left, left + width))
        np.testing.assert_array_equal(np.rint(unit(dumps["mask"].values[..., 0]) * 255), selection[area])

        outside = selection == 0
        self.assertGreater(np.count_nonzero(outside), 100)
        self.assertEqual(after.values[outside].tobytes(), before.values[outside].tobytes())
        if before.alpha is not None:
            self.assertEqual(after.alpha.tobytes(), before.alpha.tobytes())
            self.assertEqual(painted.alpha.tobytes(), before.alpha[area].tobytes())
        share = selection[area][..., None] / 255
        mixed = share * painted.color.astype(np.float64) + (1 - share) * before.color[area].astype(np.float64)
        whole = selection[area] == 255
        self.assertGreater(np.count_nonzero(whole), 50)
        if before.values.dtype.kind == "u":
            self.assertEqual(after.color[area][whole].tobytes(), painted.color[whole].tobytes())
        full = np.iinfo(before.values.dtype).max if before.values.dtype.kind == "u" else 1.0
        blend = largest(after.color[area].astype(np.float64) - mixed) / full
        self.assertLessEqual(blend, _ROUNDING[before.values.dtype.name])
        self.assertGreater(largest(unit(after.color) - unit(before.color)), 0.01)  # it was painted

        identity = unit(dumps["identity"].color) - unit(before.color)
        seen = np.ones_like(outside) if before.alpha is None else unit(before.alpha) > 0
        mean, furthest = largest(identity[seen].mean(axis=0)), largest(identity[seen])
        outside_by = largest((unit(after.values) - unit(before.values))[outside])
        alpha_by = 0.0 if before.alpha is None else largest(unit(after.alpha) - unit(before.alpha))
        self.table.append((name, *(f"{value:.2g}" for value in (outside_by, alpha_by, blend, mean, furthest))))
        self.assertLess(mean, 0.002)
        self.assertLess(furthest, most)

    def check_precisions(self, kind):
        for precision, alpha in itertools.product(_PRECISIONS, (False, True)):
            name = f"{kind}{'A' if alpha else ''} {precision.removeprefix('PRECISION-')}"
            with self.subTest(name):
                self.check(name, new_image(kind=kind, alpha=alpha, precision=precision))

    def test_rgb(self):
        self.check_precisions("RGB")

    def test_gray(self):
        self.check_precisions("GRAY")

    def test_profiles(self):
        for kind, gamma, precision in (
            ("RGB", 1.8, "U8-GAMMA"),
            ("RGB", 1.8, "U16-GAMMA"),
            ("RGB", 1.8, "FLOAT-GAMMA"),
            ("RGB", 1.0, "FLOAT-LINEAR"),
            ("GRAY", 1.8, "U8-GAMMA"),
            ("GRAY", 1.8, "U16-GAMMA"),
            ("GRAY", 1.8, "FLOAT-GAMMA"),
        ):
            name = f"{kind} {precision} gamma {gamma}"
            path = self.bench.path(f"{kind}-{gamma}.icc")
            with open(path, "wb") as file:
                file.write(icc.profile(kind == "GRAY", gamma))
            make = new_image(kind=kind, alpha=True, precision=f"PRECISION-{precision}")
            make.insert(1, f"(gimp-image-set-color-profile-from-file image {quoted('file://' + path)})")
            with self.subTest(name):
                # The server works in sRGB: what a wide profile has beyond it, is brought to its edge.
                self.check(name, make, most=0.08 if kind == "RGB" else 0.002)


if __name__ == "__main__":
    unittest.main()
