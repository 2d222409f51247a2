"""What is painted: the active layer or group, or all that can be seen, within the selection."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt5.QtCore import QRect

from impasto_docker.core.history import Place
from impasto_docker.document import pixels
from impasto_docker.document.converter import Converter
from impasto_docker.document.find import document_id
from impasto_docker.document.pixels import Space

if TYPE_CHECKING:
    from krita import Document, Node

_SMALLEST_SIDE = 16
_LARGEST_SIDE = 30000
_MOST_BYTES = 256 << 20

_MASKED = "A mask of the layer is active. Choose the layer itself in the Layers docker, then paint."
_OTHER_KIND = (
    "{kind} can't be painted by itself. Choose a paint layer or a group in the Layers docker, "
    "or paint everything that is visible."
)
_KINDS = {
    "vectorlayer": "A vector layer",
    "filterlayer": "A filter layer",
    "filllayer": "A fill layer",
    "clonelayer": "A clone layer",
    "filelayer": "A file layer",
}


class Refusal(Exception):
    """Nothing can be painted now. As text: why, and what to do."""


@dataclass(frozen=True)
class Target:
    """What is sent, and what is kept until the painting comes back.

    Attributes:
        place: where it is from.
        pixels: height x width x channels, uint8, uint16 or float32, in sRGB; alpha straight, where not all is opaque.
        pixel_format: their layout, by the client's name for it: "rgb8".
        mask: the selection, a byte a pixel; None: all is selected, wholly.
        alpha: of what is painted, at the document's depth; None: all is opaque.
    """

    place: Place
    pixels: pixels.Array = field(repr=False)
    pixel_format: str
    mask: bytes | None = field(repr=False)
    alpha: bytes | None = field(repr=False)


def space_of(thing: Document | Node) -> Space:
    """The colour space of a document or a layer."""
    return Space(thing.colorModel(), thing.colorDepth(), thing.colorProfile())


def document_name(document: Document) -> str:
    """For people: its file's name, or its title."""
    return Path(document.fileName()).name or document.name() or "Unnamed"


def open_target(document: Document | None, source: str) -> Target:
    """What there is to paint: the visible part, on the canvas, of what is selected.

    Args:
        document: the active one.
        source: "layer": the active layer or group as it looks, its masks included; "projection": everything visible.

    Raises:
        Refusal: there is nothing to paint.
    """
    if document is None or document.rootNode() is None:
        raise Refusal("No picture is open. Open or create one, then paint.")
    node = _active_layer(document) if source == "layer" else None
    document.waitForDone()
    area, selection = _selected(document)
    space = space_of(node or document)
    read = node.projectionPixelData if node is not None else document.pixelData
    alpha = _alpha(read, space, area)
    seen = alpha > 0 if selection is None else (alpha > 0) & (selection > 0)
    found = pixels.box(seen)
    if found is None:
        raise Refusal(_nothing(node, selection is not None))
    x, y, width, height = found
    part = (slice(y, y + height), slice(x, x + width))
    area = QRect(area.x() + x, area.y() + y, width, height)
    travels = _travel_pixels(read, space, area)
    mask = None if selection is None or (selection[part] == 255).all() else selection[part]
    kept = None if (alpha[part] == pixels.opaque(space.depth)).all() else alpha[part]
    if kept is not None:
        kept = pixels.at_depth(kept, space.depth, document.colorDepth())
    return Target(
        place=_place(document, node, source, area, mask is not None),
        pixels=travels,
        pixel_format=pixels.travel_format(travels),
        mask=None if mask is None else mask.tobytes(),
        alpha=None if kept is None else kept.tobytes(),
    )


def _active_layer(document: Document) -> Node:
    node = document.activeNode()
    if node is None:
        raise Refusal("No layer is active. Choose one in the Layers docker, then paint.")
    kind = node.type()
    if kind.endswith("mask"):
        raise Refusal(_MASKED)
    if kind not in ("paintlayer", "grouplayer"):
        raise Refusal(_OTHER_KIND.format(kind=_KINDS.get(kind, "This kind of layer")))
    if kind == "grouplayer" and node.passThroughMode():
        raise Refusal(
            f'"{node.name()}" passes its layers through, so that it has no picture of its own. '
            "Turn off Pass Through in the Layers docker, or paint everything that is visible."
        )
    above = node
    while above is not None and above.parentNode() is not None:
        if not above.visible():
            raise Refusal(f'"{above.name()}" is hidden. Show it in the Layers docker, then paint.')
        above = above.parentNode()
    return node


def _selected(document: Document) -> tuple[QRect, pixels.Array | None]:
    """The part of the canvas that the selection touches, and how much of each pixel is selected, 0..255."""
    canvas = QRect(0, 0, document.width(), document.height())
    selection = document.selection()
    if selection is None:
        return canvas, None
    area = canvas & QRect(selection.x(), selection.y(), selection.width(), selection.height())
    if area.isEmpty():
        raise Refusal("Nothing on the canvas is selected. Select a part of it, or choose Select > Deselect.")
    data = selection.pixelData(area.x(), area.y(), area.width(), area.height())
    return area, np.frombuffer(data, "u1").reshape(area.height(), area.width())


def _alpha(read: Any, space: Space, area: QRect) -> pixels.Array:
    if space.model not in pixels.CHANNELS:
        raise Refusal("This picture has no colours to paint with. Convert it with Image > Convert Image Color Space.")
    data = read(area.x(), area.y(), area.width(), area.height())
    return pixels.array(data, space, area.width(), area.height())[..., -1]


def _nothing(node: Node | None, selected: bool) -> str:
    thing = "the picture" if node is None else f'"{node.name()}"'
    if selected:
        return f"Nothing of {thing} is selected. Select a part of it, or choose Select > Deselect to paint all of it."
    return f"There is nothing to paint: {thing} is empty here. Draw something first, or choose another layer."


def _travel_pixels(read: Any, space: Space, area: QRect) -> pixels.Array:
    width, height = area.width(), area.height()
    if min(width, height) < _SMALLEST_SIDE:
        raise Refusal(
            f"The part to be painted is {width} x {height} pixels. It has to be at least {_SMALLEST_SIDE} pixels wide "
            "and high: select more, or choose a larger layer."
        )
    travels = pixels.travel_space(space)
    if _bytes(travels, area) > _MOST_BYTES and travels.depth == "F32":
        travels = travels._replace(depth="U16")
    if max(width, height) > _LARGEST_SIDE or _bytes(travels, area) > _MOST_BYTES:
        raise Refusal(
            f"The part to be painted is {width} x {height} pixels, too large to be sent. Select a smaller part, or "
            "make the picture smaller with Image > Scale Image To New Size."
        )
    with Converter() as converter:
        data = converter.convert(read(area.x(), area.y(), width, height), width, height, space, travels)
    return pixels.to_travel(data, travels, width, height)


def _bytes(space: Space, area: QRect) -> int:
    return area.width() * area.height() * pixels.CHANNELS[space.model] * pixels.DEPTHS[space.depth].itemsize


def _place(document: Document, node: Node | None, source: str, area: QRect, has_mask: bool) -> Place:
    return Place(
        document_name=document_name(document),
        document_file=document.fileName(),
        document_id=document_id(document),
        layer_name="" if node is None else node.name(),
        layer_id="" if node is None else node.uniqueId().toString(),
        source=source,
        x=area.x(),
        y=area.y(),
        width=area.width(),
        height=area.height(),
        document_width=document.width(),
        document_height=document.height(),
        color_model=document.colorModel(),
        color_depth=document.colorDepth(),
        color_profile=document.colorProfile(),
        has_mask=has_mask,
    )
