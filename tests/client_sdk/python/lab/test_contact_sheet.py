"""Contact sheets."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path

from fake_client import picture
from impasto.lab import contact_sheet
from impasto.lab.contact_sheet import Tile
from impasto.lab.variants import Axis
from PIL import Image

A = Axis("style_weight", ("1", "2"))
B = Axis("iterations", ("10", "20", "30"))
C = Axis("seed", ("7", "8"))


def tile(**values: str) -> Tile:
    return Tile(values, " ".join(values.values()), None, "why not")


class ArrangeTest(unittest.TestCase):
    def test_two_axes_are_rows_and_columns(self) -> None:
        tiles = [tile(style_weight=a, iterations=b) for a in A.values for b in B.values]
        (block,) = contact_sheet.arrange(tiles, [A, B])
        self.assertEqual((block.row_field, block.rows), ("style_weight", ("1", "2")))
        self.assertEqual((block.column_field, block.columns), ("iterations", ("10", "20", "30")))
        self.assertEqual(
            [[t.label for t in row if t] for row in block.tiles], [["1 10", "1 20", "1 30"], ["2 10", "2 20", "2 30"]]
        )

    def test_more_axes_are_blocks(self) -> None:
        tiles = [tile(seed=c, style_weight=a, iterations=b) for c in C.values for a in A.values for b in B.values]
        blocks = contact_sheet.arrange(tiles, [C, A, B])
        self.assertEqual([block.title for block in blocks], ["seed 7", "seed 8"])
        self.assertEqual(blocks[1].tiles[1][2], tile(seed="8", style_weight="2", iterations="30"))

    def test_one_axis_or_a_list_is_in_reading_order(self) -> None:
        tiles = [tile(seed=str(n)) for n in range(5)]
        (block,) = contact_sheet.arrange(tiles, [Axis("seed", tuple("01234"))])
        self.assertEqual([[t.label for t in row if t] for row in block.tiles], [["0", "1", "2"], ["3", "4"]])
        self.assertTrue(block.captions)


class DrawTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def count(self, sheet: Image.Image, color: tuple[int, int, int]) -> int:
        return sum(pixel == color for pixel in sheet.getdata())

    def test_every_picture_is_on_it_whole(self) -> None:
        red = picture(self.folder / "red.png", "#ff0000", (60, 40))
        green = picture(self.folder / "green.png", "#00ff00", (60, 40))
        tiles = [
            Tile({"a": "1", "b": "1"}, "", red),
            Tile({"a": "1", "b": "2"}, "", green),
            Tile({"a": "2", "b": "1"}, "", green),
            Tile({"a": "2", "b": "2"}, "", None, "INTERNAL: words"),
        ]
        blocks = contact_sheet.arrange(tiles, [Axis("a", ("1", "2")), Axis("b", ("1", "2"))])
        sheet = contact_sheet.draw_sheet("Title", blocks)
        self.assertEqual(self.count(sheet, (255, 0, 0)), 60 * 40)
        self.assertEqual(self.count(sheet, (0, 255, 0)), 2 * 60 * 40)

    def test_a_sheet_without_any_picture_can_be_drawn(self) -> None:
        sheet = contact_sheet.draw_sheet("Title", contact_sheet.arrange([tile(seed="1")], [Axis("seed", ("1",))]))
        self.assertGreater(sheet.width, 300)

    def test_large_pictures_are_reduced(self) -> None:
        wide = picture(self.folder / "wide.png", "#0000ff", (1536, 384))
        (block,) = contact_sheet.arrange([Tile({}, "one", wide)], [])
        self.assertEqual(self.count(contact_sheet.draw_sheet("T", [block]), (0, 0, 255)), 384 * 96)

    def test_transparent_and_16_bit_pictures_are_on_white(self) -> None:
        clear = contact_sheet.on_white(Image.new("RGBA", (2, 2), (255, 0, 0, 0)))
        self.assertEqual(clear.getpixel((0, 0)), (255, 255, 255))
        grey = Image.new("I;16", (2, 2), 65535)
        self.assertEqual(contact_sheet.on_white(grey).getpixel((0, 0)), (255, 255, 255))


if __name__ == "__main__":
    unittest.main()
