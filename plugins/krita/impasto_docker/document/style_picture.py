"""A document as a style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from impasto_docker.document import pixels
from impasto_docker.document.images import image_pixels

if TYPE_CHECKING:
    from krita import Document
    from PyQt5.QtGui import QImage


def style_pixels(document: Document) -> tuple[pixels.Array, str]:
    """All that can be seen of a document, in sRGB with 8 bits: height x width x 3 or 4, and the layout's name."""
    document.waitForDone()
    found = image_pixels(document.projection(0, 0, document.width(), document.height()), True)
    if (found[..., 3] == 255).all():
        found = np.ascontiguousarray(found[..., :3])
    return found, pixels.travel_format(found)


def thumbnail(document: Document, side: int) -> QImage:
    """A small picture of a document in sRGB, of at most `side` pixels each way."""
    return document.thumbnail(side, side)
