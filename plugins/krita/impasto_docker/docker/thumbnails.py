"""Small pictures of styles and paintings, made on a thread and kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Callable

from PyQt5.QtCore import QObject, pyqtSignal
from PyQt5.QtGui import QImage

from impasto_docker.docker.images import read_small

if TYPE_CHECKING:
    from impasto_docker.docker.bridge import Bridge

SIDE = 128  # pixels


class Thumbnails(QObject):
    """Pictures by a key: a file's path, or whatever else the caller likes.

    Signals:
        arrived: the key of a picture that can be had now.
    """

    arrived = pyqtSignal(str)

    def __init__(self, bridge: Bridge, parent: QObject) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self._images: dict[str, QImage] = {}
        self._wanted: list[tuple[str, Callable[[], QImage]]] = []
        self._working = False

    def put(self, key: str, image: QImage) -> None:
        """Keeps a picture."""
        self._images[key] = image
        self.arrived.emit(key)

    def forget(self, key: str) -> None:
        """Lets a picture go."""
        self._images.pop(key, None)

    def known(self, key: str) -> QImage | None:
        """The picture, if it is there; nothing is made."""
        return self._images.get(key)

    def of_file(self, path: str) -> QImage | None:
        """A picture file's; None: it arrives later. Null: the file can't be read."""
        return self.get(path, lambda: read_small(path, SIDE))

    def get(self, key: str, make: Callable[[], QImage]) -> QImage | None:
        """The picture; None: `make` makes it on a thread, and it arrives later. Null: it couldn't be made."""
        if key not in self._images and all(key != wanted for wanted, _ in self._wanted):
            self._wanted.append((key, make))
            self._work()
        return self._images.get(key)

    def _work(self) -> None:
        """One after the other: a long history isn't to keep all processors busy."""
        if self._working or not self._wanted:
            return
        self._working = True
        key, make = self._wanted[0]
        self._bridge.in_background(make, lambda image: self._take(key, image), lambda _: self._take(key, QImage()))

    def _take(self, key: str, image: QImage) -> None:
        self._working = False
        self._wanted.pop(0)
        self.put(key, image)
        self._work()
