"""PNG files of 16 bits, which Pillow reads as 8. Needs numpy."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .errors import Internal

if TYPE_CHECKING:
    import numpy as np

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}
_MAX_PIXELS = 100_000_000  # as the server's own limit
_MAX_PROFILE = 16 << 20


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_SIGNATURE)
    if not data.startswith(_SIGNATURE):
        raise Internal("the server sent a PNG that is none")
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        yield data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length


def bit_depth(data: bytes) -> int:
    """Bits of a sample, from the file's header; 0: it has none."""
    return data[24] if len(data) > 24 and data[12:16] == b"IHDR" else 0


def icc_profile(data: bytes) -> bytes | None:
    """The embedded profile."""
    for kind, body in _chunks(data):
        if kind == b"iCCP":
            return zlib.decompressobj().decompress(body[body.index(b"\0") + 2 :], _MAX_PROFILE)
        if kind == b"IDAT":
            break
    return None


def decode16(data: bytes) -> np.ndarray[Any, Any]:
    """The samples of a PNG of 16 bits, uint16, H x W or H x W x channels. Internal: it is broken, or interlaced."""
    import numpy as np

    parts: dict[bytes, bytes] = {}
    packed = bytearray()
    for kind, body in _chunks(data):
        if kind == b"IDAT":
            packed += body
        else:
            parts.setdefault(kind, body)
    try:
        width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", parts[b"IHDR"])
        channels = _CHANNELS[colour]
    except (KeyError, struct.error):
        raise Internal("the server sent a PNG with a broken header") from None
    if depth != 16 or interlaced or not 0 < width * height <= _MAX_PIXELS:
        raise Internal(f"the server sent a PNG of {width} x {height} pixels and {depth} bits that can't be read")
    pixel = 2 * channels
    row = 1 + width * pixel
    try:
        raw = zlib.decompressobj().decompress(bytes(packed), row * height)
    except zlib.error as error:
        raise Internal(f"the server sent a broken PNG: {error}") from None
    if len(raw) != row * height:
        raise Internal(f"the server sent a PNG with {len(raw)} bytes of pixels, not {row * height}")
    lines = np.frombuffer(raw, np.uint8).reshape(height, row)
    filters = lines[:, 0]
    if filters.max() > 4:
        raise Internal(f"the server sent a PNG with the filter {filters.max()}")
    samples = _unfilter(lines[:, 1:].reshape(height, width, pixel), filters)
    values: np.ndarray[Any, Any] = samples.view(">u2").astype(np.uint16)
    return values[:, :, 0] if channels == 1 else values


def _unfilter(lines: np.ndarray[Any, Any], filters: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Undoes the rows' filters. A pixel needs those to its left, above and above left: all of a diagonal go at once."""
    import numpy as np

    height, width, pixel = lines.shape
    # With a row and a column of zeros around, as the format has it.
    out = np.zeros((height + 1, width + 1, pixel), np.uint8)
    for diagonal in range(height + width - 1):
        y = np.arange(max(0, diagonal - width + 1), min(height, diagonal + 1))
        x = diagonal - y
        left = out[y + 1, x].astype(np.int16)
        above = out[y, x + 1].astype(np.int16)
        corner = out[y, x].astype(np.int16)
        by_left, by_above = np.abs(above - corner), np.abs(left - corner)
        by_corner = np.abs(left + above - 2 * corner)
        paeth = np.where(
            (by_left <= by_above) & (by_left <= by_corner), left, np.where(by_above <= by_corner, above, corner)
        )
        guess = np.choose(filters[y][:, None], [np.zeros_like(left), left, above, (left + above) // 2, paeth])
        out[y + 1, x + 1] = (lines[y, x] + guess).astype(np.uint8)
    return np.ascontiguousarray(out[1:, 1:])
