"""What would be painted, in words; cheap enough to be asked now and then."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from PyQt5.QtCore import QRect

if TYPE_CHECKING:
    from krita import Document


class Outline(NamedTuple):
    """Of what would be painted.

    Attributes:
        words: "Paints the selection, 400 x 300".
        width: pixels; 0: nothing would be painted.
        height: the same.
    """

    words: str
    width: int
    height: int


def outline(document: Document | None, source: str) -> Outline:
    """What would be painted of a document, as far as can be told without its pixels. `source`: as of Settings."""
    if document is None or document.rootNode() is None:
        return Outline("No picture is open", 0, 0)
    canvas = QRect(0, 0, document.width(), document.height())
    selection, node = document.selection(), document.activeNode()
    if selection is not None:
        area = canvas & QRect(selection.x(), selection.y(), selection.width(), selection.height())
        what = "the selection"
    elif source == "layer" and node is not None:
        area, what = canvas & node.bounds(), f'"{node.name()}"'
    else:
        area, what = canvas, "everything visible"
    if area.isEmpty():
        return Outline("There is nothing to paint here", 0, 0)
    size = f"{area.width()} \N{MULTIPLICATION SIGN} {area.height()}"
    if selection is not None and source == "layer" and node is not None:
        what += f' of "{node.name()}"'
    return Outline(f"Paints {what}, {size}", area.width(), area.height())
