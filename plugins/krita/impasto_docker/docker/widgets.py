"""What the docker's parts are made of: Krita's icons, and a few widgets in its manner."""

from __future__ import annotations

from typing import Any, Callable

from krita import Krita
from PyQt5.QtCore import QEvent, QObject, QSize, Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtWidgets import (
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

NEAR = 4  # pixels between things that belong together
FAR = 8
ICON = 16


def column(*parts: QWidget | QLayout, spacing: int = NEAR) -> QVBoxLayout:
    """Parts below each other, without a margin."""
    return _fill(QVBoxLayout(), parts, spacing)


def row(*parts: QWidget | QLayout, spacing: int = NEAR) -> QHBoxLayout:
    """Parts beside each other, without a margin."""
    return _fill(QHBoxLayout(), parts, spacing)


def _fill(layout: QLayout, parts: tuple[QWidget | QLayout, ...], spacing: int) -> Any:
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for part in parts:
        layout.addLayout(part) if isinstance(part, QLayout) else layout.addWidget(part)
    return layout


def grid(*lines: tuple[str, QWidget | QLayout]) -> QGridLayout:
    """Labels on the left, what they name on the right; parts without a label from side to side."""
    layout = QGridLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(NEAR)
    layout.setColumnStretch(1, 1)
    for number, (title, part) in enumerate(lines):
        if title:
            named = part if isinstance(part, QWidget) else part.itemAt(0).widget()
            layout.addWidget(label_of(title, named), number, 0)
        place = (number, 1) if title else (number, 0, 1, 2)
        layout.addLayout(part, *place) if isinstance(part, QLayout) else layout.addWidget(part, *place)
    return layout


def combo_box() -> QComboBox:
    """That shrinks with the docker."""
    box = QComboBox()
    box.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(3)
    return box


def label_of(title: str, named: QWidget) -> QLabel:
    """A label whose key, after "&", goes to the widget that it names."""
    label = QLabel(title)
    label.setBuddy(named)
    return label


class IconButton(QToolButton):
    """A flat button with one of Krita's icons."""

    def __init__(self, icon: str, tip: str, clicked: Callable[[], object] | None = None, text: str = "") -> None:
        super().__init__()
        self._icon = icon
        self.setAutoRaise(not text)
        self.setIconSize(QSize(ICON, ICON))
        self.setToolTip(tip)
        self.setAccessibleName(text or tip)
        self.setFocusPolicy(Qt.TabFocus)
        if text:
            self.setText(text)
            self.setToolButtonStyle(Qt.ToolButtonTextBesideIcon)
        if clicked is not None:
            self.clicked.connect(lambda: clicked())
        self.use_icon(icon)

    def use_icon(self, icon: str) -> None:
        """Another of Krita's icons, by its name."""
        self._icon = icon
        self.setIcon(Krita.instance().icon(icon))

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802  # Qt's name
        """Krita has other icons for dark themes than for light ones."""
        super().changeEvent(event)
        if event.type() == QEvent.PaletteChange:
            self.use_icon(self._icon)


class Words(QLabel):
    """A text that wraps; while it is empty, it takes no room, or that of one line."""

    def __init__(self, text: str = "", selectable: bool = False, keeps_room: bool = False) -> None:
        super().__init__()
        self._keeps_room = keeps_room
        if keeps_room:
            self.setMinimumHeight(self.fontMetrics().lineSpacing())
        self.setWordWrap(True)
        self.setTextFormat(Qt.PlainText)
        policy = QSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        if selectable:
            self.setTextInteractionFlags(Qt.TextSelectableByMouse)
        self.say(text)

    def say(self, text: str) -> None:
        """Shows a text."""
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text) or self._keeps_room)


class Section(QWidget):
    """Parts under a title that folds them away."""

    def __init__(self, title: str, inside: QLayout, tip: str = "", unfolded: bool = True) -> None:
        super().__init__()
        self._title = QToolButton()
        self._title.setText(title)
        self._title.setToolTip(tip)
        self._title.setAutoRaise(True)
        self._title.setFocusPolicy(Qt.TabFocus)
        self._title.setToolButtonStyle(Qt.ToolButtonTextBesideIcon)
        self._title.clicked.connect(lambda: self.fold(self.is_unfolded()))
        self._inside = QWidget()
        inside.setContentsMargins(NEAR, 0, NEAR, 0)
        self._inside.setLayout(inside)
        self.setLayout(column(self._title, self._inside))
        self.fold(not unfolded)

    def is_unfolded(self) -> bool:
        """Whether its parts are seen."""
        return not self._inside.isHidden()

    def fold(self, folded: bool) -> None:
        """Folds its parts away, or shows them again."""
        self._title.setArrowType(Qt.RightArrow if folded else Qt.DownArrow)
        self._inside.setHidden(folded)


class _ScrollPast(QObject):
    """Lets the wheel scroll the docker instead of changing what happens to be under the pointer."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802  # Qt's name
        if isinstance(event, QWheelEvent) and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


def scroll_past(*widgets: QAbstractSlider | QAbstractSpinBox | QComboBox) -> None:
    """Only a widget that has the focus takes the wheel."""
    for widget in widgets:
        widget.setFocusPolicy(Qt.StrongFocus)
        widget.installEventFilter(_ScrollPast(widget))
