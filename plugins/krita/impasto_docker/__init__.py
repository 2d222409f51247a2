"""Impasto's style transfer as a docker of Krita's. Nothing heavy is loaded here, and no server is asked."""

from __future__ import annotations

import sys
from pathlib import Path

from krita import DockWidgetFactory, DockWidgetFactoryBase, Krita

# The client that is packed with the plug-in, before any other: it is the one that this plug-in was made for.
_CLIENT = str(Path(__file__).parent / "client")
if _CLIENT not in sys.path:
    sys.path.insert(0, _CLIENT)

from impasto_docker.docker.docker import StyleTransferDocker  # noqa: E402  # needs nothing of the client yet
from impasto_docker.docker.show_action import ShowAction  # noqa: E402

DOCKER_ID = "impasto_style_transfer"

Krita.instance().addDockWidgetFactory(
    DockWidgetFactory(DOCKER_ID, DockWidgetFactoryBase.DockRight, StyleTransferDocker)
)
Krita.instance().addExtension(ShowAction(Krita.instance(), DOCKER_ID))
