"""The painting on the canvas, while it becomes what it will be."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable

import numpy as np
from PyQt5.QtCore import QByteArray, QPoint

from impasto_docker.document import pixels
from impasto_docker.document.apply import add_layer, alpha_for, is_idle, painted_pixels, place_in
from impasto_docker.document.converter import Converter
from impasto_docker.document.find import find_document, find_node
from impasto_docker.document.images import scaled
from impasto_docker.document.target import space_of

if TYPE_CHECKING:
    from krita import Document, Node

    from impasto_docker.core.history import Place
    from impasto_docker.document.pixels import Space

_SHORTEST_PAUSE = 0.1  # seconds from one preview to the next
# Krita computes its whole picture anew for each preview, while the user waits: that may take a tenth of the time.
_MOST_OF_THE_TIME = 0.1
_STEPS = 64  # of each colour in a table
_SHIFT = 2  # 256 / _STEPS, as bits
_SIDE = 512  # of a square of all of them


class PreviewLayer:
    """A layer that shows how the painting gets on, and becomes the painting: one step to undo for all of it.

    It is added with the first preview. Later ones change its pixels, which is nothing to undo. Where the user removes
    it, or undoes that it was added, it stays away.
    """

    def __init__(
        self,
        place: Place,
        mask: bytes | None,
        alpha: bytes | None,
        opacity: int = 100,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Takes what `apply` takes, and about 0.1 s where the document isn't in sRGB of 8 bits.

        Args:
            place: of the target.
            mask: as `Target` has it.
            alpha: as `Target` has it.
            opacity: of the layer, 0..100.
            clock: seconds.
        """
        self._place = place
        self._mask = mask
        self._alpha = alpha
        self._opacity = opacity
        self._clock = clock
        self._next = clock()
        self._layer_id = ""
        self._at = QPoint()
        document = find_document(place)
        # Krita takes 0.1 s for its colours: better now, when a painting is started, than while the user draws.
        self._look = None if document is None else self._look_in(space_of(document))

    def show(self, picture: Any, name: str) -> bool:
        """Shows a preview. False: not this one; the user is drawing, the last was just before, or the layer is gone.

        Args:
            picture: an `impasto.Picture` of raw RGB8 pixels, of any size.
            name: of the layer, while it is a preview.
        """
        started = self._clock()
        if started < self._next:
            return False
        document = find_document(self._place)
        if document is None or not is_idle(document):
            return False
        node = find_node(document, self._layer_id) if self._layer_id else None
        if node is None and self._layer_id:
            return False
        space = space_of(document if node is None else node)
        if self._look is None or self._look.space != space:
            self._look = self._look_in(space)
        data = self._look.of(picture.to_numpy())
        self._next = started + _SHORTEST_PAUSE
        if node is None:
            self._add(document, data, name)
        else:
            self._write(document, node, data)
            self._next = max(self._next, started + (self._clock() - started) / _MOST_OF_THE_TIME)
        return True

    def finish(self, picture: Any, name: str) -> Node | None:
        """Makes the layer the painting. None: there is no such layer; it is to be applied. Arguments as of `apply`."""
        document = find_document(self._place)
        node = find_node(document, self._layer_id) if document is not None and self._layer_id else None
        if document is None or node is None:
            return None
        self._write(document, node, painted_pixels(space_of(node), self._place, picture, self._mask, self._alpha))
        node.setName(name)
        self._layer_id = ""
        return node

    def remove(self) -> None:
        """Takes the layer away, if it is there: a step to undo, as its being added is.

        To undo the adding instead would undo what the user has done since.
        """
        document = find_document(self._place)
        node = find_node(document, self._layer_id) if document is not None and self._layer_id else None
        if node is not None:
            node.remove()

    def _look_in(self, space: Space) -> _Look:
        return _Look(space, alpha_for(self._place, self._mask, self._alpha, space.depth))

    def _add(self, document: Document, data: bytes, name: str) -> None:
        spot = place_in(document, self._place)
        node = add_layer(document, self._place, spot, data, name, self._opacity)
        self._layer_id = node.uniqueId().toString()
        self._at = QPoint(spot.x, spot.y)

    def _write(self, document: Document, node: Node, data: bytes) -> None:
        corner = self._at + node.position()  # the user may have moved it
        node.setPixelData(QByteArray(data), corner.x(), corner.y(), self._place.width, self._place.height)
        document.refreshProjection()


class _Look:
    """Previews as pixels of a colour space, fast: by a table of colours that Krita has converted once."""

    def __init__(self, space: Space, alpha: pixels.Array) -> None:
        self.space = space
        self._alpha = alpha
        steps = np.rint(np.linspace(0, 255, _STEPS)).astype("u1")
        cube = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(_SIDE, _SIDE, 3)
        data, travels = pixels.from_travel(cube)
        self._table: pixels.Array | None = None
        if travels != space:
            with Converter() as converter:
                data = converter.convert(data, _SIDE, _SIDE, travels, space)
            self._table = pixels.array(data, space, _SIDE, _SIDE).reshape(_STEPS**3, -1)

    def of(self, picture: pixels.Array) -> bytes:
        """Height x width x 3, uint8, at the size of the alpha and with it."""
        height, width = self._alpha.shape
        picture = scaled(picture, width, height)
        if self._table is None:
            data, travels = pixels.from_travel(picture)
            finished = pixels.array(data, travels, width, height).copy()
        else:
            red, green, blue = (picture[..., channel].astype(np.int32) >> _SHIFT for channel in range(3))
            finished = self._table.take((red * _STEPS + green) * _STEPS + blue, axis=0)
        pixels.set_alpha(finished, self._alpha)
        return finished.tobytes()
