"""As much of Krita's Python as the plug-in's documents need, for tests without Krita.

What it has, Krita has, and does alike: krita_behavior.py runs against both. Its colours are simpler: whatever the
profile, values keep their meaning, and grey is the mean.
"""
# ruff: noqa: N802 - the names are Krita's

import sys
import types
import uuid
from pathlib import Path

import numpy as np
from PyQt5.QtCore import QByteArray, QPoint

_REACH = 256  # pixels that a layer can have left of and above the canvas
_ROOM = 1024

_DEPTHS = {"U8": "u1", "U16": "<u2", "F16": "<f2", "F32": "<f4"}
_CHANNELS = {"RGBA": 4, "GRAYA": 2}


def _full(depth):
    dtype = np.dtype(_DEPTHS[depth])
    return np.iinfo(dtype).max if dtype.kind == "u" else 1


def _unit(values, space):
    """R, G, B, A or grey, A in 0..1."""
    values = values.astype(np.float64) / _full(space[1])
    return values[..., [2, 1, 0, 3]] if space[0] == "RGBA" and space[1][0] == "U" else values


def _stored(values, space):
    """The other way, from whichever of the two there is."""
    gray = values.shape[-1] == 2
    if gray and space[0] == "RGBA":
        values = values[..., [0, 0, 0, 1]]
    elif not gray and space[0] == "GRAYA":
        values = np.stack([values[..., :3].mean(axis=-1), values[..., 3]], axis=-1)
    if space[0] == "RGBA" and space[1][0] == "U":
        values = values[..., [2, 1, 0, 3]]
    values = values * _full(space[1])
    return (np.rint(values) if space[1][0] == "U" else values).astype(_DEPTHS[space[1]])


class _Id:
    def __init__(self):
        self._text = f"{{{uuid.uuid4()}}}"

    def toString(self):
        return self._text


class Node:
    def __init__(self, document, name, kind):
        self._document = document
        self._name = name
        self._kind = kind
        self._id = _Id()
        self._parent = None
        self._children = []
        self._visible = True
        self._opacity = 255
        self._inherits_alpha = False
        self._space = document._space
        self._values = np.zeros((_ROOM, _ROOM, _CHANNELS[self._space[0]]), _DEPTHS[self._space[1]])

    def uniqueId(self):
        return self._id

    def name(self):
        return self._name

    def setName(self, name):
        self._name = name

    def type(self):
        return self._kind

    def visible(self):
        return self._visible

    def setVisible(self, visible):
        self._visible = visible

    def opacity(self):
        return self._opacity

    def setOpacity(self, value):
        self._opacity = value

    def inheritAlpha(self):
        return self._inherits_alpha

    def setInheritAlpha(self, value):
        self._inherits_alpha = value

    def position(self):
        return QPoint(0, 0)

    def parentNode(self):
        return self._parent

    def childNodes(self):
        return list(self._children)

    def addChildNode(self, child, above):
        at = len(self._children) if above is None else self._children.index(above) + 1
        self._children.insert(at, child)
        child._parent = self
        self._document._active = child
        return True

    def remove(self):
        self._parent._children.remove(self)
        self._parent = None
        return True

    def colorModel(self):
        return self._space[0]

    def colorDepth(self):
        return self._space[1]

    def colorProfile(self):
        return self._space[2]

    def setColorSpace(self, model, depth, profile):
        if self._space != (model, depth, profile):
            self._values = _stored(_unit(self._values, self._space), (model, depth, profile))
            self._space = (model, depth, profile)
        return True

    def setPixelData(self, data, x, y, width, height):
        values = np.frombuffer(bytes(data), self._values.dtype).reshape(height, width, -1)
        self._values[y + _REACH : y + _REACH + height, x + _REACH : x + _REACH + width] = values

    def pixelData(self, x, y, width, height):
        part = self._values[y + _REACH : y + _REACH + height, x + _REACH : x + _REACH + width]
        return QByteArray(part.tobytes())

    def projectionPixelData(self, x, y, width, height):
        return self.pixelData(x, y, width, height)


class GroupLayer(Node):
    _passes_through = False

    def passThroughMode(self):
        return self._passes_through

    def setPassThroughMode(self, passthrough):
        self._passes_through = passthrough

    def projectionPixelData(self, x, y, width, height):
        seen = np.zeros((height, width, self._values.shape[-1]))
        for child in self._children:
            data = child.projectionPixelData(x, y, width, height)
            top = _unit(np.frombuffer(bytes(data), child._values.dtype).reshape(height, width, -1), child._space)
            over = top[..., -1:] * child._visible * child._opacity / 255
            alpha = over + seen[..., -1:] * (1 - over)
            mixed = top[..., :-1] * over + seen[..., :-1] * seen[..., -1:] * (1 - over)
            seen = np.concatenate([mixed / np.where(alpha > 0, alpha, 1), alpha], axis=-1)
        return QByteArray(_stored(seen, self._space).tobytes())


class Selection:
    def __init__(self):
        self._values = np.zeros((_ROOM, _ROOM), "u1")

    def _box(self):
        rows, columns = np.flatnonzero(self._values.any(axis=1)), np.flatnonzero(self._values.any(axis=0))
        if not rows.size:
            return 0, 0, 0, 0
        return columns[0] - _REACH, rows[0] - _REACH, columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1

    def x(self):
        return int(self._box()[0])

    def y(self):
        return int(self._box()[1])

    def width(self):
        return int(self._box()[2])

    def height(self):
        return int(self._box()[3])

    def select(self, x, y, width, height, value):
        self._values[y + _REACH : y + _REACH + height, x + _REACH : x + _REACH + width] = value

    def pixelData(self, x, y, width, height):
        part = self._values[y + _REACH : y + _REACH + height, x + _REACH : x + _REACH + width]
        return QByteArray(part.tobytes())


class Document:
    def __init__(self, width, height, name, space):
        self._size = width, height
        self._name = name
        self._space = space
        self._file = ""
        self._annotations = {}
        self._selection = None
        self._active = None
        self._busy = False
        self._root = GroupLayer(self, "root", "grouplayer")
        background = self.createNode("Background", "paintlayer")
        background.setPixelData(
            np.full_like(background._values, _full(space[1])).tobytes(), -_REACH, -_REACH, _ROOM, _ROOM
        )
        self._root.addChildNode(background, None)

    def rootNode(self):
        return self._root

    def topLevelNodes(self):
        return self._root.childNodes()

    def activeNode(self):
        return self._active

    def setActiveNode(self, node):
        self._active = node

    def name(self):
        return self._name

    def fileName(self):
        return self._file

    def setFileName(self, name):
        self._file = name

    def width(self):
        return self._size[0]

    def height(self):
        return self._size[1]

    def resizeImage(self, _x, _y, width, height):
        self._size = width, height

    def colorModel(self):
        return self._space[0]

    def colorDepth(self):
        return self._space[1]

    def colorProfile(self):
        return self._space[2]

    def selection(self):
        return self._selection

    def setSelection(self, selection):
        self._selection = selection

    def createNode(self, name, kind):
        return Node(self, name, kind)

    def createGroupLayer(self, name):
        return GroupLayer(self, name, "grouplayer")

    def pixelData(self, x, y, width, height):
        return self._root.projectionPixelData(x, y, width, height)

    def annotation(self, key):
        return self._annotations.get(key, QByteArray())

    def setAnnotation(self, key, _description, data):
        self._annotations[key] = data

    def waitForDone(self):
        self._busy = False

    def refreshProjection(self):
        pass

    def tryBarrierLock(self):
        return not self._busy

    def unlock(self):
        pass

    def close(self):
        Krita.instance()._documents.remove(self)
        self._root = None
        return True


class Krita:
    _instance = None

    def __init__(self):
        self._documents = []
        self._active = None

    @staticmethod
    def instance():
        Krita._instance = Krita._instance or Krita()
        return Krita._instance

    def documents(self):
        return list(self._documents)

    def activeDocument(self):
        return self._active

    def setActiveDocument(self, document):
        self._active = document

    def createDocument(self, width, height, name, model, depth, profile, _resolution):
        document = Document(width, height, name, (model, depth, profile))
        self._documents.append(document)
        return document


def install():
    """Puts it in Krita's place, and the plug-in's package in its own, without what it registers when Krita loads it."""
    sys.modules["krita"] = sys.modules[__name__]
    package = types.ModuleType("impasto_docker")
    package.__path__ = [str(Path(__file__).parents[4] / "plugins" / "krita" / "impasto_docker")]
    sys.modules["impasto_docker"] = package
