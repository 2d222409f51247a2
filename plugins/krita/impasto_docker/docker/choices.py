"""What is chosen: one for all windows of Krita."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QObject, pyqtSignal

from impasto_docker.core.raw_pixels import raw_pixels
from impasto_docker.core.settings import SettingError, Settings, Style, weights
from impasto_docker.docker.images import small_image
from impasto_docker.docker.thumbnails import SIDE
from impasto_docker.document.images import image_pixels
from impasto_docker.document.pixels import travel_format
from impasto_docker.document.style_picture import style_pixels
from impasto_docker.document.target import document_name

if TYPE_CHECKING:
    from krita import Document
    from PyQt5.QtGui import QImage

    from impasto_docker.core.session import Session
    from impasto_docker.docker.thumbnails import Thumbnails


class Choices(QObject):
    """The settings, and the styles that there are besides the server's.

    Signals:
        changed: `settings` or `styles` are others.
        refused: for people: why something can't be chosen.
    """

    changed = pyqtSignal()
    refused = pyqtSignal(str)

    def __init__(self, parent: QObject, session: Session, thumbnails: Thumbnails) -> None:
        """As they were left the last time."""
        super().__init__(parent)
        self._session = session
        self._thumbnails = thumbnails
        preferences = session.preferences()
        self.settings = preferences.last
        if self.settings.style.kind == "picture":  # gone with the Krita that held it
            self.settings = replace(self.settings, style=Style())
        self.styles = list(preferences.recent)
        self._pictures: dict[str, Any] = {}

    def choose(self, settings: Settings, running: str = "") -> None:
        """Other settings, kept for the next time. Their weights act on a running job as well.

        Args:
            settings: what the user chose.
            running: an entry's id; "": none runs.
        """
        before, self.settings = self.settings, settings
        self._session.remember(settings)
        if running and _weights_of(before) != _weights_of(settings):
            try:
                self._session.change_weights(running, *weights(settings, self._session.status().model(settings.model)))
            except SettingError as error:
                self.refused.emit(error.words)
        self.changed.emit()

    def choose_style(self, style: Style) -> None:
        """Another style; a new one is kept among the others."""
        known = style in self.styles or style.kind == "library"
        self.styles[:0] = [] if known else [style]
        self.choose(replace(self.settings, style=style))

    def take_document(self, document: Document | None) -> None:
        """Makes a document, as it looks now, the style."""
        if document is None:
            self.refused.emit("No picture is open. Open the one that is to be the style.")
        else:
            self._take_picture(style_pixels(document)[0], document_name(document))

    def take_image(self, image: QImage) -> None:
        """Makes a picture that was dropped the style."""
        self._take_picture(image_pixels(image, image.hasAlphaChannel()), "Dropped picture")

    def usable(self) -> Settings:
        """The settings, with the server's first model where it hasn't the one that was chosen."""
        known = self._session.status().model(self.settings.model) is not None
        return self.settings if known else replace(self.settings, model="")

    def style_picture(self) -> Any:
        """The pixels of the chosen style, for a session; None: it is a file, or the server has it."""
        style = self.settings.style
        return self._pictures.get(style.value) if style.kind == "picture" else None

    def _take_picture(self, pixels: Any, label: str) -> None:
        key = f"picture-{len(self._pictures) + 1}"
        height, width = pixels.shape[:2]
        self._pictures[key] = raw_pixels(pixels.tobytes(), travel_format(pixels), width, height)
        self._thumbnails.put(key, small_image(pixels, SIDE))
        self.choose_style(Style("picture", key, label))


def _weights_of(settings: Settings) -> tuple[object, ...]:
    return settings.strength, settings.content_weight, settings.style_weight
