"""A number as Krita shows those that one slides: in words upon a bar, to be dragged, spun or typed."""

from __future__ import annotations

from typing import Callable

from PyQt5.QtCore import QEvent, QObject, QRectF, Qt
from PyQt5.QtGui import QPainter, QPalette
from PyQt5.QtWidgets import QLineEdit, QSizePolicy, QSpinBox, QStyle, QStyleOptionFrame

from impasto_docker.docker.widgets import scroll_past


class Slider(QSpinBox):
    """A whole number.

    Dragging sets it; a double click, or typing, edits it; arrow keys and the wheel go in small steps.
    """

    def __init__(self, name: str, least: int, most: int, unit: str, tip: str, changed: Callable[[], None]) -> None:
        super().__init__()
        self._editing = False
        self.setRange(least, most)
        self.setPrefix(f"{name}: ")
        self.setSuffix(unit)
        self.setToolTip(f"{tip}\nDouble-click to type it.")
        self.setAccessibleName(name)
        self.setAlignment(Qt.AlignCenter)
        self.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        self.lineEdit().setCursor(Qt.SplitHCursor)
        self.lineEdit().installEventFilter(self)
        self.valueChanged.connect(lambda _: changed())
        self.editingFinished.connect(self._end_editing)
        scroll_past(self)

    def set_value(self, value: float) -> None:
        """Another number; rounded."""
        self.setValue(round(value))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        """Of the field within, which is a bar unless it is edited."""
        line = self.lineEdit()
        if watched is not line or self._editing:
            return False
        kind = event.type()
        if kind == QEvent.Paint:
            self._paint_bar(line)
            return True
        if kind in (QEvent.MouseButtonPress, QEvent.MouseMove) and event.buttons() & Qt.LeftButton:
            self.setFocus(Qt.MouseFocusReason)
            span = self.maximum() - self.minimum()
            self.setValue(self.minimum() + round(span * event.pos().x() / max(1, line.width() - 1)))
            return True
        if kind == QEvent.MouseButtonDblClick:
            self._editing = True
            self.selectAll()
            line.setCursor(Qt.IBeamCursor)
            line.update()
            return True
        return kind == QEvent.MouseButtonRelease

    def _end_editing(self) -> None:
        self._editing = False
        self.lineEdit().setCursor(Qt.SplitHCursor)
        self.lineEdit().deselect()
        self.lineEdit().update()

    def _paint_bar(self, line: QLineEdit) -> None:
        painter = QPainter(line)
        option = QStyleOptionFrame()
        option.initFrom(line)
        group = QPalette.Normal if self.isEnabled() else QPalette.Disabled
        painter.fillRect(line.rect(), line.palette().color(group, QPalette.Base))
        share = (self.value() - self.minimum()) / max(1, self.maximum() - self.minimum())
        bar = QRectF(line.rect())
        bar.setWidth(bar.width() * share)
        painter.fillRect(bar, line.palette().color(group, QPalette.Highlight))
        self.style().drawItemText(
            painter, line.rect(), Qt.AlignCenter, line.palette(), self.isEnabled(), line.text(), QPalette.Text
        )
        if self.hasFocus() and option.state & QStyle.State_Enabled:
            painter.setPen(line.palette().color(QPalette.Highlight).lighter(140))
            painter.drawRect(line.rect().adjusted(0, 0, -1, -1))
