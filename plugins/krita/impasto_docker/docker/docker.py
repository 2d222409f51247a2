"""The docker itself: it puts the parts together and hands on what happens between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from krita import DockWidget, Krita
from PyQt5.QtCore import QCoreApplication, Qt, QTimer
from PyQt5.QtGui import QHideEvent, QImage, QShowEvent
from PyQt5.QtWidgets import QFrame, QPushButton, QScrollArea, QWidget

from impasto_docker.docker import phrases
from impasto_docker.docker.bridge import Bridge
from impasto_docker.docker.gallery import Gallery, style_of_file
from impasto_docker.docker.history_list import HistoryList
from impasto_docker.docker.outline import Outline, outline
from impasto_docker.docker.preview_panel import PreviewPanel
from impasto_docker.docker.recipe_dialog import RecipeDialog
from impasto_docker.docker.server_panel import ServerPanel
from impasto_docker.docker.settings_panel import SettingsPanel
from impasto_docker.docker.widgets import FAR, NEAR, Section, Words, column

if TYPE_CHECKING:
    from impasto_docker.core.paintings import Item
    from impasto_docker.docker.painter import Painter

_LOOK = 700  # ms from one look at the document to the next: Krita doesn't tell of selections
_REST = 300  # ms without a change, before the server is asked what it would take

_bridge: Bridge | None = None


def shared_bridge() -> Bridge:
    """The one of all dockers."""
    global _bridge
    if _bridge is None:
        _bridge = Bridge()
        QCoreApplication.instance().aboutToQuit.connect(_bridge.close)
    return _bridge


class StyleTransferDocker(DockWidget):
    """A window's docker. Everything but the widgets is shared with those of other windows."""

    def __init__(self, bridge: Bridge | None = None) -> None:
        super().__init__()
        self.setWindowTitle("Style Transfer")
        self._bridge = bridge or shared_bridge()
        self._painter: Painter | None = None
        self._shown = ""  # an entry's id
        self._outline = Outline("", 0, 0)
        self._asked: tuple[Any, ...] | None = None
        self._server = ServerPanel()
        self._preview = PreviewPanel()
        self._gallery = Gallery()
        self._settings = SettingsPanel()
        self._paint = QPushButton("Paint")
        self._paint.setToolTip("Starts to paint. Krita can be used meanwhile, also to paint more.")
        self._what = Words()
        self._said = Words(selectable=True)
        self._history = HistoryList()
        self._history_section = Section("History", column(self._history), "Paintings under way, and earlier ones")
        self._history_section.hide()
        self._lay_out()
        self._looking = QTimer(self)
        self._looking.setInterval(_LOOK)
        self._looking.timeout.connect(self._look)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST)
        self._rest.timeout.connect(self._estimate)
        self._enable()
        self._connect()

    def _lay_out(self) -> None:
        inside = QWidget()
        self._body = QWidget()
        self._body.setLayout(
            column(
                self._preview,
                self._gallery,
                self._settings,
                self._what,
                self._paint,
                self._said,
                self._history_section,
                spacing=FAR,
            )
        )
        layout = column(self._server, self._body, spacing=FAR)
        layout.setContentsMargins(NEAR, NEAR, NEAR, NEAR)
        layout.addStretch(1)
        inside.setLayout(layout)
        scroll = QScrollArea()
        scroll.setWidget(inside)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        scroll.setMinimumWidth(220)
        self.setWidget(scroll)

    def _connect(self) -> None:
        self._bridge.opened.connect(self._begin)
        self._bridge.failed.connect(self._server.show_failure)
        self._bridge.changed.connect(self._update)
        self._paint.clicked.connect(self._start)
        self._settings.changed.connect(self._choose)
        self._history.chosen.connect(self._show)
        if self._bridge.session is not None:
            self._begin()

    def canvasChanged(self, canvas: Any) -> None:  # noqa: N802  # Krita's name
        """Another picture is active in the window, or (None) no one."""
        if self.isVisible():
            self._look()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Only a docker that is seen asks for a server."""
        super().showEvent(event)
        self._bridge.open()
        self._looking.start()
        self._look()
        self._update_all()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """Nothing is looked at until it is shown again."""
        super().hideEvent(event)
        self._looking.stop()
        self._rest.stop()

    def _begin(self) -> None:
        """The session is open."""
        from impasto_docker.docker.painter import Painter  # loads the client, which is there now

        painter = self._bridge.findChild(Painter) or Painter(self._bridge, self._bridge.session)
        self._painter = painter
        self._gallery.use(painter.thumbnails)
        self._gallery.chosen.connect(lambda style: painter.choose(replace(painter.settings, style=style)))
        self._gallery.added.connect(self._add_files)
        self._gallery.take_document.connect(lambda: painter.add_document(Krita.instance().activeDocument()))
        self._gallery.take_image.connect(painter.add_image)
        self._gallery.refused.connect(self._said.say)
        self._server.write(painter.session.preferences().server)
        self._server.chosen.connect(painter.session.use_server)
        self._server.start.connect(painter.start_server)
        self._preview.stop.connect(lambda: painter.session.stop(self._shown))
        self._preview.cancel.connect(lambda: painter.session.cancel(self._shown))
        self._preview.apply.connect(lambda: self._apply(self._shown))
        self._preview.discard.connect(lambda: self._discard(self._shown))
        self._preview.recipe.connect(self._show_recipe)
        self._history.apply.connect(self._apply)
        self._history.discard.connect(self._discard)
        self._history.use(lambda item: painter.after(item) if item.entry.result else painter.before(item))
        self._settings.apply_when_done.setChecked(painter.apply_when_done)
        self._settings.apply_when_done.toggled.connect(lambda on: setattr(painter, "apply_when_done", on))
        painter.settings_changed.connect(self._show_settings)
        painter.said.connect(self._said.say)
        painter.forecast.connect(self._settings.say_memory)
        painter.started.connect(self._show)
        painter.thumbnails.arrived.connect(self._show_arrived)
        self._show_settings()
        self._update_all()

    # What is told.

    def _update(self, news: frozenset[str]) -> None:
        """What the session told; while the docker is hidden, it waits until it is shown."""
        if self._painter is None or not self.isVisible():
            return
        session = self._painter.session
        if "server" in news:
            self._show_server()
        if "history" in news:
            self._show_history()
        if "notice" in news:
            self._said.say(session.notice())
        for entry_id in news:
            item = session.item(entry_id)
            if item is not None:
                self._history.update_item(item)
        if self._shown in news or "history" in news:
            self._show_preview()
        self._enable()

    def _update_all(self) -> None:
        if self._painter is not None:
            self._update(frozenset(("server", "history")))

    def _show_server(self) -> None:
        painter = self._painter
        status = painter.session.status()
        self._server.show_status(status.light, status.words, painter.can_start_server())
        self._settings.show_models(status)
        self._show_styles()
        self._rest.start()

    def _show_styles(self) -> None:
        painter = self._painter
        self._gallery.show_styles(painter.styles, painter.session.status(), painter.settings.style)

    def _show_settings(self) -> None:
        self._settings.write(self._painter.settings)
        self._show_styles()
        self._enable()
        self._look()

    def _show_history(self) -> None:
        items = self._painter.session.items()
        self._history_section.setVisible(bool(items))
        self._history.show_items(items)
        ids = [item.entry.id for item in items]
        if self._shown not in ids:
            running = [item.entry.id for item in items if not item.entry.finished]
            self._shown = running[0] if running else ""
        self._history.mark(self._shown)

    def _show(self, entry_id: str) -> None:
        self._shown = entry_id
        self._history.mark(entry_id)
        self._show_preview()
        self._enable()

    def _show_preview(self) -> None:
        item = self._item()
        if item is None:
            self._preview.show_item(None, QImage(), QImage())
        else:
            painter = self._painter
            self._preview.show_item(item, painter.before(item) or QImage(), painter.after(item) or QImage())

    def _show_arrived(self, key: str) -> None:
        entry_id = key.partition("/")[0]
        item = self._painter.session.item(entry_id)
        if item is not None:
            self._history.update_item(item)
            if entry_id == self._shown:
                self._show_preview()

    def _item(self) -> Item | None:
        return self._painter.session.item(self._shown) if self._painter is not None and self._shown else None

    def _look(self) -> None:
        """At the document: what would be painted now."""
        found = outline(Krita.instance().activeDocument(), self._settings.source())
        if found != self._outline:
            self._outline = found
            self._what.say(found.words)
            self._enable()
        self._rest.start()

    def _estimate(self) -> None:
        painter = self._painter
        if painter is None or not self._outline.width or painter.settings.style.kind == "none":
            self._settings.say_memory("")
            return
        status = painter.session.status()
        question = (self._outline.width, self._outline.height, painter.settings, status.light)
        if question != self._asked:
            self._asked = question
            painter.estimate(*question[:3])

    def _enable(self) -> None:
        """What can be used as things are."""
        painter = self._painter
        self._body.setEnabled(painter is not None)
        if painter is None:
            return
        ready = painter.session.status().light == "ready"
        chosen = painter.settings.style.kind != "none"
        self._paint.setEnabled(ready and chosen and self._outline.width > 0)
        if not chosen:
            self._what.say("Choose a style: a picture whose manner is to be painted in.")
        elif not ready:
            self._what.say("There is no server to paint on yet")
        else:
            self._what.say(self._outline.words)

    # What the user does.

    def _choose(self) -> None:
        fault = self._settings.text_fault()
        self._said.say(fault)
        if not fault:
            item = self._item()
            running = item is not None and not item.entry.finished
            self._painter.choose(self._settings.read(self._painter.settings), self._shown if running else "")

    def _add_files(self, paths: list[str]) -> None:
        for path in reversed(paths):
            self._painter.add_style(style_of_file(path))

    def _start(self) -> None:
        self._painter.paint(Krita.instance().activeDocument())

    def _apply(self, entry_id: str) -> None:
        self._painter.apply(entry_id, Krita.instance().activeDocument())

    def _discard(self, entry_id: str) -> None:
        item = self._painter.session.item(entry_id)
        if item is not None and item.entry.finished:
            self._painter.discard(entry_id)

    def _show_recipe(self) -> None:
        item = self._item()
        if item is not None:
            RecipeDialog(self, phrases.title(item), self._painter.session.recipe(self._shown)).exec_()
