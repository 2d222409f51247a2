"""The styles to choose from, as thumbnails."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QFileDialog, QListWidgetItem, QWidget

from impasto_docker.core.settings import Style
from impasto_docker.docker.style_list import ENDINGS, KEY, STYLE, StyleList, square_icon
from impasto_docker.docker.widgets import NEAR, IconButton, Words, column, row

if TYPE_CHECKING:
    from impasto_docker.core.server_watch import ServerStatus
    from impasto_docker.docker.thumbnails import Thumbnails


class Gallery(QWidget):
    """Styles of the server's library, of files and of open pictures.

    Signals:
        chosen: a Style.
        added: a list of files' paths, which become styles; the first is chosen.
        take_document: the current picture is to be a style.
        take_image: a QImage is to be one.
        refused: why something can't be a style.
    """

    chosen = pyqtSignal(object)
    added = pyqtSignal(list)
    take_document = pyqtSignal()
    take_image = pyqtSignal(QImage)
    refused = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self._thumbnails: Thumbnails | None = None
        self._styles: list[Style] = []
        self._pictures = StyleList()
        self._pictures.currentItemChanged.connect(self._choose)
        self._pictures.dropped_files.connect(self.added)
        self._pictures.dropped_image.connect(self.take_image)
        self._pictures.refused.connect(self.refused)
        self._label = Words()
        add = IconButton("document-open", "Adds picture files: PNG, JPEG, WebP or TIFF. They can be dropped here, too.")
        add.clicked.connect(self._open_files)
        document = IconButton("camera-photo", "Makes the current picture, as it looks now, a style")
        document.clicked.connect(self.take_document)
        self.setLayout(column(row(self._label, add, document, spacing=0), self._pictures, spacing=NEAR))
        self._show_label(None)

    def use(self, thumbnails: Thumbnails) -> None:
        """Where pictures are from; before `show_styles`."""
        self._thumbnails = thumbnails
        thumbnails.arrived.connect(self._put_icon)

    def show_styles(self, styles: Iterable[Style], server: ServerStatus, chosen: Style) -> None:
        """Shows the library's styles and after them others.

        Args:
            styles: files and pictures.
            server: with its library.
            chosen: is marked; shown also if it is in neither.
        """
        shown = []
        for info in server.styles:
            shown.append(Style("library", info.name, info.display_name or "A style of the server's"))
            if info.thumbnail:
                self._thumbnails.get(info.name, partial(QImage.fromData, info.thumbnail))
        for style in (*styles, chosen):
            # A library's style that was used lately, of a server that is away now, stays away with it.
            if style.kind != "none" and style not in shown and (style.kind != "library" or style == chosen):
                shown.append(style)
        if [(style, style.label) for style in shown] != [(style, style.label) for style in self._styles]:
            self._styles = shown
            self._fill()
        self._mark(chosen)

    def _fill(self) -> None:
        self._pictures.blockSignals(True)
        self._pictures.clear()
        for style in self._styles:
            item = QListWidgetItem(self._pictures)
            item.setData(STYLE, style)
            item.setData(KEY, style.value)
            item.setData(Qt.AccessibleTextRole, style.label)
            item.setToolTip(_origin(style))
            if style.kind == "file":
                self._thumbnails.of_file(style.value)
            self._show_icon(item)
        self._pictures.fit()
        self._pictures.blockSignals(False)

    def _mark(self, chosen: Style) -> None:
        self._pictures.blockSignals(True)
        row = self._styles.index(chosen) if chosen in self._styles else -1
        self._pictures.setCurrentRow(row)
        self._pictures.blockSignals(False)
        self._show_label(chosen if row >= 0 else None)

    def _put_icon(self, key: str) -> None:
        for number in range(self._pictures.count()):
            item = self._pictures.item(number)
            if item.data(KEY) == key:
                self._show_icon(item)

    def _show_icon(self, item: QListWidgetItem) -> None:
        image = self._thumbnails.known(item.data(KEY))
        if image is not None and not image.isNull():
            item.setIcon(square_icon(image))

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._show_label(item.data(STYLE))
            self.chosen.emit(item.data(STYLE))

    def _show_label(self, style: Style | None) -> None:
        if style is not None:
            self._label.say(f"Style: {style.label}")
        elif self._styles:
            self._label.say("Style: choose one")
        else:
            self._label.say("Style: drop a painting here, or add a file")
        self._label.setToolTip("" if style is None else _origin(style))

    def _open_files(self) -> None:
        endings = " ".join(f"*{ending}" for ending in ENDINGS)
        paths, _ = QFileDialog.getOpenFileNames(self, "Add Styles", "", f"Pictures ({endings})")
        if paths:
            self.added.emit(paths)


def style_of_file(path: str) -> Style:
    """A picture file as a style."""
    return Style("file", path, Path(path).stem.replace("_", " "))


def _origin(style: Style) -> str:
    if style.kind == "library":
        return f"{style.label}\nKept by the server"
    return f"{style.label}\n{style.value}" if style.kind == "file" else f"{style.label}\nAs it looked when it was taken"
