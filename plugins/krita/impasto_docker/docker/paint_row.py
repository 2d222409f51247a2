"""What would be painted, and the button that does it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import QTimer, pyqtSignal
from PyQt5.QtWidgets import QPushButton, QWidget

from impasto_docker.docker.outline import Outline, outline
from impasto_docker.docker.widgets import Words, column
from impasto_docker.document.find import active_document

if TYPE_CHECKING:
    from PyQt5.QtGui import QHideEvent, QShowEvent

_LOOK = 700  # ms from one look at the document to the next: Krita doesn't tell of selections


class PaintRow(QWidget):
    """Looks at the active document as long as it is seen.

    Attributes:
        outline: what would be painted.

    Signals:
        changed: the outline did.
        paint: the button was clicked.
    """

    changed = pyqtSignal()
    paint = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self.outline = Outline("", 0, 0)
        self._source = "layer"
        self._obstacle = ""
        self._words = Words()
        self._button = QPushButton("Paint")
        self._button.setToolTip("Starts to paint. Krita can be used meanwhile, also to paint more.")
        self._button.clicked.connect(self.paint)
        self._timer = QTimer(self)
        self._timer.setInterval(_LOOK)
        self._timer.timeout.connect(self.look)
        self.setLayout(column(self._words, self._button))

    def use_source(self, source: str) -> None:
        """What is painted of a document, as of Settings."""
        self._source = source
        self.look()

    def set_obstacle(self, words: str) -> None:
        """Why nothing can be painted, whatever the document is; "": it can."""
        self._obstacle = words
        self._show()

    def look(self) -> None:
        """Looks now."""
        if not self.isVisible():
            return
        found = outline(active_document(), self._source)
        if found != self.outline:
            self.outline = found
            self._show()
            self.changed.emit()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Looks again."""
        super().showEvent(event)
        self._timer.start()
        self.look()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """Looks no more."""
        super().hideEvent(event)
        self._timer.stop()

    def _show(self) -> None:
        self._words.say(self._obstacle or self.outline.words)
        self._button.setEnabled(not self._obstacle and self.outline.width > 0)
