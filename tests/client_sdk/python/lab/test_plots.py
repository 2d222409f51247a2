"""Plots of losses."""

from __future__ import annotations

import re
import tempfile
import unittest
import warnings
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from impasto.lab import plots
from impasto.lab.errors import UsageError
from impasto.lab.losses import Losses, Row

LOSSES = Losses(
    ["content.block4_conv2", "style.block1_conv1"],
    [
        Row(1, 9.0, 0.0, 9.0, 0.1, 0, "", (0.0, 9.0)),
        Row(2, 5.0, 1.0, 4.0, 0.2, 0, "", (1.0, 4.0)),
        Row(3, 8.0, 1.0, 7.0, 0.3, 1, "", (1.0, 7.0)),
        Row(4, 3.0, 1.0, 2.0, 0.4, 1, "style_weight=0.02", (1.0, 2.0)),
        Row(5, 2.0, 1.0, 1.0, 0.5, 1, "", (1.0, 1.0)),
    ],
)


class LossesFigureTest(unittest.TestCase):
    def test_one_run_has_its_parts_and_its_layers(self) -> None:
        figure = plots.losses_figure([plots.Curve("run", LOSSES)])
        self.assertEqual(
            [axes.get_title(loc="left") for axes in figure.axes],
            ["run", "Content layers, unweighted", "Style layers, unweighted"],
        )
        curves = [line for line in figure.axes[0].lines if not line.get_label().startswith("_")]
        self.assertEqual([line.get_label() for line in curves], ["total", "content", "style"])
        self.assertTrue(all(axes.get_yscale() == "log" for axes in figure.axes))

    def test_without_layers_it_has_one_panel(self) -> None:
        self.assertEqual(len(plots.losses_figure([plots.Curve("run", LOSSES)], layers=False).axes), 1)

    def test_lines_break_at_levels_and_changes(self) -> None:
        total = plots.losses_figure([plots.Curve("run", LOSSES)]).axes[0].lines[0]
        values = ["-" if y != y else y for y in total.get_ydata()]
        self.assertEqual(values, [9.0, 5.0, "-", 8.0, "-", 3.0, 2.0])

    def test_marks_say_what_happened(self) -> None:
        axes = plots.losses_figure([plots.Curve("run", LOSSES)]).axes[0]
        self.assertEqual([text.get_text() for text in axes.texts], ["level 2", "style_weight=0.02"])
        marks = [line for line in axes.lines if line.get_label().startswith("_")]
        self.assertEqual(
            [(next(iter(line.get_xdata())), line.get_linestyle()) for line in marks], [(2.5, "--"), (3.5, ":")]
        )

    def test_several_runs_share_three_panels(self) -> None:
        figure = plots.losses_figure([plots.Curve("a", LOSSES), plots.Curve("b", LOSSES)])
        titles = [axes.get_title(loc="left") for axes in figure.axes]
        self.assertEqual(titles, ["Total loss", "Content loss", "Style loss", ""])
        self.assertEqual([text.get_text() for text in figure.axes[3].get_legend().get_texts()], ["a", "b"])

    def test_long_names_leave_room_for_the_curves(self) -> None:
        curves = [plots.Curve(f"{n} " + "style_layers block1_conv1:0.002+" * 6, LOSSES) for n in range(8)]
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message="constrained_layout")
            figure = plots.losses_figure(curves)
            plots.to_svg(figure, "p")
        self.assertGreater(figure.axes[0].get_position().width, 0.2)
        labels = [text.get_text() for text in figure.axes[3].get_legend().get_texts()]
        self.assertEqual([len(label) for label in labels], [120] * 8)


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_the_ending_chooses_the_format(self) -> None:
        for name, start in (("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")):
            with self.subTest(name=name):
                plots.save(plots.losses_figure([plots.Curve("run", LOSSES)]), self.folder / name)
                self.assertTrue((self.folder / name).read_bytes().startswith(start))

    def test_another_ending_is_refused(self) -> None:
        with self.assertRaises(UsageError) as raised:
            plots.check_ending(Path("a.gif"))
        self.assertEqual(raised.exception.message, "a.gif: its ending has to be one of .png, .svg, .pdf")

    def test_the_same_losses_give_the_same_file(self) -> None:
        for name in ("a.svg", "b.svg"):
            plots.save(plots.losses_figure([plots.Curve("run", LOSSES)]), self.folder / name)
        self.assertEqual((self.folder / "a.svg").read_bytes(), (self.folder / "b.svg").read_bytes())


class ToSvgTest(unittest.TestCase):
    def setUp(self) -> None:
        self.svg = plots.to_svg(plots.losses_figure([plots.Curve("run", LOSSES)], themed=True), "p1")

    def test_is_one_element_without_a_size_of_its_own(self) -> None:
        root = ElementTree.fromstring(self.svg)
        self.assertEqual(root.tag, "svg")
        self.assertIn("viewBox", root.attrib)
        self.assertNotIn("width", root.attrib)

    def test_follows_the_pages_theme(self) -> None:
        self.assertTrue("currentColor" in self.svg)
        self.assertTrue("var(--rule)" in self.svg)
        self.assertFalse("#010203" in self.svg)
        self.assertFalse("DejaVu" in self.svg)
        self.assertFalse("<style" in self.svg)

    def test_its_ids_are_its_own(self) -> None:
        ids = re.findall(r'\bid="([^"]+)"', self.svg)
        self.assertTrue(ids)
        self.assertEqual([name for name in ids if not name.startswith("p1-")], [])
        used = set(re.findall(r'href="#([^"]+)"', self.svg)) | set(re.findall(r"url\(#([^)]+)\)", self.svg))
        self.assertLessEqual(used, set(ids))

    def test_points_nowhere(self) -> None:
        self.assertFalse("http" in self.svg)


if __name__ == "__main__":
    unittest.main()
