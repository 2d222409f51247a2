"""What tests of documents within Krita share."""

import os
import time
import unittest

import numpy as np
from krita import Krita, Selection
from PyQt5.QtCore import QByteArray
from PyQt5.QtWidgets import QApplication

from impasto_docker.document import pixels
from impasto_docker.document.apply import is_idle
from impasto_docker.document.converter import Converter
from impasto_docker.document.pixels import Space

SRGB = "sRGB-elle-V2-srgbtrc.icc"
DEFAULT = Space("RGBA", "U8", SRGB)
WIDTH, HEIGHT = 64, 48  # of a canvas


class Sent:
    """Pixels as the client hands out a result."""

    def __init__(self, values):
        self._values = values

    def to_numpy(self):
        return self._values[..., 0] if self._values.shape[-1] == 1 else self._values


def colors(width, height, seed=1):
    """A picture in sRGB, 0..1 in steps of 8 bits, whose colours every space of the tests can hold."""
    return np.random.default_rng(seed).integers(76, 179, (height, width, 3)).astype("f4") / 255


def alphas(width, height):
    """From nothing on the left to all on the right: hidden, in between and opaque."""
    return np.broadcast_to(np.clip(np.linspace(-0.3, 1.3, width, dtype=np.float32), 0, 1), (height, width))


CONVERTER = Converter()  # as long as Krita runs: to make its document takes longer than most tests


def native(values, space, alpha=None):
    """A picture in sRGB as bytes of a space, with alpha (0..1)."""
    height, width = values.shape[:2]
    data, travels = pixels.from_travel(values)
    data = CONVERTER.convert(data, width, height, travels, space)
    found = pixels.array(data, space, width, height).copy()
    if alpha is not None:
        found[..., -1] = pixels.at_depth(alpha, "F32", space.depth)
    return found.tobytes()


def bytes_of(thing, x=-20, y=-20, width=WIDTH + 40, height=HEIGHT + 40):
    """A layer's or document's pixels, with what is around the canvas."""
    return bytes(thing.pixelData(x, y, width, height))


def select(document, x, y, width, height, feather=0):
    selection = Selection()
    selection.select(x, y, width, height, 255)
    if feather:
        selection.feather(feather)
    document.setSelection(selection)


def report(*lines):
    """Adds to what is printed at the end of the tests."""
    with open(os.environ["IMPASTO_TEST_REPORT"], "a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in ("", *lines))


class DocumentsTest(unittest.TestCase):
    """Documents in Krita's window, closed after each test."""

    @classmethod
    def setUpClass(cls):
        cls.krita = Krita.instance()
        cls.window = (cls.krita.windows() or [cls.krita.openWindow()])[0]

    def setUp(self):
        self.documents = []

    def tearDown(self):
        for document in self.documents:
            self.close(document)

    def document(self, space=DEFAULT, width=WIDTH, height=HEIGHT):
        return self.show(self.krita.createDocument(width, height, "Test", *space, 72.0))

    def show(self, document):
        """In the window, with an active layer, until the end of the test."""
        self.documents.append(document)
        self.window.addView(document)
        self.wait(lambda: document.activeNode() is not None)
        return document

    def wait(self, condition, seconds=10):
        end = time.monotonic() + seconds
        while not condition():
            self.assertLess(time.monotonic(), end, "Krita doesn't get there")
            QApplication.processEvents()

    def activate(self, document, node):
        document.setActiveNode(node)
        self.wait(lambda: document.activeNode() == node)

    def close(self, document):
        if document.rootNode() is not None:
            document.setModified(False)
            document.close()
            QApplication.processEvents()

    def add(self, document, node, parent=None):
        """Adds a layer on top; it is the active one then."""
        (parent or document.rootNode()).addChildNode(node, None)
        self.wait(lambda: document.activeNode() == node)
        document.waitForDone()
        return node

    def layer(self, document, values, x=0, y=0, alpha=None, name="Layer", parent=None):
        """A new layer with a picture in sRGB."""
        height, width = values.shape[:2]
        space = Space(document.colorModel(), document.colorDepth(), document.colorProfile())
        node = document.createNode(name, "paintlayer")
        node.setPixelData(QByteArray(native(values, space, alpha)), x, y, width, height)
        return self.add(document, node, parent)

    def undo(self, document):
        self.step(document, "edit_undo")

    def redo(self, document):
        self.step(document, "edit_redo")

    def step(self, document, name):
        self.wait(lambda: is_idle(document))
        self.krita.action(name).trigger()
        document.waitForDone()
