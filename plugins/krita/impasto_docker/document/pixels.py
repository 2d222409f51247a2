"""Pixels as Krita holds them and as they travel, in numpy alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from typing import TypeAlias

Array: TypeAlias = np.ndarray  # of any shape and type

# Krita's names of depths.
DEPTHS = {
    "U8": np.dtype("u1"),
    "U16": np.dtype("<u2"),
    "F16": np.dtype("<f2"),
    "F32": np.dtype("<f4"),
}
# Krita's names of colour models, and what a pixel of each has. Alpha is the last, and straight.
CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "LABA": 4, "XYZA": 4, "YCbCrA": 4}

_LETTERS = {"u1": "8", "<u2": "16", "<f4": "_float"}


class Space(NamedTuple):
    """A colour space, by Krita's own names.

    Attributes:
        model: one of CHANNELS.
        depth: one of DEPTHS.
        profile: of an ICC profile that Krita has.
    """

    model: str
    depth: str
    profile: str


_SRGB = "sRGB-elle-V2-srgbtrc.icc"
_SRGB_GRAY = "Gray-D50-elle-V2-srgbtrc.icc"


def travel_space(space: Space) -> Space:
    """The space in which pixels of another travel to the server: sRGB, or grey with its curve.

    What is that already stays as it is. Grey and RGB of 8 bits become 16, since converting both ways rounds twice; the
    rest floats of 32 bits, since Krita's conversions of integers are off by up to a hundredth. Grey floats travel as
    RGB: the server has none.
    """
    if space.depth in ("U8", "U16"):
        same = Space("GRAYA", space.depth, _SRGB_GRAY) if space.model == "GRAYA" else Space("RGBA", space.depth, _SRGB)
        if space == same:
            return space
        if space.model == "GRAYA" or space[:2] == ("RGBA", "U8"):
            return same._replace(depth="U16")
    return Space("RGBA", "F32", _SRGB)


def array(data: Any, space: Space, width: int, height: int) -> Array:
    """Krita's bytes as height x width x channels, in Krita's order, read-only. ValueError: too few or too many."""
    dtype, channels = DEPTHS[space.depth], CHANNELS[space.model]
    if len(data) != width * height * channels * dtype.itemsize:
        raise ValueError(f"{len(data)} bytes for {width} x {height} pixels of {space.model} {space.depth}")
    return np.frombuffer(data, dtype).reshape(height, width, channels)


def _blue_first(space: Space) -> bool:
    return space.model == "RGBA" and space.depth in ("U8", "U16")


def to_travel(data: Any, space: Space, width: int, height: int) -> Array:
    """Krita's bytes of a travel space as the server takes them; without alpha where all is opaque."""
    pixels = array(data, space, width, height)
    if (pixels[..., -1] == opaque(space.depth)).all():
        return np.ascontiguousarray(pixels[..., 2::-1] if _blue_first(space) else pixels[..., :-1])
    return pixels[..., [2, 1, 0, 3]] if _blue_first(space) else pixels


def travel_format(pixels: Array) -> str:
    """The client's name for the layout of what `to_travel` gives: "rgb8", "gray_alpha16", "rgba_float"."""
    model = {1: "gray", 2: "gray_alpha", 3: "rgb", 4: "rgba"}[pixels.shape[-1]]
    return model + _LETTERS[pixels.dtype.str.lstrip("|")]


def from_travel(pixels: Array) -> tuple[bytes, Space]:
    """A picture of the server as Krita's bytes, opaque throughout, and the travel space that they are in.

    Args:
        pixels: height x width (grey) or height x width x 1, 2, 3 or 4; uint8, uint16 or float32.
    """
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    depth = {"u1": "U8", "u2": "U16", "f4": "F32"}[pixels.dtype.str[1:]]
    gray = pixels.shape[-1] <= 2
    space = Space("GRAYA", depth, _SRGB_GRAY) if gray else Space("RGBA", depth, _SRGB)
    filled = np.empty((*pixels.shape[:2], CHANNELS[space.model]), DEPTHS[depth])
    filled[..., :-1] = pixels[..., :1] if gray else pixels[..., 2::-1] if _blue_first(space) else pixels[..., :3]
    filled[..., -1] = opaque(depth)
    return filled.tobytes(), space


def opaque(depth: str) -> float:
    """The alpha of what can't be seen through: the largest integer, or 1."""
    dtype = DEPTHS[depth]
    return float(np.iinfo(dtype).max) if dtype.kind == "u" else 1.0


def at_depth(alpha: Array, depth: str, other: str) -> Array:
    """Alpha of one depth as that of another, rounded."""
    return alpha if depth == other else _rounded(alpha.astype(np.float64) / opaque(depth) * opaque(other), other)


def masked(alpha: Array, mask: Array | None, depth: str) -> Array:
    """Alpha x mask / 255, rounded to alpha's depth. What the mask has whole stays as it is, bit for bit."""
    if mask is None:
        return alpha
    if DEPTHS[depth].kind == "u":
        return ((alpha.astype(np.uint32) * mask + 127) // 255).astype(alpha.dtype)
    return np.where(mask == 255, alpha, _rounded(alpha.astype(np.float64) * mask / 255, depth))


def _rounded(values: Array, depth: str) -> Array:
    dtype = DEPTHS[depth]
    return (np.rint(values) if dtype.kind == "u" else values).astype(dtype)


def set_alpha(pixels: Array, alpha: Array) -> None:
    """Changes the alpha of pixels. What can't be seen at all becomes zero."""
    pixels[..., -1] = alpha
    hidden = alpha == 0
    if hidden.any():
        pixels[hidden] = 0


def box(seen: Array) -> tuple[int, int, int, int] | None:
    """x, y, width, height of what is true; None: nothing is."""
    rows, columns = np.flatnonzero(seen.any(axis=1)), np.flatnonzero(seen.any(axis=0))
    if not rows.size:
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1] - columns[0] + 1), int(rows[-1] - rows[0] + 1)
