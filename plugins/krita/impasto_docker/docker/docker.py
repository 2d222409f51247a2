"""The docker itself: it puts the parts together and hands on what happens between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from krita import DockWidget
from PyQt5.QtCore import QCoreApplication, Qt, QTimer
from PyQt5.QtGui import QHideEvent, QImage, QShowEvent
from PyQt5.QtWidgets import QFrame, QScrollArea, QWidget

from impasto_docker.docker import phrases
from impasto_docker.docker.bridge import Bridge
from impasto_docker.docker.gallery import Gallery, style_of_file
from impasto_docker.docker.history_list import HistoryList
from impasto_docker.docker.paint_row import PaintRow
from impasto_docker.docker.preview_panel import PreviewPanel
from impasto_docker.docker.recipe_dialog import RecipeDialog
from impasto_docker.docker.server_panel import ServerPanel
from impasto_docker.docker.settings_panel import SettingsPanel
from impasto_docker.docker.widgets import FAR, NEAR, Section, Words, column
from impasto_docker.document.find import active_document

if TYPE_CHECKING:
    from impasto_docker.core.paintings import Item
    from impasto_docker.docker.painter import Painter

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
        self._asked: tuple[Any, ...] | None = None
        self._server = ServerPanel()
        self._preview = PreviewPanel()
        self._gallery = Gallery()
        self._settings = SettingsPanel()
        self._paint = PaintRow()
        self._said = Words(selectable=True)
        self._history = HistoryList()
        self._history_section = Section("History", column(self._history), "Paintings under way, and earlier ones")
        self._history_section.hide()
        self._lay_out()
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
        # Narrower, the right side would be cut off.
        scroll.setMinimumWidth(inside.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width())
        self.setWidget(scroll)

    def _connect(self) -> None:
        self._bridge.opened.connect(self._begin)
        self._bridge.failed.connect(self._server.show_failure)
        self._bridge.changed.connect(self._update)
        self._paint.paint.connect(self._start)
        self._paint.changed.connect(self._rest.start)
        self._settings.changed.connect(self._choose)
        self._history.chosen.connect(self._show)
        if self._bridge.session is not None:
            self._begin()

    def canvasChanged(self, canvas: Any) -> None:  # noqa: N802  # Krita's name
        """Another picture is active in the window, or (None) no one."""
        self._paint.look()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802  # Qt's name
        """Only a docker that is seen asks for a server."""
        super().showEvent(event)
        self._bridge.open()
        self._update_all()

    def hideEvent(self, event: QHideEvent) -> None:  # noqa: N802  # Qt's name
        """Nothing is looked at until it is shown again."""
        super().hideEvent(event)
        self._rest.stop()

    def _begin(self) -> None:
        """The session is open."""
        from impasto_docker.docker.painter import Painter  # loads the client, which is there now

        painter = self._bridge.findChild(Painter) or Painter(self._bridge, self._bridge.session)
        self._painter = painter
        self._gallery.use(painter.thumbnails)
        self._gallery.chosen.connect(painter.choices.choose_style)
        self._gallery.added.connect(self._add_files)
        self._gallery.take_document.connect(lambda: painter.choices.take_document(active_document()))
        self._gallery.take_image.connect(painter.choices.take_image)
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
        painter.choices.changed.connect(self._show_settings)
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
        choices = self._painter.choices
        self._gallery.show_styles(choices.styles, self._painter.session.status(), choices.settings.style)

    def _show_settings(self) -> None:
        self._settings.write(self._painter.choices.settings)
        self._show_styles()
        self._paint.use_source(self._painter.choices.settings.source)
        self._enable()
        self._rest.start()

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

    def _estimate(self) -> None:
        painter = self._painter
        if painter is None:
            return
        _, width, height = self._paint.outline
        settings, light = painter.choices.usable(), painter.session.status().light
        question = (width, height, settings, light)
        if not width or light != "ready" or settings.style.kind == "none":
            self._asked = None
            self._settings.say_memory("")
        elif question != self._asked:
            self._asked = question
            painter.estimate(width, height)

    def _enable(self) -> None:
        """What can be used as things are."""
        painter = self._painter
        self._body.setEnabled(painter is not None)
        if painter is None:
            return
        if painter.choices.settings.style.kind == "none":
            self._paint.set_obstacle("Choose a style: a picture whose manner is to be painted in.")
        elif painter.session.status().light != "ready":
            self._paint.set_obstacle("There is no server to paint on yet")  # its own words say more
        else:
            self._paint.set_obstacle("")

    # What the user does.

    def _choose(self) -> None:
        fault = self._settings.text_fault()
        self._said.say(fault)
        if not fault:
            item = self._item()
            running = item is not None and not item.entry.finished
            choices = self._painter.choices
            choices.choose(self._settings.read(choices.settings), self._shown if running else "")

    def _add_files(self, paths: list[str]) -> None:
        for path in reversed(paths):
            self._painter.choices.choose_style(style_of_file(path))

    def _start(self) -> None:
        self._painter.paint(active_document())

    def _apply(self, entry_id: str) -> None:
        self._painter.apply(entry_id, active_document())

    def _discard(self, entry_id: str) -> None:
        item = self._painter.session.item(entry_id)
        if item is not None and item.entry.finished:
            self._painter.discard(entry_id)

    def _show_recipe(self) -> None:
        item = self._item()
        if item is not None:
            RecipeDialog(self, phrases.title(item), self._painter.session.recipe(self._shown)).exec_()
