"""A Krita and a session that do as a test says, for the docker's widgets. To be imported before the docker is.

The session has the real one's methods: test_fake_session.py compares them.
"""
# ruff: noqa: N802 - the names are Krita's

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

import impasto
import numpy as np
from PyQt5 import sip
from PyQt5.QtCore import QObject, QRect
from PyQt5.QtGui import QIcon, QImage
from PyQt5.QtWidgets import QApplication, QDockWidget

sys.path.insert(0, str(Path(__file__).parents[1] / "document"))
import fake_krita

application = QApplication.instance() or QApplication(["test"])
fake_krita.install()


class Krita(fake_krita.Krita):
    """With what a docker needs besides documents."""

    active = None  # what is to be the active document

    def __init__(self):
        super().__init__()
        self.settings = {}

    @staticmethod
    def instance():
        return _KRITA

    def icon(self, name):
        return QIcon()

    def activeDocument(self):
        return self.active if self.active in self.documents() else None

    def readSetting(self, group, name, default):
        return self.settings.get((group, name), default)

    def writeSetting(self, group, name, value):
        self.settings[group, name] = value


_KRITA = Krita()
fake_krita.Krita = Krita
fake_krita.DockWidget = QDockWidget
fake_krita.Extension = QObject
# Fake layers are full of pixels to the canvas's edge.
fake_krita.Document.projection = lambda document, x, y, width, height: QImage(width, height, QImage.Format_RGB32)
fake_krita.Node.bounds = lambda node: QRect(0, 0, node._document.width(), node._document.height())

from impasto_docker.core.history import Entry, Place, ResultFile  # noqa: E402  # it needs krita
from impasto_docker.core.paint_job import PaintState  # noqa: E402
from impasto_docker.core.paintings import Item  # noqa: E402
from impasto_docker.core.preferences import Preferences  # noqa: E402
from impasto_docker.core.server_watch import ServerStatus  # noqa: E402
from impasto_docker.core.settings import Settings, Style  # noqa: E402
from impasto_docker.docker.bridge import Bridge  # noqa: E402

STARRY = Style("library", "styles/starry", "Starry Night")


def wait_for(condition, what, patience=20.0):
    """Lets Qt run until `condition` gives something true, and gives it."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        application.processEvents()
        found = condition()
        if found:
            return found
        time.sleep(0.001)  # for the threads that are waited for
    raise AssertionError(f"it didn't happen: {what}")


def new_document(width=40, height=30, name="tubingen.jpg"):
    """A document with a background, which is active."""
    document = Krita.instance().createDocument(width, height, name, "RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc", 72.0)
    document.setActiveNode(document.topLevelNodes()[0])
    Krita.active = document
    return document


def model(name="vgg19", **fields):
    recipe = impasto.Recipe(content_weight=1.0, style_weight=1000.0)
    return impasto.ModelInfo(f"models/{name}", impasto.ModelState.LOADED, default_recipe=recipe, **fields)


def ready(**fields):
    style = impasto.StyleInfo("styles/starry", "Starry Night")
    status = ServerStatus("ready", "Ready", "127.0.0.1:1", models=(model(),), styles=(style,))
    return replace(status, **fields)


def preview(number, width=64, height=48):
    """An RGB8 picture of one grey."""
    data = bytes([number % 256]) * (3 * width * height)
    return impasto.Picture(data, impasto.PictureFormat.RAW, width, height, impasto.PixelFormat.RGB8, 3 * width)


class FakeSession:
    """As the real one, but all that it tells is what a test says. `calls`: what it was asked to do."""

    def __init__(self, status=None, preferences=None):
        self._status = status or ready()
        self._preferences = preferences or Preferences(last=Settings(style=STARRY))
        self._items = {}
        self._changed = None
        self.calls = []
        self.answers = ("Needs about 196 MB", True)
        self.note = ""

    def open(self, changed):
        self._changed = changed
        return self

    def tell(self, what):
        self._changed(what)

    def set_status(self, **fields):
        self._status = replace(self._status, **fields)
        self.tell("server")

    def set_item(self, entry_id, live=None, **fields):
        """Adds an entry, or changes one; `live`: members of its PaintState, or None."""
        entry = self._items[entry_id].entry if entry_id in self._items else self._entry(entry_id)
        before = entry
        entry = replace(entry, **fields)
        self._items[entry_id] = Item(entry, None if live is None else PaintState(**live))
        self.tell("history" if entry is not before else entry_id)
        self.tell(entry_id)

    def _entry(self, entry_id):
        place = Place("tubingen.jpg", "", "{doc}", "Background", "{layer}", width=40, height=30)
        return Entry(entry_id, created=1000.0 + len(self._items), place=place, settings=Settings(style=STARRY))

    # The real one's methods.

    def close(self):
        self.calls.append(("close",))

    def status(self):
        return self._status

    def look_now(self):
        self.calls.append(("look_now",))

    def use_server(self, server):
        self.calls.append(("use_server", server))

    def start_server(self):
        self.calls.append(("start_server",))

    def preferences(self):
        return self._preferences

    def remember(self, settings):
        self._preferences = self._preferences.with_settings(settings)

    def notice(self):
        return self.note

    def start(self, content, style_picture, settings, place, side):
        self.calls.append(("start", content, style_picture, settings, place, side))
        entry_id = f"entry{len(self._items) + 1}"
        self.set_item(entry_id, live={}, settings=settings, place=place)
        return entry_id

    def items(self):
        return sorted(self._items.values(), key=lambda item: -item.entry.created)

    def item(self, entry_id):
        return self._items.get(entry_id)

    def stop(self, entry_id):
        self.calls.append(("stop", entry_id))

    def cancel(self, entry_id):
        self.calls.append(("cancel", entry_id))

    def discard(self, entry_id):
        self.calls.append(("discard", entry_id))
        self._items.pop(entry_id, None)
        self.tell("history")

    def change_weights(self, entry_id, content, style):
        self.calls.append(("change_weights", entry_id, content, style))

    def result(self, entry_id):
        data = np.full((30, 40, 3), 200, np.uint8).tobytes()
        return impasto.Picture(data, impasto.PictureFormat.RAW, 40, 30, impasto.PixelFormat.RGB8, 120)

    def side(self, entry_id):
        return {}

    def recipe(self, entry_id):
        item = self._items.get(entry_id)
        return item.entry.recipe_json if item else ""

    def mark_applied(self, entry_id):
        self.calls.append(("mark_applied", entry_id))

    def estimate(self, width, height, settings, told):
        self.calls.append(("estimate", width, height, settings.size))
        told(*self.answers)


RESULT = ResultFile("somewhere", 40, 30, "rgb8", 3600)


def show_docker(test, bridge, hidden=False):
    """A docker that is seen until the test is over. As in Krita it is no one's garbage while it is being drawn."""
    from impasto_docker.docker.docker import StyleTransferDocker

    docker = StyleTransferDocker(bridge)
    docker.resize(300, 800)
    docker.setVisible(not hidden)
    test.addCleanup(lambda: sip.isdeleted(docker) or sip.delete(docker))
    test.addCleanup(bridge.close)
    return docker


def open_docker(test, session=None, document=None):
    """A docker that is shown, with its session open. Gives (docker, session)."""
    Krita.active = document or new_document()
    session = session or FakeSession()
    docker = show_docker(test, Bridge(session.open))
    wait_for(lambda: docker._painter is not None, "the session is open")
    return docker, session


def settle():
    """Lets all that was told arrive: updates come at most every 100 ms."""
    end = time.monotonic() + 0.25
    wait_for(lambda: time.monotonic() > end, "time passes")
