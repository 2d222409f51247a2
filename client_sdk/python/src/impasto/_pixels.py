"""Pixels of received pictures, as numpy and Pillow hold them. Both are imported where they are used."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

from . import _png
from .enums import PictureFormat, PixelFormat
from .errors import Internal, InvalidArgument

if TYPE_CHECKING:
    import numpy as np
    from PIL.Image import Image

    from .pictures import Picture


class Layout(NamedTuple):
    """How numpy sees a pixel."""

    dtype: str
    channels: int
    bgr: bool = False


LAYOUTS: dict[PixelFormat, Layout] = {
    PixelFormat.GRAY8: Layout("|u1", 1),
    PixelFormat.GRAY_ALPHA8: Layout("|u1", 2),
    PixelFormat.RGB8: Layout("|u1", 3),
    PixelFormat.RGBA8: Layout("|u1", 4),
    PixelFormat.BGR8: Layout("|u1", 3, bgr=True),
    PixelFormat.BGRA8: Layout("|u1", 4, bgr=True),
    PixelFormat.GRAY16: Layout("<u2", 1),
    PixelFormat.GRAY_ALPHA16: Layout("<u2", 2),
    PixelFormat.RGB16: Layout("<u2", 3),
    PixelFormat.RGBA16: Layout("<u2", 4),
    PixelFormat.BGRA16: Layout("<u2", 4, bgr=True),
    PixelFormat.RGB_FLOAT: Layout("<f4", 3),
    PixelFormat.RGBA_FLOAT: Layout("<f4", 4),
}

# What Pillow calls the formats, and the endings of their files.
_PILLOW_NAMES = {
    PictureFormat.PNG: "PNG",
    PictureFormat.JPEG: "JPEG",
    PictureFormat.WEBP: "WEBP",
    PictureFormat.TIFF: "TIFF",
}
_ENDINGS = {
    ".png": PictureFormat.PNG,
    ".jpg": PictureFormat.JPEG,
    ".jpeg": PictureFormat.JPEG,
    ".webp": PictureFormat.WEBP,
    ".tif": PictureFormat.TIFF,
    ".tiff": PictureFormat.TIFF,
}
_QUALITY = 92  # as the server's own


def to_numpy(picture: Picture) -> np.ndarray[Any, Any]:
    """See Picture.to_numpy."""
    import numpy as np

    if picture.format is PictureFormat.RAW:
        return _raw_to_numpy(picture)
    if picture.format is PictureFormat.PNG and _png.bit_depth(picture.data) == 16:
        return _png.decode16(picture.data)
    image = to_pil(picture)
    if image.mode not in ("L", "LA", "RGB", "RGBA", "I;16"):
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    return np.array(image)


def _raw_to_numpy(picture: Picture) -> np.ndarray[Any, Any]:
    import numpy as np

    if picture.pixel_format is None:
        raise Internal("the server sent raw pixels of an unknown layout")
    layout = LAYOUTS[picture.pixel_format]
    sample = np.dtype(layout.dtype)
    row = picture.width * layout.channels * sample.itemsize
    stride = picture.stride or row
    if stride < row or len(picture.data) < stride * (picture.height - 1) + row:
        raise Internal(
            f"the server sent {len(picture.data)} bytes for {picture.width} x {picture.height} pixels, stride {stride}"
        )
    # Rows need not begin at a multiple of a sample's size.
    data = np.frombuffer(picture.data, np.uint8)
    rows = np.lib.stride_tricks.as_strided(data, (picture.height, row), (stride, 1), writeable=False)
    pixels: np.ndarray[Any, Any] = np.ascontiguousarray(rows).view(sample)
    pixels = pixels.astype(sample.newbyteorder("="))
    pixels = pixels.reshape(picture.height, picture.width, layout.channels)
    if layout.bgr:
        pixels = pixels[:, :, [2, 1, 0, 3][: layout.channels]]
    return pixels[:, :, 0] if layout.channels == 1 else pixels


def to_pil(picture: Picture) -> Image:
    """See Picture.to_pil."""
    from PIL import Image

    if picture.format is PictureFormat.RAW or (
        picture.format is PictureFormat.PNG and _png.bit_depth(picture.data) == 16
    ):
        image = _from_array(to_numpy(picture))
        profile = _png.icc_profile(picture.data) if picture.format is PictureFormat.PNG else None
        if profile:
            image.info["icc_profile"] = profile
        return image
    image = Image.open(io.BytesIO(picture.data))
    image.load()
    return image


def _from_array(pixels: np.ndarray[Any, Any]) -> Image:
    import numpy as np
    from PIL import Image

    if pixels.dtype == np.float32:
        pixels = np.rint(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    elif pixels.dtype == np.uint16 and pixels.ndim == 3:
        pixels = np.rint(pixels / 257).astype(np.uint8)
    return Image.fromarray(pixels)


def encode(picture: Picture, pillow_format: str) -> bytes | None:
    """The picture as a file of another format, in 8 bits; None: Pillow or numpy isn't installed."""
    try:
        image = to_pil(picture)
    except ImportError:
        return None
    if pillow_format == "JPEG" and image.mode not in ("L", "RGB", "CMYK"):
        image = image.convert("RGB")
    file = io.BytesIO()
    options: dict[str, Any] = {"quality": _QUALITY} if pillow_format in ("JPEG", "WEBP") else {}
    image.save(file, pillow_format, icc_profile=image.info.get("icc_profile"), **options)
    return file.getvalue()


def encoded_for(picture: Picture, ending: str) -> bytes:
    """The bytes of a file with this ending (".png", "")."""
    wanted = _ENDINGS.get(ending)
    if wanted is None and picture.format is PictureFormat.RAW:
        raise InvalidArgument(f'raw pixels can\'t be saved as "{ending}": .png, .jpg, .webp or .tiff')
    if wanted is None or wanted is picture.format:
        return picture.data
    data = encode(picture, _PILLOW_NAMES[wanted])
    if data is None:
        raise ImportError(f"to save a {picture.format.name} as {ending} install Pillow and numpy: impasto[pictures]")
    return data
