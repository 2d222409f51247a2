"""Qt's pictures and arrays."""

from __future__ import annotations

import numpy as np
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QImage

from impasto_docker.document.pixels import Array


def image_pixels(image: QImage, alpha: bool) -> Array:
    """Height x width x R, G, B (and A, straight), uint8."""
    channels = 4 if alpha else 3
    image = image.convertToFormat(QImage.Format_RGBA8888 if alpha else QImage.Format_RGB888)
    bits = image.constBits()
    bits.setsize(image.sizeInBytes())
    rows = np.frombuffer(bits, "u1").reshape(image.height(), image.bytesPerLine())
    return rows[:, : image.width() * channels].reshape(image.height(), image.width(), channels).copy()


def scaled(pixels: Array, width: int, height: int) -> Array:
    """R, G, B in uint8 at another size, smoothly."""
    if pixels.shape[:2] == (height, width):
        return pixels
    image = QImage(pixels.tobytes(), pixels.shape[1], pixels.shape[0], pixels.shape[1] * 3, QImage.Format_RGB888)
    return image_pixels(image.scaled(width, height, Qt.IgnoreAspectRatio, Qt.SmoothTransformation), False)
