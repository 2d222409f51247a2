#!/usr/bin/env python3
"""Somebody draws in the real Krita while previews and a painting arrive. Environment: as krita_bench.py."""

import unittest

from krita_bench import Bench, Screen, wait_for

_WIDTH, _HEIGHT = 700, 500

_OPEN = """
import numpy as np
from impasto_docker.document.apply import apply, is_idle
from impasto_docker.document.preview_layer import PreviewLayer
from impasto_docker.document.target import open_target

class Sent:
    def __init__(self, values):
        self.to_numpy = lambda: values

def shade(value):
    return Sent(np.full((50, 70, 3), value, "u1"))

def canvas():
    seen = [widget for widget in Krita.instance().activeWindow().qwindow().findChildren(QtWidgets.QWidget)
            if widget.metaObject().className() in ("KisOpenGLCanvas2", "KisQPainterCanvas") and widget.isVisible()]
    middle = seen[0].mapToGlobal(seen[0].rect().center()) if seen else None
    return middle and [middle.x(), middle.y()]

document = Krita.instance().createDocument(width, height, "Drawing", "RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc", 72.0)
Krita.instance().activeWindow().addView(document)
sheet = document.createNode("Sheet", "paintlayer")
document.rootNode().addChildNode(sheet, None)
"""
_NAMES = "[node.name() for node in document.topLevelNodes()]"
_CANVAS = "bytes(document.pixelData(0, 0, width, height)).hex()"


class DrawingTest(unittest.TestCase):
    def setUp(self):
        self.screen = self.enterContext(Screen())
        bench = self.enterContext(Bench())
        self.window = self.enterContext(bench.krita().open(self.screen))
        self.window.script(_OPEN, width=_WIDTH, height=_HEIGHT)
        self.x, self.y = self.window.wait_until("canvas()", "the canvas is there")
        self.wait_until("document.activeNode() == sheet and is_idle(document)")
        self.window.script("target = open_target(document, 'projection')")

    def ask(self, expression):
        return self.window.script(f"answer = {expression}")

    def wait_until(self, expression):
        return self.window.wait_until(expression, expression)

    def start_to_draw(self, y):
        """Leaves the pen on the canvas once Krita draws."""
        self.screen.press(self.x - 60, self.y + y)

        def drawn():
            self.screen.move(self.x - 50, self.y + y)
            self.screen.move(self.x, self.y + y)
            return not self.ask("is_idle(document)")

        wait_for(drawn, "Krita draws")

    def lift_the_pen(self):
        self.screen.release()
        self.wait_until("is_idle(document)")

    def undo(self):
        self.screen.key("ctrl+z")

    def test_a_stroke_goes_on_while_previews_arrive(self):
        self.window.script("layer = PreviewLayer(target.place, target.mask, target.alpha, 100)")
        self.wait_until("layer.show(shade(10), 'Preview')")
        self.wait_until("document.activeNode() == sheet")
        self.start_to_draw(0)
        for value in range(20, 40):
            self.assertFalse(self.ask(f"layer.show(shade({value}), 'Preview')"))
            self.screen.move(self.x + 3 * value, self.y)
        self.lift_the_pen()
        width = self.ask("sheet.bounds().width()")
        self.assertGreater(width, 100)  # it reached from where it began to where it was lifted
        self.wait_until("layer.show(shade(50), 'Preview')")
        self.assertEqual(self.ask("document.activeNode().name()"), "Sheet")
        self.undo()
        self.wait_until("sheet.bounds().width() == 0")
        self.assertEqual(self.ask(_NAMES), ["Background", "Sheet", "Preview"])

    def test_one_ctrl_z_takes_the_painting_away_and_one_more_the_stroke(self):
        empty = self.ask(_CANVAS)
        self.start_to_draw(30)
        self.lift_the_pen()
        drawn = self.ask(_CANVAS)
        self.assertNotEqual(drawn, empty)
        self.window.script(
            "apply(document, target.place, Sent(target.pixels // 2), target.mask, target.alpha, 'Painted')"
        )
        self.wait_until("document.activeNode() == sheet and is_idle(document)")
        self.assertEqual(self.ask(_NAMES), ["Background", "Sheet", "Painted"])
        self.assertNotEqual(self.ask(_CANVAS), drawn)
        self.undo()
        self.wait_until(f"is_idle(document) and {_NAMES} == ['Background', 'Sheet']")
        self.assertEqual(self.ask(_CANVAS), drawn)
        self.undo()
        self.wait_until("is_idle(document) and sheet.bounds().width() == 0")
        self.assertEqual(self.ask(_CANVAS), empty)

    def tearDown(self):
        self.window.script("document.setModified(False)")


if __name__ == "__main__":
    unittest.main()
