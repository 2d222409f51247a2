"""Pixels to send, for those who know nothing of the client."""

from __future__ import annotations

import impasto


def raw_pixels(data: bytes, pixel_format: str, width: int, height: int) -> impasto.RawPixels:
    """Pixels in sRGB without gaps between the rows. `pixel_format`: the client's name of the layout, "rgba16"."""
    return impasto.RawPixels(data, pixel_format, width, height)
