"""A picture is painted in the real Krita, through everything that there is but the docker's own widgets."""

import os

import impasto_docker  # registers the docker, and knows where the client is
import numpy as np
from documents_kit import DEFAULT, HEIGHT, WIDTH, DocumentsTest, bytes_of, colors, select
from impasto_docker.core.session import Folders, Session
from impasto_docker.core.settings import Settings, Style
from impasto_docker.document import pixels
from impasto_docker.document.apply import apply
from impasto_docker.document.target import open_target

import impasto


class SmokeTest(DocumentsTest):
    def test_a_selection_is_painted_as_a_new_layer(self):
        self.assertIn("impasto_docker", impasto.__file__, impasto_docker.__file__)
        session = Session(Folders.of_user(), lambda what: None)
        self.addCleanup(session.close)
        self.wait(lambda: session.status().light == "ready", 60)
        document = self.document()
        layer = self.layer(document, colors(WIDTH, HEIGHT))
        select(document, 4, 5, 40, 32)
        before, seen = bytes_of(layer), bytes_of(document)
        style = Style("file", os.environ["IMPASTO_TEST_STYLE"], "Starry Night")
        target = open_target(document, "layer")
        height, width = target.pixels.shape[:2]
        painting = session.start(
            impasto.RawPixels(target.pixels.tobytes(), target.pixel_format, width, height),
            None,
            Settings(style, quality="iterations", iterations=3, size=64),
            target.place,
            {"mask": target.mask} if target.mask is not None else {},
        )
        self.wait(lambda: session.item(painting).phase in ("done", "failed"), 60)
        self.assertEqual("done", session.item(painting).phase, session.item(painting))
        painted = apply(document, target.place, session.result(painting), target.mask, target.alpha, "Painted")
        document.waitForDone()

        self.assertEqual(before, bytes_of(layer))
        self.assertEqual((4, 5, 40, 32), painted.bounds().getRect())
        after = self.canvas(bytes_of(document))
        changed = (after != self.canvas(seen)).any(-1)
        rows, columns = np.nonzero(changed)
        self.assertTrue(rows.min() >= 5 and rows.max() < 37 and columns.min() >= 4 and columns.max() < 44)
        self.assertGreater(changed.sum(), 40 * 32 * 9 // 10)
        self.assertEqual(3, session.item(painting).live.iteration)
        self.undo(document)
        self.assertEqual(seen, bytes_of(document))

    def canvas(self, data):
        return pixels.array(data, DEFAULT, WIDTH + 40, HEIGHT + 40)[20:-20, 20:-20]
