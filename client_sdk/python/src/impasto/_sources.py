"""From what users have of pictures to the API's Picture.

numpy and Pillow are recognised without being imported: whoever has an object of theirs has done that.
"""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Union

from . import _wire
from ._pixels import LAYOUTS
from .enums import PixelFormat, choose
from .errors import InvalidArgument
from .pictures import RawPixels

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    PictureSource = Union[str, os.PathLike[str], bytes, bytearray, memoryview, RawPixels, Image, np.ndarray[Any, Any]]

_PictureMessage = _wire.message("Picture")

# A picture of the server's: "styles/3f2a", but not the file styles/starry.jpg.
_NAME = re.compile(r"(styles|uploads)/[A-Za-z0-9_-]+")
# As large as a server takes: refused before memory is taken for it.
_MAX_FILE_BYTES = 256 << 20


def to_message(source: PictureSource, field: str) -> _wire.Message:
    """The API's Picture.

    InvalidArgument names ``field``: no picture, or one that can't be sent. TypeError: something else than a picture.
    OSError: the file can't be read.
    """
    message = _PictureMessage()
    if isinstance(source, str) and _NAME.fullmatch(source):
        setattr(message, source.partition("/")[0].rstrip("s"), source)
    elif isinstance(source, (str, os.PathLike)):
        message.encoded = _read(Path(source), field)
    elif isinstance(source, (bytes, bytearray, memoryview)):
        message.encoded = bytes(source)
        if not message.encoded:
            raise InvalidArgument(f"{field}: no bytes", field=field)
    elif isinstance(source, RawPixels):
        _set_raw(message, source, field)
    elif _is_a(source, "numpy", "ndarray"):
        _set_raw(message, _from_numpy(source, field), field)
    elif _is_a(source, "PIL.Image", "Image"):
        _set_pil(message, source, field)
    else:
        raise TypeError(
            f"{field}: {type(source).__name__}; a path, bytes, a PIL.Image, a numpy array, impasto.RawPixels or the "
            "name of a style or upload is wanted"
        )
    return message


def is_one(source: object) -> bool:
    """One picture, and not a list of them."""
    return not isinstance(source, (list, tuple))


def _is_a(source: object, module: str, name: str) -> bool:
    found = getattr(sys.modules.get(module), name, None)
    return found is not None and isinstance(source, found)


def _read(path: Path, field: str) -> bytes:
    with path.open("rb") as file:
        data = file.read(_MAX_FILE_BYTES + 1)
    if not data or len(data) > _MAX_FILE_BYTES:
        words = "an empty file" if not data else f"larger than {_MAX_FILE_BYTES >> 20} MiB"
        raise InvalidArgument(f"{field}: {path}: {words}", field=field)
    return data


def _set_raw(message: _wire.Message, raw: RawPixels, field: str) -> None:
    target = message.raw
    try:
        target.format = choose(PixelFormat, raw.format, f"{field}.raw.format")
        target.width, target.height, target.stride = raw.width, raw.height, raw.stride
        target.data, target.icc_profile = bytes(raw.data), bytes(raw.icc_profile)
    except InvalidArgument:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{field}.raw: {error}", field=f"{field}.raw") from None


def _from_numpy(array: Any, field: str) -> RawPixels:
    """H x W (x 1, 2, 3 or 4), of any strides. Copied once, since what is sent lies in one piece."""
    import numpy as np

    if array.ndim == 2:
        array = array[:, :, None]
    shape = "x".join(map(str, array.shape))
    if array.ndim != 3 or array.shape[2] not in (1, 2, 3, 4) or 0 in array.shape:
        words = f"{field}: an array of shape {shape}; H x W or H x W x 1, 2, 3 or 4 is wanted"
        raise InvalidArgument(words, field=field)
    if array.dtype.kind == "f":
        # Written so that NaN fails.
        if not (array.min() >= 0 and array.max() <= 1):
            raise InvalidArgument(
                f"{field}: floats from {array.min():g} to {array.max():g}; 0 to 1 is wanted (or uint8, 0 to 255)",
                field=field,
            )
        # The API has floats in colour alone.
        if array.shape[2] <= 2:
            array = array[:, :, [0, 0, 0, 1][: array.shape[2] + 2]]
        kind = "<f4"
    elif array.dtype.kind == "u" and array.dtype.itemsize in (1, 2):
        kind = f"<u{array.dtype.itemsize}" if array.dtype.itemsize == 2 else "|u1"
    else:
        words = f"{field}: an array of {array.dtype}; uint8, uint16 or floats in 0..1 are wanted"
        raise InvalidArgument(words, field=field)
    layouts = {(layout.dtype, layout.channels): name for name, layout in LAYOUTS.items() if not layout.bgr}
    pixels = np.ascontiguousarray(array.astype(kind, copy=False))
    return RawPixels(pixels.tobytes(), layouts[kind, array.shape[2]], array.shape[1], array.shape[0])


# Pillow's modes that the API has as they are.
_MODES = {
    "L": PixelFormat.GRAY8,
    "LA": PixelFormat.GRAY_ALPHA8,
    "RGB": PixelFormat.RGB8,
    "RGBA": PixelFormat.RGBA8,
}
# ... and those that become one of them. With a transparent colour: the second.
_CONVERTED = {
    "1": ("L", "LA"),
    "L": ("L", "LA"),
    "La": ("LA", "LA"),
    "RGB": ("RGB", "RGBA"),
    "RGBX": ("RGB", "RGBA"),
    "RGBa": ("RGBA", "RGBA"),
    "P": ("RGB", "RGBA"),
    "PA": ("RGBA", "RGBA"),
    "YCbCr": ("RGB", "RGB"),
    "HSV": ("RGB", "RGB"),
}
# Where an ICC profile says what it is for, and the words for it.
_PROFILE_SPACE = slice(16, 20)


def _set_pil(message: _wire.Message, image: Any, field: str) -> None:
    """Raw pixels with their profile, upright. CMYK goes as a TIFF file, since the API has no such pixels."""
    from PIL import ImageOps

    if 0 in image.size:
        raise InvalidArgument(f"{field}: an image of {image.size[0]} x {image.size[1]} pixels", field=field)
    profile = image.info.get("icc_profile") or b""
    image = ImageOps.exif_transpose(image) or image
    if image.mode == "CMYK":
        file = io.BytesIO()
        image.save(file, "TIFF", icc_profile=profile or None)
        message.encoded = file.getvalue()
        return
    data, layout, space = _pil_pixels(image, field)
    if profile[_PROFILE_SPACE] != space:
        profile = b""  # a profile of other colours than the pixels now have
    _set_raw(message, RawPixels(data, layout, image.size[0], image.size[1], icc_profile=profile), field)


def _pil_pixels(image: Any, field: str) -> tuple[bytes, PixelFormat, bytes]:
    if image.mode in ("I;16", "I;16L", "I;16B", "I;16N", "I"):
        import numpy as np

        values = np.asarray(image)
        if values.min() < 0 or values.max() > 65535:
            raise InvalidArgument(
                f"{field}: an image of mode I with {values.min()} to {values.max()}; 0 to 65535 is wanted", field=field
            )
        return values.astype("<u2").tobytes(), PixelFormat.GRAY16, b"GRAY"
    if image.mode not in _MODES or "transparency" in image.info:
        if image.mode not in _CONVERTED:
            raise InvalidArgument(
                f"{field}: an image of mode {image.mode}; convert it to RGB first, or give a numpy array", field=field
            )
        image = image.convert(_CONVERTED[image.mode]["transparency" in image.info])
    return image.tobytes(), _MODES[image.mode], b"GRAY" if image.mode in ("L", "LA") else b"RGB "
