"""Tools > Scripts > Style Transfer."""

from __future__ import annotations

from typing import Any

from krita import Extension, Krita
from PyQt5.QtWidgets import QDockWidget


class ShowAction(Extension):
    """Brings the docker of a window to the front."""

    def __init__(self, parent: Any, docker_id: str) -> None:
        super().__init__(parent)
        self._docker_id = docker_id

    def setup(self) -> None:
        """Called by Krita once, at the start; there is nothing to do."""

    def createActions(self, window: Any) -> None:  # noqa: N802  # Krita's name
        """Called by Krita for every window."""
        action = window.createAction("impasto_show", "Style Transfer", "tools/scripts")
        # The window's docker comes after its actions, and Krita takes `window` back: both are looked for when wanted.
        action.triggered.connect(self._show)

    def _show(self) -> None:
        docker = Krita.instance().activeWindow().qwindow().findChild(QDockWidget, self._docker_id)
        if docker is not None:
            docker.show()
            docker.raise_()
