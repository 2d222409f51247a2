"""Previews on the canvas, within Krita."""

import statistics
import time

import numpy as np
from documents_kit import DEFAULT, DocumentsTest, Sent, alphas, bytes_of, colors, report, select
from PyQt5.QtWidgets import QApplication

from impasto_docker.document import pixels
from impasto_docker.document.apply import apply, is_idle
from impasto_docker.document.pixels import Space
from impasto_docker.document.preview_layer import PreviewLayer
from impasto_docker.document.target import open_target

_SIDE = 512
_PREVIEWS = 30
_MEASURED = (
    DEFAULT,
    Space("RGBA", "U16", DEFAULT.profile),
    Space("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
    Space("GRAYA", "U8", "Gray-D50-elle-V2-srgbtrc.icc"),
)


def preview(shade, side=32):
    return Sent(np.full((side, side, 3), shade, "u1"))


class PreviewsTest(DocumentsTest):
    def setUp(self):
        super().setUp()
        self.now = 0.0
        self.doc = self.document()
        self.node = self.layer(self.doc, colors(40, 30), 6, 8, alphas(40, 30))
        select(self.doc, 10, 10, 30, 24, feather=3)
        self.target = open_target(self.doc, "layer")
        self.wait(lambda: is_idle(self.doc))
        self.before = self.names(), self.canvas()
        self.layer_on_canvas = self.make(self.target)

    def make(self, target, opacity=100):
        return PreviewLayer(target.place, target.mask, target.alpha, opacity, lambda: self.now)

    def names(self):
        return [node.name() for node in self.doc.topLevelNodes()]

    def canvas(self):
        self.doc.waitForDone()
        return bytes(self.doc.pixelData(0, 0, self.doc.width(), self.doc.height()))

    def show(self, shade):
        self.now += 10
        self.wait(lambda: is_idle(self.doc))
        return self.layer_on_canvas.show(preview(shade), "Preview")

    def preview_node(self):
        return next(node for node in self.doc.topLevelNodes() if node.name() == "Preview")

    def shown(self):
        """The one colour of a preview, and its alpha."""
        place = self.target.place
        data = bytes(self.preview_node().pixelData(place.x, place.y, place.width, place.height))
        values = pixels.array(data, DEFAULT, place.width, place.height)
        colors_seen = np.unique(values[values[..., 3] > 0][:, :3])
        return colors_seen.tolist(), values[..., 3]

    def test_is_one_step_from_the_first_preview_to_the_painting(self):
        active = self.doc.activeNode()
        for shade in (10, 100, 200):
            self.assertTrue(self.show(shade))
            self.assertEqual(self.shown()[0], [shade])
            self.assertEqual(self.doc.activeNode(), active)
        finished = self.layer_on_canvas.finish(Sent(self.target.pixels), "Painted")
        self.assertEqual(finished.name(), "Painted")
        painted, picture = bytes_of(finished), self.canvas()
        self.undo(self.doc)
        self.assertEqual((self.names(), self.canvas()), self.before)
        target = self.target
        applied = apply(self.doc, target.place, Sent(target.pixels), target.mask, target.alpha, "Painted")
        self.assertEqual(bytes_of(applied), painted)
        self.assertEqual(self.canvas(), picture)

    def test_has_the_alpha_of_the_painting(self):
        self.show(70)
        alpha = self.shown()[1]
        finished = self.layer_on_canvas.finish(Sent(self.target.pixels), "Preview")
        self.assertEqual(finished.name(), "Preview")
        np.testing.assert_array_equal(self.shown()[1], alpha)
        self.assertGreater(len(np.unique(alpha)), 20)

    def test_removed_it_leaves_all_as_it_was(self):
        self.show(10)
        self.show(20)
        self.layer(self.doc, colors(20, 20, 4), name="Mine")
        self.layer_on_canvas.remove()
        self.doc.waitForDone()
        self.assertEqual(sorted(self.names()), sorted([*self.before[0], "Mine"]))
        for _ in range(3):  # it was removed, "Mine" added, it was added
            self.undo(self.doc)
        self.assertEqual((self.names(), self.canvas()), self.before)

    def test_stays_away_where_the_user_takes_it_away(self):
        self.show(10)
        self.undo(self.doc)
        self.assertFalse(self.show(20))
        self.assertEqual((self.names(), self.canvas()), self.before)
        self.assertIsNone(self.layer_on_canvas.finish(Sent(self.target.pixels), "Painted"))
        self.layer_on_canvas.remove()
        self.assertEqual((self.names(), self.canvas()), self.before)

    def test_goes_where_the_user_moves_it(self):
        self.show(10)
        place = self.target.place
        self.preview_node().move(5, -3)
        self.show(20)
        x, y, width, height = self.preview_node().bounds().getRect()
        data = bytes(self.preview_node().pixelData(place.x + 5, place.y - 3, place.width, place.height))
        values = pixels.array(data, DEFAULT, place.width, place.height)
        self.assertEqual(np.unique(values[values[..., 3] > 0][:, :3]).tolist(), [20])
        self.assertTrue(place.x + 5 <= x and place.y - 3 <= y and width <= place.width and height <= place.height)

    def test_a_closed_document_is_left_alone(self):
        self.show(10)
        self.close(self.doc)
        self.now += 10
        self.assertFalse(self.layer_on_canvas.show(preview(20), "Preview"))
        self.assertIsNone(self.layer_on_canvas.finish(Sent(self.target.pixels), "Painted"))
        self.layer_on_canvas.remove()

    def test_at_most_ten_a_second(self):
        self.assertTrue(self.show(10))
        self.now += 0.09
        self.assertFalse(self.layer_on_canvas.show(preview(20), "Preview"))
        self.now += 0.011
        self.wait(lambda: is_idle(self.doc))
        self.assertTrue(self.layer_on_canvas.show(preview(20), "Preview"))

    def test_what_takes_long_comes_less_often(self):
        ticks = iter((0.0, 0.0, 100.0, 100.5, 104.9, 105.1, 105.2))
        target = self.target
        layer = PreviewLayer(target.place, target.mask, target.alpha, 100, lambda: next(ticks))
        self.assertTrue(layer.show(preview(10), "Preview"))
        self.wait(lambda: is_idle(self.doc))
        # The second takes half a second.
        self.assertEqual([layer.show(preview(20), "Preview") for _ in range(3)], [True, False, True])


class CostTest(DocumentsTest):
    """What a preview of 512 x 512 pixels takes of Krita's own thread. Times are told, not judged: machines differ."""

    def measure(self, space):
        """Milliseconds of each preview, and of what Krita takes of it to compose the picture anew."""
        document = self.document(space, _SIDE, _SIDE)
        target = open_target(document, "projection")
        now = [0.0]
        layer = PreviewLayer(target.place, target.mask, target.alpha, 100, lambda: now[0])
        taken, composing = [], []
        for count in range(_PREVIEWS + 1):
            picture = Sent(np.random.default_rng(count).integers(0, 256, (_SIDE, _SIDE, 3), "u1"))
            self.wait(lambda: is_idle(document))
            started = time.perf_counter()
            self.assertTrue(layer.show(picture, "Preview"))
            taken.append((time.perf_counter() - started) * 1000)
            self.wait(lambda: is_idle(document))
            started = time.perf_counter()
            document.refreshProjection()
            composing.append((time.perf_counter() - started) * 1000)
            now[0] += 10
            QApplication.processEvents()
        self.close(document)
        return taken, composing

    def test_cost(self):
        lines = []
        for space in _MEASURED:
            (first, *others), (_, *composing) = self.measure(space)
            self.assertEqual(len(others), _PREVIEWS)
            figures = [first]
            for times in (others, composing):
                figures += [statistics.median(times), statistics.quantiles(times, n=20)[-1]]
            lines.append(f"{space.model:6}{space.depth:5}" + "".join(f"{figure:>10.1f}" for figure in figures))
        report(
            f"A preview of {_SIDE} x {_SIDE} pixels on the canvas, {_PREVIEWS} times: milliseconds of Krita's own "
            "thread; and of it what Krita takes to compose the picture",
            f"{'model':6}{'depth':5}{'the first':>10}{'median':>10}{'95 %':>10}{'Krita':>10}{'95 %':>10}",
            *lines,
        )
