"""The painting that is shown: how it gets on, and what can be done with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtGui import QImage
from PyQt5.QtWidgets import QSizePolicy, QWidget

from impasto_docker.docker import phrases
from impasto_docker.docker.images import preview_image
from impasto_docker.docker.picture_view import LossPlot, PictureView, ProgressLine
from impasto_docker.docker.widgets import IconButton, Words, column, row

if TYPE_CHECKING:
    from impasto_docker.core.paintings import Item


class PreviewPanel(QWidget):
    """Picture, curve, expected end, and buttons. Hidden while there is nothing to show.

    Signals:
        stop, cancel, apply, recipe, discard: the button for it was clicked.
    """

    stop = pyqtSignal()
    cancel = pyqtSignal()
    apply = pyqtSignal()
    recipe = pyqtSignal()
    discard = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._shown = ""
        self._preview_number = -1
        self._preview = QImage()
        self._picture = PictureView()
        self._plot = LossPlot()
        self._bar = ProgressLine()
        self._progress = Words()
        self._fault = Words(selectable=True)
        self._stop = self._button("animation_stop", "Stop", "Ends it now and keeps the best picture so far", self.stop)
        self._cancel = self._button("dialog-cancel", "Cancel", "Ends it without a picture", self.cancel)
        self._apply = self._button(
            "dialog-ok", "Apply", "Puts the painting into the picture, as a new layer", self.apply
        )
        self._compare = IconButton("visible", "Hold to see what was there before")
        self._compare.pressed.connect(lambda: self._picture.compare(True))
        self._compare.released.connect(lambda: self._picture.compare(False))
        self._recipe = IconButton("document-properties", "Shows how it was painted", self.recipe.emit)
        self._discard = IconButton(
            "edit-delete", "Discards the painting; layers that were made of it stay", self.discard.emit
        )
        buttons = row(self._apply, self._stop, self._cancel, self._compare, self._recipe, self._discard)
        self.setLayout(column(self._picture, self._plot, self._bar, self._progress, self._fault, buttons))
        self.hide()

    def show_item(self, item: Item | None, before: QImage, after: QImage) -> None:
        """Shows a painting; None: nothing.

        Args:
            item: of the session's.
            before: what it is painted from; null: not known.
            after: the finished painting; null: not there, or not read yet.
        """
        self.setVisible(item is not None)
        if item is None:
            self._shown = ""
            return
        if item.entry.id != self._shown:
            self._shown, self._preview_number, self._preview = item.entry.id, -1, QImage()
        live = item.live
        if live is not None and live.preview is not None and live.preview_number != self._preview_number:
            self._preview_number, self._preview = live.preview_number, preview_image(live.preview)
        self._picture.show_picture(self._preview if after.isNull() else after, before)
        self._show_progress(item)
        self._show_buttons(item, not before.isNull())

    def _show_progress(self, item: Item) -> None:
        live, running = item.live, not item.entry.finished
        plotted = live is not None and len(live.total_losses) > 1
        self._plot.setVisible(plotted)
        if live is not None and plotted:
            self._plot.show_losses(live.total_losses, live.iterations, f"Loss {live.total_loss:.3g}")
        self._bar.setVisible(running)
        steps = live.iterations if live is not None else 0
        self._bar.show_share(min(live.iteration / steps, 1.0) if live is not None and steps else 0.0)
        self._progress.say(phrases.progress(item))
        self._fault.say(phrases.fault(item))

    def _show_buttons(self, item: Item, can_compare: bool) -> None:
        running, has_result = not item.entry.finished, item.entry.result is not None
        self._apply.setVisible(has_result)
        self._apply.setText("Apply Again" if item.entry.applied else "Apply")
        self._stop.setVisible(running)
        self._stop.setEnabled(item.phase == "painting")
        self._cancel.setVisible(running)
        self._compare.setEnabled(can_compare)
        self._recipe.setEnabled(bool(item.entry.recipe_json))
        self._discard.setVisible(not running)

    def _button(self, icon: str, text: str, tip: str, signal) -> IconButton:  # type: ignore[no-untyped-def]
        button = IconButton(icon, tip, signal.emit, text)
        button.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
        return button
