"""Colours from one space to another, as Krita itself converts them."""

from __future__ import annotations

from typing import Any

from krita import Document, Krita
from PyQt5.QtCore import QByteArray

from impasto_docker.document.pixels import Space


class Converter:
    """Converts in a document of its own that nobody sees: a conversion is a step to undo in the document it is done in.

    To be used in a `with`: the document is made when it is first needed (about 0.2 s) and closed at the end.
    """

    def __init__(self) -> None:
        self._document: Document | None = None

    def __enter__(self) -> Converter:
        return self

    def __exit__(self, *_: object) -> None:
        if self._document is not None:
            self._document.close()
            self._document = None

    def convert(self, data: Any, width: int, height: int, space: Space, wanted: Space) -> Any:
        """Pixels of `space` (a QByteArray or bytes, rows without gaps) as those of `wanted`."""
        if space == wanted:
            return data
        if self._document is None:
            self._document = Krita.instance().createDocument(1, 1, "", *space, 72.0)
        node = self._document.createNode("", "paintlayer")
        node.setColorSpace(*space)
        node.setPixelData(QByteArray(data), 0, 0, width, height)
        node.setColorSpace(*wanted)
        return node.pixelData(0, 0, width, height)
