"""Pictures that the server sends, and pixels to send."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import _files, _pixels
from .enums import PictureFormat, PixelFormat

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image


@dataclass(frozen=True)
class RawPixels:
    """Pixels as an image editor holds them, rows from the top.

    Attributes:
        data: at least stride x (height - 1) + width x bytes per pixel bytes.
        format: layout of a pixel.
        width: pixels in a row, 2..30000.
        height: rows, 2..30000; at most 100 megapixels.
        stride: bytes from one row to the next; 0: width x bytes per pixel.
        icc_profile: the pixels' ICC profile; empty: sRGB.
    """

    data: bytes = field(repr=False)
    format: PixelFormat | str
    width: int
    height: int
    stride: int = 0
    icc_profile: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class Picture:
    """A picture from the server. Jupyter shows it.

    Attributes:
        data: a file's bytes, or pixels where ``format`` is RAW.
        format: how ``data`` is encoded.
        width: columns.
        height: rows.
        pixel_format: RAW: layout of a pixel.
        stride: RAW: bytes from one row to the next.
    """

    data: bytes = field(repr=False)
    format: PictureFormat
    width: int
    height: int
    pixel_format: PixelFormat | None = None
    stride: int = 0

    def to_numpy(self) -> np.ndarray[Any, Any]:
        """The pixels, H x W (grey) or H x W x 2, 3 or 4 (grey and alpha, RGB, RGBA), without a profile applied.

        Exact for PNG and raw pixels, 8 and 16 bits: uint8, uint16 in 0..65535, float32 in 0..1. BGR comes as RGB.
        Other files as Pillow decodes them, in 8 bits. Needs numpy, and Pillow for what isn't raw or a PNG of 16 bits.
        """
        return _pixels.to_numpy(self)

    def to_pil(self) -> Image:
        """A PIL.Image, with the profile in ``info["icc_profile"]``. Needs Pillow; numpy for raw pixels and 16 bits.

        Pillow has no RGB of 16 bits or floats: those are rounded to 8. Grey of 16 bits is mode "I;16".
        """
        return _pixels.to_pil(self)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes a file, in one move: where it fails, what was there before is there still.

        The picture's own bytes where the name's ending fits its format, or says nothing; else it is encoded anew as the
        ending says (.png, .jpg, .webp, .tiff), which needs Pillow and gives 8 bits. ValueError: raw pixels, and an
        ending that isn't one of these. OSError: it can't be written.
        """
        target = Path(path)
        _files.write_atomically(target, _pixels.encoded_for(self, target.suffix.lower()))

    def _repr_png_(self) -> bytes | None:
        if self.format in (PictureFormat.PNG, PictureFormat.JPEG):
            return self.data if self.format is PictureFormat.PNG else None
        return _pixels.encode(self, "PNG")

    def _repr_jpeg_(self) -> bytes | None:
        return self.data if self.format is PictureFormat.JPEG else None
