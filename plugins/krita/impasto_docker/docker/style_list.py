"""The list of styles' thumbnails, which takes what is dropped on it."""

from __future__ import annotations

from pathlib import Path

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
from PyQt5.QtWidgets import QListView, QListWidget, QStyle, QStyledItemDelegate, QStyleOptionViewItem

ENDINGS = (".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff")
_SIDE = 56  # pixels of a thumbnail
_CELL = _SIDE + 6
_MOST_ROWS = 2  # that are seen without scrolling
STYLE = Qt.UserRole
KEY = Qt.UserRole + 1


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
            painter.drawText(inside, Qt.AlignCenter | Qt.TextWrapAnywhere, index.data(STYLE).label)


class StyleList(QListWidget):
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
        """More fit into a row, or fewer."""
        super().resizeEvent(event)
        self.fit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802  # Qt's name
        """As dragMoveEvent."""
        self.dragMoveEvent(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:  # noqa: N802  # Qt's name
        """Whether it might be a picture."""
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.setDropAction(Qt.CopyAction)
            event.accept()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802  # Qt's name
        """Takes what is a picture."""
        data = event.mimeData()
        paths = [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        pictures = [path for path in paths if path.lower().endswith(ENDINGS)]
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


def square_icon(image: QImage) -> QIcon:
    """The middle of a picture: thumbnails of one shape make a calm gallery."""
    side = 2 * _SIDE  # enough for screens with twice the pixels
    image = image.scaled(side, side, Qt.KeepAspectRatioByExpanding, Qt.SmoothTransformation)
    pixmap = QPixmap.fromImage(image.copy((image.width() - side) // 2, (image.height() - side) // 2, side, side))
    pixmap.setDevicePixelRatio(2)
    return QIcon(pixmap)
