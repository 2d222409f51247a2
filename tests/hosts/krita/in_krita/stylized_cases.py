"""Documents that a real server paints, within Krita: once so that it has to change nothing, and once in earnest."""

import os

import numpy as np
from documents_kit import CONVERTER, DEFAULT, HEIGHT, WIDTH, DocumentsTest, bytes_of, colors, report, select

import impasto
import impasto_docker  # noqa: F401  # knows where the client is
from impasto_docker.document import pixels
from impasto_docker.document.apply import apply
from impasto_docker.document.pixels import Space
from impasto_docker.document.target import open_target

_SPACES = (
    DEFAULT,
    Space("RGBA", "U16", "ClayRGB-elle-V2-g22.icc"),
    Space("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
    Space("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc"),
    Space("GRAYA", "F16", "Gray-D50-elle-V2-g10.icc"),
)
_FLOATS = Space("RGBA", "F32", DEFAULT.profile)
# Where the photograph's weight is all, the picture that the optimizer starts from is the best: the original.
_SAME = impasto.Recipe(content_weight=1e6, style_weight=1e-12, iterations=1, max_size=64)
_OTHER = impasto.Recipe(iterations=5, max_size=64)
_MOST = 0.004  # of 0..1: a step of 8 bits


class StylizedTest(DocumentsTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.client = impasto.Client(os.environ["IMPASTO_TEST_SERVER"])
        cls.addClassCleanup(cls.client.close)

    def paint(self, document, recipe):
        target = open_target(document, "layer")
        height, width = target.pixels.shape[:2]
        sent = impasto.RawPixels(target.pixels.tobytes(), target.pixel_format, width, height)
        output = impasto.OutputOptions(format="raw", size="original", pixel_format=target.pixel_format)
        result = self.client.stylize(sent, os.environ["IMPASTO_TEST_STYLE"], recipe=recipe, output=output)
        return apply(document, target.place, result.picture, target.mask, target.alpha, "Painted")

    def looks(self, node, space):
        """What the eye sees of a layer on the canvas, 0..1, and where it is there at all."""
        data = CONVERTER.convert(node.pixelData(0, 0, WIDTH, HEIGHT), WIDTH, HEIGHT, space, _FLOATS)
        values = pixels.array(bytes(data), _FLOATS, WIDTH, HEIGHT)
        return values[..., :3].astype(np.float64), values[..., 3] > 0

    def test_spaces(self):
        lines = []
        for space in _SPACES:
            with self.subTest(space=space):
                document = self.document(space)
                layer = self.layer(document, colors(WIDTH, HEIGHT))
                select(document, 8, 6, 40, 32, feather=4)
                before = bytes_of(layer)
                was, _ = self.looks(layer, space)
                same, seen = self.looks(self.paint(document, _SAME), space)
                self.undo(document)
                kept = float(np.abs(same - was)[seen].max())
                self.assertLess(kept, _MOST)
                painted, seen = self.looks(self.paint(document, _OTHER), space)
                changed = float(np.abs(painted - was)[seen].max())
                self.assertGreater(changed, 0.02)
                self.assertEqual(bytes_of(layer), before)
                lines.append(f"{space.model:7}{space.depth:5}{space.profile:29}{kept:>10.2g}{changed:>10.2g}")
                self.close(document)
        report(
            "By how much colours (0..1) differ after a server painted them, at most: to keep all as it is, in earnest",
            f"{'model':7}{'depth':5}{'profile':29}{'as it is':>10}{'painted':>10}",
            *lines,
        )
