"""All paintings: those under way, and what is left of earlier ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Callable

from PyQt5.QtCore import QSize, Qt, pyqtSignal
from PyQt5.QtGui import QIcon, QImage, QKeyEvent, QPainter, QPixmap
from PyQt5.QtWidgets import QListWidget, QListWidgetItem

from impasto_docker.docker import phrases

if TYPE_CHECKING:
    from impasto_docker.core.paintings import Item

_SIDE = 40  # pixels of a thumbnail
_LINES = 4  # that are seen without scrolling
_ID = Qt.UserRole
_FINISHED = Qt.UserRole + 1  # the icon is the painting's, not the photograph's


class HistoryList(QListWidget):
    """The newest first. What is chosen is shown by the preview.

    Signals:
        chosen: an entry's id.
        apply: an entry's id; it was double-clicked, or Enter was pressed.
        discard: an entry's id; Delete was pressed.
    """

    chosen = pyqtSignal(str)
    apply = pyqtSignal(str)
    discard = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setIconSize(QSize(_SIDE, _SIDE))
        self.setUniformItemSizes(True)
        self.setTextElideMode(Qt.ElideRight)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setAccessibleName("History of paintings")
        self.currentItemChanged.connect(self._choose)
        # Not when it is activated: on some desktops a single click does that.
        self.itemDoubleClicked.connect(lambda line: self.apply.emit(line.data(_ID)))
        self.verticalScrollBar().valueChanged.connect(self._show_icons)
        self._items: dict[str, Item] = {}
        self._picture: Callable[[Item], QImage | None] = lambda _: None

    def use(self, picture: Callable[[Item], QImage | None]) -> None:
        """Where thumbnails are from: None is one that isn't there yet. Asked for lines that are seen alone."""
        self._picture = picture

    def show_items(self, items: Sequence[Item]) -> None:
        """Shows the history."""
        self._items = {item.entry.id: item for item in items}
        ids = list(self._items)
        if ids != [self.item(number).data(_ID) for number in range(self.count())]:
            self._fill(ids)
        lines = max(1, min(len(items), _LINES))
        self.setFixedHeight(lines * (_SIDE + 8) + 2 * self.frameWidth())
        for item in items:
            self.update_item(item)

    def update_item(self, item: Item) -> None:
        """Shows what has become of one."""
        line = self._line(item.entry.id)
        if line is None:
            return
        self._items[item.entry.id] = item
        text = f"{phrases.title(item)}\n{phrases.short_state(item)}"
        if line.text() != text:
            line.setText(text)
            line.setToolTip(f"{text}\n{item.entry.place.document_name}")
        self._show_icon(line)

    def mark(self, entry_id: str) -> None:
        """Chooses a line, without a signal; "": none."""
        self.blockSignals(True)
        line = self._line(entry_id)
        self.setCurrentItem(line)
        if line is None:
            self.clearSelection()
        self.blockSignals(False)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802  # Qt's name
        """Enter applies, Delete discards."""
        line = self.currentItem()
        if line is not None and event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self.apply.emit(line.data(_ID))
        elif line is not None and event.key() == Qt.Key_Delete:
            self.discard.emit(line.data(_ID))
        else:
            super().keyPressEvent(event)

    def _fill(self, ids: Sequence[str]) -> None:
        chosen = self.currentItem().data(_ID) if self.currentItem() is not None else ""
        self.blockSignals(True)
        self.clear()
        for entry_id in ids:
            line = QListWidgetItem(self)
            line.setData(_ID, entry_id)
            line.setSizeHint(QSize(0, _SIDE + 8))
        self.blockSignals(False)
        self.mark(chosen)

    def _show_icons(self) -> None:
        for number in range(self.count()):
            self._show_icon(self.item(number))

    def _show_icon(self, line: QListWidgetItem) -> None:
        item = self._items[line.data(_ID)]
        finished = item.entry.result is not None
        if line.data(_FINISHED) == finished or not self.visualItemRect(line).intersects(self.viewport().rect()):
            return
        picture = self._picture(item)
        if picture is not None and not picture.isNull():
            line.setIcon(_icon(picture))
            line.setData(_FINISHED, finished)

    def _line(self, entry_id: str) -> QListWidgetItem | None:
        for number in range(self.count()):
            if self.item(number).data(_ID) == entry_id:
                return self.item(number)
        return None

    def _choose(self, line: QListWidgetItem | None) -> None:
        if line is not None:
            self.chosen.emit(line.data(_ID))


def _icon(picture: QImage) -> QIcon:
    """On a square, so that all texts begin at one place."""
    square = QPixmap(2 * _SIDE, 2 * _SIDE)  # enough for screens with twice the pixels
    square.fill(Qt.transparent)
    scaled = picture.scaled(square.size(), Qt.KeepAspectRatio, Qt.SmoothTransformation)
    painter = QPainter(square)
    painter.drawImage((square.width() - scaled.width()) // 2, (square.height() - scaled.height()) // 2, scaled)
    painter.end()
    square.setDevicePixelRatio(2)
    return QIcon(square)
