"""Reduced pictures for the report, as data URIs."""

from __future__ import annotations

import base64
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image, ImageOps, features

from impasto.lab.contact_sheet import on_white

if TYPE_CHECKING:
    from pathlib import Path

# Of all pictures of a report together: some 8 MB as WebP.
_PIXEL_BUDGET = 48_000_000
_MIN_SIDE, _MAX_SIDE = 160, 900
_QUALITY = 84
# Beyond it, an input isn't decoded for a preview: it would take more memory than it is worth.
_MAX_INPUT_PIXELS = 120_000_000


@dataclass(frozen=True)
class Preview:
    """A picture within the page."""

    uri: str
    width: int
    height: int


def side_for(count: int) -> int:
    """The long side, pixels, that keeps a report of so many pictures at a sane size."""
    return max(_MIN_SIDE, min(_MAX_SIDE, int(math.sqrt(_PIXEL_BUDGET / max(count, 1)))))


def make(path: Path, side: int) -> Preview | None:
    """None: it isn't there, or Pillow can't read it."""
    try:
        with Image.open(path) as opened:
            if opened.width * opened.height > _MAX_INPUT_PIXELS:
                return None
            opened.draft("RGB", (side, side))  # JPEG: decodes at a fraction of the size
            picture = on_white(ImageOps.exif_transpose(opened))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return None
    picture.thumbnail((side, side), Image.Resampling.LANCZOS)
    data = io.BytesIO()
    kind = "webp" if features.check("webp") else "jpeg"
    picture.save(data, kind, quality=_QUALITY)
    text = base64.b64encode(data.getvalue()).decode("ascii")
    return Preview(f"data:image/{kind};base64,{text}", picture.width, picture.height)
