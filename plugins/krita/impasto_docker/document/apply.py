"""The painting as a new layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from PyQt5.QtCore import QByteArray, QTimer

from impasto_docker.document import pixels
from impasto_docker.document.converter import Converter
from impasto_docker.document.find import document_id, find_layer, find_node, open_document
from impasto_docker.document.pixels import Space
from impasto_docker.document.target import space_of

if TYPE_CHECKING:
    from krita import Document, Node

    from impasto_docker.core.history import Place

_RECIPE = "impasto/"  # and the layer's id
_TRIES = 20
_PAUSE = 10  # ms


class Spot(NamedTuple):
    """Where in a document a painting goes now.

    Attributes:
        above: the layer that it goes on top of; None: an empty document.
        x: of its upper left corner, in pixels of the document.
        y: the same.
        words: what is other than when the job was started, for people; "": nothing.
    """

    above: Node | None
    x: int
    y: int
    words: str


def place_in(document: Document, place: Place) -> Spot:
    """The nearest there is to a place in a document that may have been changed since."""
    layer = find_layer(document, place)
    words = []
    if layer is None:
        layers = [node for node in document.topLevelNodes() if not node.type().endswith("mask")]  # as the selection is
        layer = layers[-1] if layers else None
        if place.layer_id:
            words.append(f'"{place.layer_name}" isn\'t there any more: the painting is on top of all layers.')
    x, y = place.x, place.y
    if (document.width(), document.height()) != (place.document_width, place.document_height):
        words.append("The picture's size has been changed meanwhile: move the painting to where it belongs.")
        if not (-place.width < x < document.width() and -place.height < y < document.height()):
            x, y = (document.width() - place.width) // 2, (document.height() - place.height) // 2
    return Spot(layer, x, y, " ".join(words))


def alpha_for(place: Place, mask: bytes | None, alpha: bytes | None, depth: str) -> pixels.Array:
    """What a painting's alpha is: that of what was painted, times the selection. Height x width, of `depth`.

    Args:
        place: of the target.
        mask: as `Target` has it.
        alpha: as `Target` has it.
        depth: of the document now.
    """
    shape = (place.height, place.width)
    if alpha is None:
        source = np.full(shape, pixels.opaque(depth), pixels.DEPTHS[depth])
    else:
        kept = np.frombuffer(alpha, pixels.DEPTHS[place.color_depth]).reshape(shape)
        source = pixels.at_depth(kept, place.color_depth, depth)
    return pixels.masked(source, None if mask is None else np.frombuffer(mask, "u1").reshape(shape), depth)


def painted_pixels(space: Space, place: Place, picture: Any, mask: bytes | None, alpha: bytes | None) -> bytes:
    """A painting as pixels of a layer's colour space, with its alpha. Arguments and errors as of `apply`."""
    painted = picture.to_numpy()
    if painted.shape[:2] != (place.height, place.width):
        raise ValueError(f"a picture of {painted.shape[1]} x {painted.shape[0]} for {place.width} x {place.height}")
    data, travels = pixels.from_travel(painted)
    with Converter() as converter:
        data = converter.convert(data, place.width, place.height, travels, space)
    finished = pixels.array(data, space, place.width, place.height).copy()
    pixels.set_alpha(finished, alpha_for(place, mask, alpha, space.depth))
    return finished.tobytes()


def apply(
    document: Document,
    place: Place,
    picture: Any,
    mask: bytes | None,
    alpha: bytes | None,
    name: str,
    opacity: int = 100,
) -> Node:
    """Puts a painting into a document as a new layer, above what was painted: one step to undo.

    The layer has the document's own colour model, depth and profile. Which layer is active stays as it was. Best done
    while the document `is_idle`: what the user just draws would be broken off.

    Args:
        document: that `find_document` gives, or any other.
        place: of the target.
        picture: an `impasto.Picture` of raw pixels, of the place's size.
        mask: as `Target` has it.
        alpha: as `Target` has it.
        name: the new layer's.
        opacity: the new layer's, 0..100.

    Raises:
        ValueError: the picture isn't of the place's size.
    """
    data = painted_pixels(space_of(document), place, picture, mask, alpha)
    return add_layer(document, place, place_in(document, place), data, name, opacity)


def add_layer(document: Document, place: Place, spot: Spot, data: bytes, name: str, opacity: int) -> Node:
    """Adds a layer with pixels of the document's colour space: one step to undo."""
    # Until it is added, what is done to a layer is no step to undo.
    node = document.createNode(name, "paintlayer")
    node.setPixelData(QByteArray(data), spot.x, spot.y, place.width, place.height)
    node.setOpacity(round(opacity * 255 / 100))
    parent = document.rootNode()
    if spot.above is not None:
        node.setInheritAlpha(spot.above.inheritAlpha())  # what clips the layer clips its painting
        parent = spot.above.parentNode()
    active = document.activeNode()
    document.waitForDone()
    parent.addChildNode(node, spot.above)
    if active is not None:
        _go_on_with(document_id(document), active.uniqueId().toString(), node.uniqueId().toString())
    return node


def _go_on_with(document: str, active: str, added: str, tries: int = _TRIES) -> None:
    """Makes the layer the active one that was it, once Krita has made the one that was added so.

    Else what the user draws would go there. Krita does it when its events are processed next.
    """
    found = open_document(document)
    if found is None:
        return
    now = found.activeNode()
    if now is None or now.uniqueId().toString() != added:
        if tries > 0:
            QTimer.singleShot(_PAUSE, lambda: _go_on_with(document, active, added, tries - 1))
        return
    before = find_node(found, active)
    if before is not None:
        found.setActiveNode(before)


def is_idle(document: Document) -> bool:
    """Whether Krita does nothing with a document at the moment: no stroke is being drawn, nothing computed."""
    idle = document.tryBarrierLock()
    if idle:
        document.unlock()
    return bool(idle)


def keep_recipe(document: Document, node: Node, recipe: str) -> None:
    """Keeps how a layer was painted with the document, and in its file if that is Krita's own."""
    document.setAnnotation(
        _RECIPE + node.uniqueId().toString(), "How the layer was painted", QByteArray(recipe.encode())
    )


def recipe_of(document: Document, node: Node) -> str:
    """The recipe (JSON) of a painted layer; "": it has none."""
    return bytes(document.annotation(_RECIPE + node.uniqueId().toString())).decode()
