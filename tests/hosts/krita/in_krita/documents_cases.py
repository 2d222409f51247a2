"""Documents of every colour model and depth, painted within Krita. The painting is what was sent, so that what has to
come out is known."""

import numpy as np
from documents_kit import CONVERTER, SRGB, DocumentsTest, Sent, alphas, bytes_of, colors, native, report, select
from PyQt5.QtCore import QByteArray

from impasto_docker.document import pixels
from impasto_docker.document.apply import apply
from impasto_docker.document.find import find_node
from impasto_docker.document.pixels import Space
from impasto_docker.document.target import open_target, space_of

_LINEAR = "sRGB-elle-V2-g10.icc"
_WIDE = "ClayRGB-elle-V2-g22.icc"  # the colours of Adobe RGB
_WIDE_LINEAR = "Rec2020-elle-V4-g10.icc"
_GRAY = "Gray-D50-elle-V2-srgbtrc.icc"
_GRAY_22 = "Gray-D50-elle-V2-g22.icc"
_GRAY_LINEAR = "Gray-D50-elle-V2-g10.icc"

SPACES = [
    *(Space("RGBA", depth, profile) for depth in ("U8", "U16") for profile in (SRGB, _LINEAR, _WIDE)),
    *(Space("RGBA", depth, profile) for depth in ("F16", "F32") for profile in (SRGB, _LINEAR, _WIDE_LINEAR)),
    *(Space("GRAYA", depth, profile) for depth in ("U8", "U16") for profile in (_GRAY, _GRAY_22)),
    *(Space("GRAYA", depth, profile) for depth in ("F16", "F32") for profile in (_GRAY, _GRAY_LINEAR)),
    *(Space("CMYKA", depth, "Chemical proof") for depth in ("U8", "U16", "F32")),
    *(Space("LABA", depth, "Lab identity built-in") for depth in ("U8", "U16", "F32")),
    Space("XYZA", "U16", "XYZ identity built-in"),
    Space("YCbCrA", "U8", "ITU-R BT.709-6 YCbCr ICC V4 profile"),
]
# By how much colours may differ after they were converted both ways, in 0..1 of what the eye sees (sRGB's values).
_ROUNDING = {"U8": 0.0, "U16": 2e-4, "F16": 1e-3, "F32": 1e-4}
# Their profiles have no exact way back: Krita fits colours into what there is, each time.
_LOSSY = {"CMYKA": 0.15, "YCbCrA": 0.05}

_ROW = "{:7}{:5}{:36}{:12}{:13}{:>9}{:>9}{:>9}{:>10}"
_FLOATS = Space("RGBA", "F32", SRGB)


def appearance(data, space, width, height):
    """Height x width x 3, sRGB's values in 0..1."""
    data = CONVERTER.convert(data, width, height, space, _FLOATS)
    return pixels.array(data, _FLOATS, width, height)[..., :3].astype(np.float64)


def largest(values):
    return float(np.max(np.abs(values))) if values.size else 0.0


class Scene:
    """A document with a group in which a layer is partly off the canvas, and a feathered selection."""

    def __init__(self, test, space):
        self.space = space
        self.document = test.document(space)
        self.below = self.document.topLevelNodes()[0]
        self.below.setPixelData(QByteArray(native(colors(64, 48, 7), space)), 0, 0, 64, 48)
        self.group = test.add(self.document, self.document.createGroupLayer("Group"))
        self.layer = test.layer(self.document, colors(50, 40), -4, -3, alphas(50, 40), parent=self.group)
        self.above = test.layer(self.document, colors(8, 8, 3), 50, 36, name="Above")
        select(self.document, 8, 6, 30, 24, feather=5)
        self.document.refreshProjection()
        self.document.waitForDone()
        self.mask = np.frombuffer(self.document.selection().pixelData(0, 0, 64, 48), "u1").reshape(48, 64)

    def whole(self):
        """All that painting must not change: each layer's pixels, also off the canvas, and the document's facts."""
        document = self.document
        layers = [bytes_of(node) for node in (self.below, self.layer, self.above)]
        names = [node.name() for node in (*document.topLevelNodes(), *self.group.childNodes())]
        return layers, names, space_of(document), document.width(), document.height()

    def canvas(self):
        self.document.waitForDone()
        return pixels.array(bytes(self.document.pixelData(0, 0, 64, 48)), self.space, 64, 48)

    def painted(self, kind):
        """What is painted, as it is before."""
        if kind == "projection":
            return self.canvas()
        node = self.group if kind == "group" else self.layer
        return pixels.array(bytes(node.projectionPixelData(0, 0, 64, 48)), self.space, 64, 48)


class ColorModelsTest(DocumentsTest):
    """Every space, with the active layer, a group and all that is visible painted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.rows = []

    @classmethod
    def tearDownClass(cls):
        head = ("model", "depth", "profile", "painted", "travels as", "outside", "alpha", "seen", "stored")
        report(
            "Largest differences: of bytes outside; of alpha; of colours as the eye sees them (0..1) and as stored",
            *(_ROW.format(*row) for row in (head, *cls.rows)),
        )

    def check(self, scene, kind):
        document, space = scene.document, scene.space
        self.activate(document, scene.group if kind == "group" else scene.layer)
        active = document.activeNode()
        whole, canvas, source = scene.whole(), scene.canvas(), scene.painted(kind)
        target = open_target(document, "projection" if kind == "projection" else "layer")
        result = apply(document, target.place, Sent(target.pixels), target.mask, target.alpha, "Painted", 100)
        after = scene.canvas()

        # What was there is as it was, bit for bit, and what isn't selected looks so.
        layers, names, *facts = scene.whole()
        self.assertEqual([layers, *facts], [whole[0], *whole[2:]])
        self.assertEqual(sorted(names), sorted([*whole[1], "Painted"]))
        self.assertEqual(result.parentNode(), scene.group if kind == "layer" else document.rootNode())
        self.assertEqual(document.activeNode(), active)
        self.assertEqual(space_of(result), space)
        outside = scene.mask == 0
        self.assertEqual(after[outside].tobytes(), canvas[outside].tobytes())

        # The layer is transparent outside, and within has the source's alpha times the selection.
        around = pixels.array(bytes_of(result), space, 104, 88)
        expected = np.zeros((88, 104), around.dtype)
        alpha = source[..., -1].astype(np.float64) * scene.mask / 255
        expected[20:68, 20:84] = np.rint(alpha) if expected.dtype.kind == "u" else alpha
        by_alpha = largest(around[..., -1].astype(np.float64) - expected)
        self.assertEqual(around[..., -1].tobytes(), expected.tobytes())

        # It is painted with what was sent.
        got = around[20:68, 20:84]
        seen = got[..., -1] > 0
        self.assertGreater(np.count_nonzero(seen), 300)
        stored = largest((got[..., :-1].astype(np.float64) - source[..., :-1])[seen])
        looks = appearance(got.tobytes(), space, 64, 48) - appearance(source.tobytes(), space, 64, 48)
        look = largest(looks[seen])
        by_outside = largest(after[outside].astype(np.float64) - canvas[outside])
        cells = (f"{value:.2g}" for value in (by_outside, by_alpha, look, stored))
        self.rows.append((*space, kind, target.pixel_format, *cells))
        self.assertLessEqual(look, _LOSSY.get(space.model, _ROUNDING[space.depth]))

        # One step back, and one forth.
        painted = bytes_of(result)
        self.undo(document)
        self.assertEqual(scene.whole(), whole)
        self.assertEqual(scene.canvas().tobytes(), canvas.tobytes())
        self.redo(document)
        self.assertEqual(scene.canvas().tobytes(), after.tobytes())
        self.assertEqual(bytes_of(find_node(document, result.uniqueId().toString())), painted)
        self.undo(document)

    def check_all(self, model):
        for space in (space for space in SPACES if space.model == model):
            scene = Scene(self, space)
            for kind in ("layer", "group", "projection"):
                with self.subTest(space=space, painted=kind):
                    self.check(scene, kind)
            self.close(scene.document)

    def test_rgb(self):
        self.check_all("RGBA")

    def test_gray(self):
        self.check_all("GRAYA")

    def test_cmyk(self):
        self.check_all("CMYKA")

    def test_lab(self):
        self.check_all("LABA")

    def test_others(self):
        self.check_all("XYZA")
        self.check_all("YCbCrA")
