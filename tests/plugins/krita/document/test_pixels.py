"""Pixels in numpy: layouts, alpha, and the spaces in which they travel."""
# ruff: noqa: E402 - the fake has to be there first

import unittest

import numpy as np

import fake_krita

fake_krita.install()

from impasto_docker.document import pixels
from impasto_docker.document.pixels import Space

SRGB = "sRGB-elle-V2-srgbtrc.icc"
GRAY = "Gray-D50-elle-V2-srgbtrc.icc"


class TravelSpaceTest(unittest.TestCase):
    def test_srgb_and_its_grey_travel_as_they_are(self):
        for space in (
            Space("RGBA", "U8", SRGB),
            Space("RGBA", "U16", SRGB),
            Space("GRAYA", "U8", GRAY),
            Space("GRAYA", "U16", GRAY),
            Space("RGBA", "F32", SRGB),
        ):
            self.assertEqual(pixels.travel_space(space), space)

    def test_others_travel_with_what_they_need(self):
        floats = Space("RGBA", "F32", SRGB)
        for space, travels in (
            (Space("RGBA", "U8", "Wide"), Space("RGBA", "U16", SRGB)),
            (Space("RGBA", "U16", "Wide"), floats),
            (Space("GRAYA", "U8", "Other"), Space("GRAYA", "U16", GRAY)),
            (Space("GRAYA", "U16", "Other"), Space("GRAYA", "U16", GRAY)),
            (Space("GRAYA", "F32", GRAY), floats),
            (Space("GRAYA", "U8", SRGB), Space("GRAYA", "U16", GRAY)),
            (Space("RGBA", "F16", SRGB), floats),
            (Space("CMYKA", "U8", "Press"), floats),
            (Space("LABA", "U16", "Lab"), floats),
        ):
            self.assertEqual(pixels.travel_space(space), travels, space)


class LayoutsTest(unittest.TestCase):
    def check(self, space, stored, travels, layout):
        """One pixel as Krita stores it and as it travels."""
        stored = np.array(stored, pixels.DEPTHS[space.depth])
        found = pixels.to_travel(stored.tobytes(), space, 1, 1)
        self.assertEqual((found[0, 0].tolist(), pixels.travel_format(found)), (travels, layout))
        self.assertEqual(pixels.from_travel(found)[1], space)

    def test_integers_have_blue_first_and_floats_red(self):
        self.check(Space("RGBA", "U8", SRGB), [1, 2, 3, 4], [3, 2, 1, 4], "rgba8")
        self.check(Space("RGBA", "U16", SRGB), [1, 2, 3, 4], [3, 2, 1, 4], "rgba16")
        self.check(Space("RGBA", "F32", SRGB), [0.25, 0.5, 1.5, 0.75], [0.25, 0.5, 1.5, 0.75], "rgba_float")

    def test_what_is_opaque_travels_without_alpha(self):
        self.check(Space("RGBA", "U8", SRGB), [1, 2, 3, 255], [3, 2, 1], "rgb8")
        self.check(Space("RGBA", "U16", SRGB), [1, 2, 3, 65535], [3, 2, 1], "rgb16")
        self.check(Space("RGBA", "F32", SRGB), [0.25, 0.5, 1, 1], [0.25, 0.5, 1], "rgb_float")
        self.check(Space("GRAYA", "U8", GRAY), [7, 255], [7], "gray8")

    def test_grey(self):
        self.check(Space("GRAYA", "U8", GRAY), [7, 9], [7, 9], "gray_alpha8")
        self.check(Space("GRAYA", "U16", GRAY), [7, 9], [7, 9], "gray_alpha16")

    def test_a_painting_comes_opaque(self):
        data, space = pixels.from_travel(np.array([[[10, 20, 30, 5]]], "u1"))
        self.assertEqual((data, space), (bytes((30, 20, 10, 255)), Space("RGBA", "U8", SRGB)))
        data, space = pixels.from_travel(np.array([[300]], "u2"))
        self.assertEqual((np.frombuffer(data, "<u2").tolist(), space), ([300, 65535], Space("GRAYA", "U16", GRAY)))
        data, space = pixels.from_travel(np.array([[[0.5, 0.25, 1]]], "f4"))
        self.assertEqual(np.frombuffer(data, "<f4").tolist(), [0.5, 0.25, 1, 1])

    def test_refuses_what_does_not_fit(self):
        with self.assertRaisesRegex(ValueError, "7 bytes for 2 x 1 pixels of RGBA U8"):
            pixels.array(bytes(7), Space("RGBA", "U8", SRGB), 2, 1)

    def test_every_model_and_depth_has_its_size(self):
        for model, channels in (("RGBA", 4), ("GRAYA", 2), ("CMYKA", 5), ("LABA", 4)):
            for depth, size in (("U8", 1), ("U16", 2), ("F16", 2), ("F32", 4)):
                found = pixels.array(bytes(6 * channels * size), Space(model, depth, ""), 3, 2)
                self.assertEqual((found.shape, found.itemsize), ((2, 3, channels), size))


class AlphaTest(unittest.TestCase):
    def test_is_the_sources_times_the_mask(self):
        alpha, mask = np.array([[255, 255, 128, 7, 0]], "u1"), np.array([[255, 100, 100, 0, 255]], "u1")
        self.assertEqual(pixels.masked(alpha, mask, "U8").tolist(), [[255, 100, 50, 0, 0]])
        alpha, mask = np.array([[65535, 65535, 1000]], "<u2"), np.array([[255, 1, 128]], "u1")
        self.assertEqual(pixels.masked(alpha, mask, "U16").tolist(), [[65535, 257, 502]])
        alpha, mask = np.array([[0.1, 0.5]], "<f4"), np.array([[255, 51]], "u1")
        found = pixels.masked(alpha, mask, "F32")
        self.assertEqual((found.dtype, found.tolist()), (np.dtype("<f4"), np.array([[0.1, 0.1]], "<f4").tolist()))

    def test_without_a_mask_it_stays(self):
        alpha = np.array([[1, 2]], "u1")
        self.assertIs(pixels.masked(alpha, None, "U8"), alpha)

    def test_at_another_depth(self):
        alpha = np.array([[0, 1, 255]], "u1")
        self.assertEqual(pixels.at_depth(alpha, "U8", "U16").tolist(), [[0, 257, 65535]])
        self.assertEqual(pixels.at_depth(alpha, "U8", "F32").tolist(), np.array([[0, 1 / 255, 1]], "f4").tolist())
        self.assertEqual(pixels.at_depth(np.array([[0.5, 1]], "f2"), "F16", "U8").tolist(), [[128, 255]])
        self.assertIs(pixels.at_depth(alpha, "U8", "U8"), alpha)

    def test_what_is_hidden_is_all_zero(self):
        found = np.full((1, 2, 4), 9, "u1")
        pixels.set_alpha(found, np.array([[0, 3]], "u1"))
        self.assertEqual(found.tolist(), [[[0, 0, 0, 0], [9, 9, 9, 3]]])


class BoxTest(unittest.TestCase):
    def test_is_around_all_that_is_seen(self):
        seen = np.zeros((10, 12), bool)
        self.assertIsNone(pixels.box(seen))
        seen[3, 5] = seen[6, 2] = True
        self.assertEqual(pixels.box(seen), (2, 3, 4, 4))
