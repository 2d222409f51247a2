"""The painting as it is now, and how its loss has fallen."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QImage, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PyQt5.QtWidgets import QSizePolicy, QWidget

_MOST_POINTS = 300  # of a curve: about one for each pixel across


class PictureView(QWidget):
    """A picture, as large as there is room for; while `compare` holds, what was there before."""

    def __init__(self) -> None:
        super().__init__()
        self._after = QImage()
        self._before = QImage()
        self._comparing = False
        policy = QSizePolicy(QSizePolicy.Expanding, QSizePolicy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumHeight(60)
        self.setAccessibleName("Preview")

    def show_picture(self, after: QImage, before: QImage) -> None:
        """Shows the painting, or as long as it is null, what it is painted from."""
        resized = self._shown_size(after, before) != self._shown_size(self._after, self._before)
        self._after, self._before = after, before
        if resized:
            self.updateGeometry()
        self.update()

    def compare(self, before: bool) -> None:
        """Shows what was there before, or the painting again."""
        self._comparing = before
        self.update()

    def hasHeightForWidth(self) -> bool:  # noqa: N802  # Qt's name
        """The picture keeps its shape."""
        return True

    def heightForWidth(self, width: int) -> int:  # noqa: N802  # Qt's name
        """As the picture is, but not much higher than wide."""
        size = self._shown_size(self._after, self._before)
        if size.isEmpty():
            return 0
        return max(60, min(round(width * size.height() / size.width()), round(width * 1.2)))

    def sizeHint(self) -> QSize:  # noqa: N802  # Qt's name
        """Of a docker that is as wide as most."""
        return QSize(260, self.heightForWidth(260))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draws it."""
        painter = QPainter(self)
        image = self._before if self._comparing or self._after.isNull() else self._after
        shape = self._shown_size(self._after, self._before)
        if image.isNull():
            return
        size = shape.scaled(self.size(), Qt.KeepAspectRatio)
        place = QRectF(
            (self.width() - size.width()) / 2, (self.height() - size.height()) / 2, size.width(), size.height()
        )
        painter.setRenderHint(QPainter.SmoothPixmapTransform)
        painter.drawImage(place, image)
        if self._comparing:
            self._name(painter, place, "Before")

    def _name(self, painter: QPainter, place: QRectF, name: str) -> None:
        box = painter.fontMetrics().boundingRect(name).adjusted(-6, -2, 6, 2)
        box.moveTopLeft(place.topLeft().toPoint())
        painter.fillRect(box, self.palette().color(QPalette.ToolTipBase))
        painter.setPen(self.palette().color(QPalette.ToolTipText))
        painter.drawText(box, Qt.AlignCenter, name)

    @staticmethod
    def _shown_size(after: QImage, before: QImage) -> QSize:
        return before.size() if after.isNull() else after.size()


class LossPlot(QWidget):
    """The total loss, step by step, on a scale of tens."""

    def __init__(self) -> None:
        super().__init__()
        self._points: list[tuple[float, float]] = []  # 0..1 from the left, 0..1 from the top
        self._text = ""
        self.setFixedHeight(44)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        self.setToolTip(
            "The loss at each iteration, on a logarithmic scale: the lower, the nearer is the picture to what is wanted"
        )
        self.setAccessibleName("Losses")

    def show_losses(self, losses: Sequence[float], iterations: int, text: str) -> None:
        """Shows a curve.

        Args:
            losses: one for each step.
            iterations: steps in all; 0: not known.
            text: beside the curve.
        """
        points = curve(losses, iterations)
        if (points, text) != (self._points, self._text):
            self._points, self._text = points, text
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draws it."""
        painter = QPainter(self)
        palette = self.palette()
        painter.fillRect(self.rect(), palette.color(QPalette.Base))
        left, top, width, height = 3, 4, self.width() - 6, self.height() - 8
        painter.setPen(palette.color(QPalette.Disabled, QPalette.Text))
        painter.drawText(self.rect().adjusted(4, 2, -4, -2), Qt.AlignRight | Qt.AlignTop, self._text)
        if len(self._points) > 1:
            painter.setRenderHint(QPainter.Antialiasing)
            painter.setPen(QPen(palette.color(QPalette.Highlight).lighter(120), 1.5))
            painter.drawPolyline(QPolygonF([QPointF(left + x * width, top + y * height) for x, y in self._points]))


class ProgressLine(QWidget):
    """How much is done. Unlike QProgressBar it doesn't draw before Qt has time for it: that would hold Krita up."""

    def __init__(self) -> None:
        super().__init__()
        self.share = 0.0
        self.setFixedHeight(4)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)

    def show_share(self, share: float) -> None:
        """Shows a share, 0..1."""
        if share != self.share:
            self.share = share
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802  # Qt's name
        """Draws it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.Base))
        done = QRectF(self.rect())
        done.setWidth(done.width() * self.share)
        painter.fillRect(done, self.palette().color(QPalette.Highlight))


def curve(losses: Sequence[float], iterations: int) -> list[tuple[float, float]]:
    """Losses as points of a curve in the unit square, from the upper left; as few as can be seen."""
    step = max(1, len(losses) // _MOST_POINTS)
    numbers = list(range(0, len(losses), step))
    if numbers and numbers[-1] != len(losses) - 1:
        numbers.append(len(losses) - 1)
    heights = [(number, math.log10(losses[number])) for number in numbers if 0 < losses[number] < math.inf]
    if not heights:
        return []
    most, least = max(y for _, y in heights), min(y for _, y in heights)
    across, down = max(iterations, len(losses) - 1, 1), (most - least) or 1.0
    return [(x / across, (most - y) / down) for x, y in heights]
