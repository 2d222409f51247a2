"""The docker in Krita's window, used as a person does: seen by its words, clicked by the mouse, keys.

docker = Docker(window)
docker.show()
docker.open_picture(path)
docker.click("Paint")
docker.wait_for_words("Done")
"""

from krita_bench import wait_for

# Within Krita. A widget is found by what is written on it.
_EYES = """
import hashlib, sys

def docker():
    return next(docker for docker in Krita.instance().dockers() if docker.windowTitle() == "Style Transfer")

def seen(kind):
    return [widget for widget in docker().findChildren(kind) if widget.isVisible()]

def words():
    lists = [found.item(row).text() for found in seen(QtWidgets.QListWidget) for row in range(found.count())]
    return "\\n".join([label.text() for label in seen(QtWidgets.QLabel)] + lists)

def find(name):
    for widget in seen(QtWidgets.QWidget):
        text = widget.text().replace("&", "") if isinstance(widget, QtWidgets.QAbstractButton) else ""
        if name in (text, widget.accessibleName(), type(widget).__name__):
            return widget

def place(widget):
    docker().findChild(QtWidgets.QScrollArea).ensureWidgetVisible(widget)
    corner = widget.mapToGlobal(QtCore.QPoint(0, 0))
    return [corner.x(), corner.y(), widget.width(), widget.height()]

def pixels(document):
    document.refreshProjection()
    document.waitForDone()
    data = document.pixelData(0, 0, document.width(), document.height())
    nodes = [f"{node.name()} {hashlib.sha256(node.pixelData(0, 0, document.width(), document.height())).hexdigest()}"
             for node in document.topLevelNodes()]
    return [hashlib.sha256(data).hexdigest(), *nodes]
"""

# Krita's usual layout would leave it a hand's breadth.
_ROOM = """
others = {other.windowTitle(): other for other in Krita.instance().dockers()}
for title in ("Advanced Color Selector", "Brush Presets", "Tool Options"):
    others[title].hide()
docks = [others["Layers"], docker()]
Krita.instance().activeWindow().qwindow().resizeDocks(docks, [200, 700], QtCore.Qt.Vertical)
Krita.instance().activeWindow().qwindow().resizeDocks(docks, [320, 320], QtCore.Qt.Horizontal)
"""


class Docker:
    """The one of a KritaWindow."""

    def __init__(self, window):
        self.window = window
        self.screen = window.screen
        window.script(_EYES)
        window.script("Krita.instance().activeWindow().qwindow().showMaximized()")

    def show(self):
        """By its action, Tools > Scripts > Style Transfer."""
        self.window.script("QTimer.singleShot(0, Krita.instance().action('impasto_show').trigger)")
        self.window.wait_until("docker().isVisible()", "the docker is seen")
        self.window.script(_ROOM)

    def open_picture(self, path):
        """A picture file, in a view of its own; `document` in scripts."""
        self.window.script(
            "document = Krita.instance().openDocument(path)\nKrita.instance().activeWindow().addView(document)",
            path=path,
        )
        self.window.wait_until("document.activeNode() is not None", "the picture is open")

    def pixels(self):
        """What the picture looks like, and then each layer: a name and what it looks like."""
        return self.window.script("answer = pixels(document)")

    def layers(self):
        return self.window.script("answer = [node.name() for node in document.topLevelNodes()]")

    def words(self):
        """All that the docker says now."""
        return self.window.script("answer = words()")

    def wait_for_words(self, words):
        """Until it says so."""
        try:
            return self.window.wait_until("wanted in words()", f"the docker says {words!r}", wanted=words)
        except AssertionError as error:
            raise AssertionError(f"{error}, but:\n{self.words()}") from None

    def place(self, name):
        """Where on the screen a button, slider or list is: left, top, width, height."""
        self.window.wait_until("find(name) is not None", f"{name!r} is seen", name=name)
        return self.window.script("answer = place(find(name))", name=name)

    def click(self, name):
        """A button, once it can be used."""
        self.window.wait_until("find(name) is not None and find(name).isEnabled()", f"{name!r} can be used", name=name)
        left, top, width, height = self.place(name)
        self.screen.click(left + width // 2, top + height // 2)

    def picture(self):
        """What the preview shows."""
        left, top, width, height = self.place("PictureView")
        return self.screen.grab(focused=False).crop((left, top, left + width, top + height))

    def wait_for_layers(self, count):
        wait_for(lambda: len(self.layers()) == count, f"there are {count} layers")
