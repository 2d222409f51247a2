"""What is done with documents and jobs, for all windows of Krita together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from krita import Krita
from PyQt5.QtCore import QObject, QTimer, pyqtSignal
from PyQt5.QtGui import QImage

from impasto_docker.core.local_server import find_local_server
from impasto_docker.core.raw_pixels import raw_pixels
from impasto_docker.core.settings import SettingError
from impasto_docker.docker.choices import Choices
from impasto_docker.docker.images import jpeg, small_image
from impasto_docker.docker.thumbnails import Thumbnails
from impasto_docker.document.apply import apply, is_idle, keep_recipe, place_in
from impasto_docker.document.find import active_document, find_document
from impasto_docker.document.preview_layer import PreviewLayer
from impasto_docker.document.target import Refusal, document_name, open_target

if TYPE_CHECKING:
    from krita import Document

    from impasto_docker.core.history import Entry
    from impasto_docker.core.paintings import Item
    from impasto_docker.core.session import Session
    from impasto_docker.docker.bridge import Bridge

SHOWN_SIDE = 512  # pixels of the pictures that the docker shows
_GROUP = "impasto_docker"  # of Krita's settings
_RETRY = 200  # ms, while the user draws


@dataclass
class _Started:
    """A job that was started since Krita has been running."""

    canvas: PreviewLayer | None
    finished: bool = False


class Painter(QObject):
    """Paints, shows previews on the canvas, and puts paintings into documents. For Qt's thread; there is one.

    Signals:
        said: for people: why something can't be done, or what has happened; "": nothing any more.
        started: the id of a new entry.
        forecast: for people: what the painting that was asked about last would take.
    """

    said = pyqtSignal(str)
    started = pyqtSignal(str)
    forecast = pyqtSignal(str)

    def __init__(self, bridge: Bridge, session: Session) -> None:
        """Belongs to the bridge, whose session is open."""
        super().__init__(bridge)
        self._bridge = bridge
        self.session = session
        self.thumbnails = Thumbnails(bridge, self)
        self.choices = Choices(self, session, self.thumbnails)
        self.choices.refused.connect(self.said)
        self._started: dict[str, _Started] = {}
        self._entries: set[str] = set()  # whose pictures may be kept
        bridge.changed.connect(self._look)

    @property
    def apply_when_done(self) -> bool:
        """Whether what is painted now goes into its document by itself."""
        return bool(Krita.instance().readSetting(_GROUP, "applyWhenDone", "true") == "true")

    @apply_when_done.setter
    def apply_when_done(self, value: bool) -> None:
        Krita.instance().writeSetting(_GROUP, "applyWhenDone", "true" if value else "false")

    def paint(self, document: Document | None) -> None:
        """Starts to paint what is chosen of a document."""
        settings = self.choices.usable()
        self.said.emit("")
        try:
            target = open_target(document, settings.source)
            before = small_image(target.pixels, SHOWN_SIDE)
            side = {"before": jpeg(before)}
            side.update({} if target.mask is None else {"mask": target.mask})
            side.update({} if target.alpha is None else {"alpha": target.alpha})
            entry_id = self.session.start(
                raw_pixels(target.pixels.tobytes(), target.pixel_format, target.place.width, target.place.height),
                self.choices.style_picture(),
                settings,
                target.place,
                side,
            )
        except (Refusal, SettingError) as error:
            self.said.emit(str(error))
            return
        canvas = None
        if settings.preview_on_canvas:
            canvas = PreviewLayer(target.place, target.mask, target.alpha, settings.opacity)
        self._started[entry_id] = _Started(canvas)
        self.thumbnails.put(before_key(entry_id), before)
        self.started.emit(entry_id)

    def estimate(self, width: int, height: int) -> None:
        """Asks the server what a painting of so many pixels would take."""
        told = self._bridge.handed_over(self.forecast.emit)
        self.session.estimate(width, height, self.choices.usable(), lambda words, _: told(words))

    def discard(self, entry_id: str) -> None:
        """Forgets a painting."""
        started = self._started.pop(entry_id, None)
        if started is not None and started.canvas is not None:
            started.canvas.remove()
        self.session.discard(entry_id)

    def before(self, item: Item) -> QImage | None:
        """What a painting is painted from; None: it arrives later."""
        entry_id = item.entry.id
        return self.thumbnails.get(
            before_key(entry_id), lambda: QImage.fromData(self.session.side(entry_id).get("before", b""))
        )

    def after(self, item: Item) -> QImage | None:
        """A finished painting; None: there is none, or it arrives later."""
        entry_id = item.entry.id
        if item.entry.result is None:
            return None
        return self.thumbnails.get(entry_id, lambda: small_image(self.session.result(entry_id).to_numpy(), SHOWN_SIDE))

    def can_start_server(self) -> bool:
        """Whether nobody answers on this computer, and a server is installed."""
        if not self.session.status().nobody_there:
            return False
        try:
            find_local_server()
        except FileNotFoundError:
            return False
        return True

    def start_server(self) -> None:
        """Starts a server on this computer."""
        self._bridge.in_background(self.session.start_server, lambda _: None, lambda error: self.said.emit(str(error)))

    # Documents.

    def apply(self, entry_id: str, document: Document | None) -> None:
        """Puts a painting into the document that it is from or, where that is closed, into another one.

        Args:
            entry_id: of the painting.
            document: the other one; None: no picture is open.
        """
        item = self.session.item(entry_id)
        if item is None or item.entry.result is None:
            return
        self.said.emit("")
        own = find_document(item.entry.place)
        if own is None and document is None:
            self.said.emit("No picture is open. Open the one that the painting is for, then apply it.")
            return
        self._fetch(entry_id, lambda picture, side: self._put(entry_id, picture, side, by_hand=True))

    def _look(self, news: frozenset[str]) -> None:
        if "history" in news:
            entries = {item.entry.id for item in self.session.items()}
            for entry_id in self._entries - entries:
                self.thumbnails.forget(entry_id)
                self.thumbnails.forget(before_key(entry_id))
            self._entries = entries
        for entry_id in news & self._started.keys():
            started, item = self._started[entry_id], self.session.item(entry_id)
            if item is None:
                del self._started[entry_id]
            elif item.entry.finished and not started.finished:
                started.finished = True
                self._end(item, started)
            elif not started.finished and item.live and item.live.preview:
                self._show_on_canvas(item, started)

    def _show_on_canvas(self, item: Item, started: _Started) -> None:
        if started.canvas is None:
            return
        try:
            started.canvas.show(item.live.preview, f"{_layer_name(item.entry)} (preview)")
        except Exception as error:  # Krita opens a dialog for each that leaves here, and there'd be ten a second
            started.canvas = None
            self.said.emit(f"The painting can't be shown on the canvas while it is painted. ({error})")

    def _end(self, item: Item, started: _Started) -> None:
        entry_id = item.entry.id
        if item.entry.state == "done" and self.apply_when_done:
            self._fetch(entry_id, lambda picture, side: self._put(entry_id, picture, side, by_hand=False))
        elif started.canvas is not None:
            started.canvas.remove()

    def _fetch(self, entry_id: str, then: Callable[[Any, dict[str, bytes]], None]) -> None:
        """Reads a painting on a thread."""
        self._bridge.in_background(
            lambda: (self.session.result(entry_id), self.session.side(entry_id)),
            lambda read: then(*read),
            lambda error: self.said.emit(str(error)),
        )

    def _put(self, entry_id: str, picture: Any, side: dict[str, bytes], by_hand: bool) -> None:
        item = self.session.item(entry_id)
        if item is None:
            return
        entry = item.entry
        document, in_another = find_document(entry.place), False
        if document is None and by_hand:
            document, in_another = active_document(), True
        if document is None:
            self.said.emit(f'"{entry.place.document_name}" is closed: the painting waits in the history.')
            return
        if not is_idle(document):
            QTimer.singleShot(_RETRY, lambda: self._put(entry_id, picture, side, by_hand))
            return
        words = place_in(document, entry.place).words
        started = self._started.get(entry_id)
        canvas = started.canvas if started is not None else None
        node = canvas.finish(picture, _layer_name(entry)) if canvas is not None else None
        if node is None:
            if words and not by_hand:
                self.said.emit("The picture was changed meanwhile: the painting waits in the history.")
                return
            node = apply(
                document,
                entry.place,
                picture,
                side.get("mask"),
                side.get("alpha"),
                _layer_name(entry),
                entry.settings.opacity,
            )
        if in_another:
            words = f'The painting is on top in "{document_name(document)}": move it to where you want it.'
        keep_recipe(document, node, self.session.recipe(entry_id))
        self.session.mark_applied(entry_id)
        self.said.emit(words)


def before_key(entry_id: str) -> str:
    """Under which what was there before is kept among the thumbnails."""
    return f"{entry_id}/before"


def _layer_name(entry: Entry) -> str:
    layer = entry.place.layer_name or entry.place.document_name
    return f"{layer} as {entry.settings.style.label}" if entry.settings.style.label else f"{layer}, painted"
