"""The styles to choose from, as thumbnails."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QModelIndex, QSize, Qt, pyqtSignal
from PyQt5.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QIcon,
    QImage,
    QPainter,
    QPalette,
    QPixmap,
    QResizeEvent,
)
from PyQt5.QtWidgets import (
    QFileDialog,
    QListView,
    QListWidget,
    QListWidgetItem,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from impasto_docker.core.settings import Style
from impasto_docker.docker.widgets import NEAR, IconButton, Words, column, row

if TYPE_CHECKING:
    from impasto_docker.core.server_watch import ServerStatus
    from impasto_docker.docker.thumbnails import Thumbnails

_ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
_SIDE = 56  # pixels of a thumbnail
_CELL = _SIDE + 6
_MOST_ROWS = 2  # that are seen without scrolling
_STYLE = Qt.UserRole
_KEY = Qt.UserRole + 1


class _Cell(QStyledItemDelegate):
    """A thumbnail, framed if it is chosen; the name where there is no picture."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # noqa: N802  # Qt's name
        return QSize(_CELL, _CELL)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        palette = option.palette
        if option.state & QStyle.State_Selected:
            painter.fillRect(option.rect, palette.color(QPalette.Highlight))
        elif option.state & (QStyle.State_MouseOver | QStyle.State_HasFocus):
            painter.fillRect(option.rect, palette.color(QPalette.Mid))
        inside = option.rect.adjusted(3, 3, -3, -3)
        icon = index.data(Qt.DecorationRole)
        if icon is not None:
            icon.paint(painter, inside)
        else:
            painter.fillRect(inside, palette.color(QPalette.Button))
            painter.setPen(palette.color(QPalette.ButtonText))
            painter.drawText(inside, Qt.AlignCenter | Qt.TextWrapAnywhere, index.data(_STYLE).label)


class _Pictures(QListWidget):
    """The list, which also takes files that are dropped.

    Signals:
        dropped_files: paths.
        dropped_image: a QImage, from a browser for one.
        refused: why what was dropped can't be taken.
    """

    dropped_files = pyqtSignal(list)
    dropped_image = pyqtSignal(QImage)
    refused = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setViewMode(QListView.IconMode)
        self.setResizeMode(QListView.Adjust)
        self.setMovement(QListView.Static)
        self.setItemDelegate(_Cell(self))
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.fit()
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setAcceptDrops(True)
        self.setAccessibleName("Styles")

    def fit(self) -> None:
        """Takes as much room as there are styles for."""
        across = max(1, (self.width() - 2 * self.frameWidth()) // _CELL)
        rows = max(1, min(_MOST_ROWS, -(-self.count() // across)))
        self.setFixedHeight(rows * _CELL + 2 * self.frameWidth())

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802  # Qt's name
        super().resizeEvent(event)
        self.fit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802  # Qt's name
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802  # Qt's name
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.setDropAction(Qt.CopyAction)
            event.accept()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802  # Qt's name
        data = event.mimeData()
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        pictures = [path for path in paths if path.lower().endswith(_ENDINGS)]
        event.setDropAction(Qt.CopyAction)
        event.accept()
        if pictures:
            self.dropped_files.emit(pictures)
        elif data.hasImage() and not QImage(data.imageData()).isNull():
            self.dropped_image.emit(QImage(data.imageData()))
        elif paths:
            self.refused.emit(f"{Path(paths[0]).name} can't be a style: drop a PNG, JPEG, WebP or TIFF file.")
        else:
            self.refused.emit("That isn't on this computer: save the picture as a file first, then drop the file.")


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
        self._pictures = _Pictures()
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
                data = info.thumbnail
                self._thumbnails.get(info.name, lambda data=data: QImage.fromData(data))
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
            item.setData(_STYLE, style)
            item.setData(_KEY, style.value)
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
            if item.data(_KEY) == key:
                self._show_icon(item)

    def _show_icon(self, item: QListWidgetItem) -> None:
        image = self._thumbnails.known(item.data(_KEY))
        if image is not None and not image.isNull():
            item.setIcon(QIcon(_square(image)))

    def _choose(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            self._show_label(item.data(_STYLE))
            self.chosen.emit(item.data(_STYLE))

    def _show_label(self, style: Style | None) -> None:
        if style is not None:
            self._label.say(f"Style: {style.label}")
        elif self._styles:
            self._label.say("Style: choose one")
        else:
            self._label.say("Style: drop a painting here, or add a file")
        self._label.setToolTip("" if style is None else _origin(style))

    def _open_files(self) -> None:
        endings = " ".join(f"*{ending}" for ending in _ENDINGS)
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


def _square(image: QImage) -> QPixmap:
    """The middle of a picture: thumbnails of one shape make a calm gallery."""
    side = 2 * _SIDE  # enough for screens with twice the pixels
    image = image.scaled(side, side, Qt.KeepAspectRatioByExpanding, Qt.SmoothTransformation)
    pixmap = QPixmap.fromImage(image.copy((image.width() - side) // 2, (image.height() - side) // 2, side, side))
    pixmap.setDevicePixelRatio(2)
    return pixmap
