"""brush_strokes.py: the picture is reproducible, has the size asked for, and is painted all over."""

import os
import subprocess
import sys
import tempfile
import unittest

import numpy as np
from PIL import Image

SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../examples/pictures/brush_strokes.py")


def draw(folder, *arguments):
    out = os.path.join(folder, "out.png")
    subprocess.run([sys.executable, SCRIPT, out, *arguments], check=True)
    with Image.open(out) as picture:
        assert picture.mode == "RGB"
        return np.asarray(picture)


class BrushStrokesTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_the_picture(self):
        first = draw(self.folder.name, "--size", "128")
        self.assertEqual(first.shape, (128, 128, 3))
        with self.subTest("the same arguments make the same pixels"):
            np.testing.assert_array_equal(draw(self.folder.name, "--size", "128"), first)
        with self.subTest("another seed makes another picture"):
            self.assertFalse(np.array_equal(draw(self.folder.name, "--size", "128", "--seed", "8"), first))
        with self.subTest("no part is left unpainted"):
            tiles = (
                first.astype(float).mean(axis=2).reshape(8, 16, 8, 16).transpose(0, 2, 1, 3).reshape(64, -1)
            )
            self.assertGreater(tiles.std(axis=1).min(), 4)

    def test_a_bad_size_is_refused(self):
        out = os.path.join(self.folder.name, "none.png")
        run = subprocess.run([sys.executable, SCRIPT, out, "--size", "63"], capture_output=True, text=True)
        self.assertEqual(run.returncode, 2)
        self.assertIn("--size: 64..4096", run.stderr)
        self.assertFalse(os.path.exists(out))


if __name__ == "__main__":
    unittest.main()
