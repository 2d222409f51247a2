"""The server's pictures as Qt's. For any thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QBuffer, QIODevice, QSize, Qt
from PyQt5.QtGui import QImage, QImageReader, QPainter

if TYPE_CHECKING:
    import numpy as np

_FORMATS = {1: QImage.Format_Grayscale8, 3: QImage.Format_RGB888, 4: QImage.Format_RGBA8888}


def preview_image(preview: Any) -> QImage:
    """A preview (an impasto.Picture of raw RGB8 pixels) in the format that is drawn fastest."""
    stride = preview.stride or preview.width * 3
    image = QImage(preview.data, preview.width, preview.height, stride, QImage.Format_RGB888)
    return image.convertToFormat(QImage.Format_RGB32)  # a copy: the bytes may go


def small_image(pixels: np.ndarray, side: int) -> QImage:
    """Pixels in sRGB (height x width, or x 1..4; uint8, uint16 or floats in 0..1) as a picture of at most `side`."""
    import numpy as np

    if pixels.ndim == 2:
        pixels = pixels[..., np.newaxis]
    # What isn't shown needn't be converted: twice the side is left for the smooth step.
    step = max(1, max(pixels.shape[:2]) // (2 * side))
    pixels = pixels[::step, ::step]
    if pixels.dtype == np.uint16:
        pixels = (pixels >> 8).astype(np.uint8)
    elif pixels.dtype != np.uint8:
        pixels = (np.clip(np.nan_to_num(pixels), 0, 1) * 255 + 0.5).astype(np.uint8)
    if pixels.shape[2] == 2:
        pixels = np.concatenate([pixels[..., :1]] * 3 + [pixels[..., 1:]], axis=2)
    height, width, channels = pixels.shape
    data = np.ascontiguousarray(pixels).tobytes()
    image = QImage(data, width, height, width * channels, _FORMATS[channels])
    if max(width, height) > side:
        return image.scaled(side, side, Qt.KeepAspectRatio, Qt.SmoothTransformation)
    return image.copy()


def jpeg(image: QImage) -> bytes:
    """A picture as a JPEG file; what is transparent comes on grey."""
    if image.hasAlphaChannel():
        flat = QImage(image.size(), QImage.Format_RGB32)
        flat.fill(Qt.gray)
        painter = QPainter(flat)
        painter.drawImage(0, 0, image)
        painter.end()
        image = flat
    buffer = QBuffer()
    buffer.open(QIODevice.WriteOnly)
    image.save(buffer, "JPEG", 90)
    return bytes(buffer.data())


def read_small(path: str, side: int) -> QImage:
    """A picture file, upright, of at most `side` pixels each way; null: it can't be read."""
    reader = QImageReader(path)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > side:
        reader.setScaledSize(size.scaled(QSize(side, side), Qt.KeepAspectRatio))
    return reader.read()
