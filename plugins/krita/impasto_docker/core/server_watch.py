"""Looks after the connection to a server, in the background: is it there, is it ready, what does it offer."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

import impasto
from impasto import ModelState

from impasto_docker.core import connection
from impasto_docker.core.local_server import is_this_machine
from impasto_docker.core.settings import ServerSettings
from impasto_docker.core.threads import start_thread
from impasto_docker.core.words import explain, style_words


@dataclass(frozen=True)
class ServerStatus:
    """What is known of a server.

    Attributes:
        light: "connecting": nothing is known yet; "loading": it is there, but no model is loaded yet; "ready": a job
            can start; "unreachable", or of no use.
        words: for people, beside the light; where something is wrong: what, and what to do.
        address: in use.
        nobody_there: nobody listens, on this machine: to start a server may help.
        models: those that are loaded.
        styles: its library, with thumbnails, and all with a name for people.
    """

    light: str = "connecting"
    words: str = ""
    address: str = ""
    nobody_there: bool = False
    models: tuple[impasto.ModelInfo, ...] = ()
    styles: tuple[impasto.StyleInfo, ...] = ()

    def model(self, name: str) -> impasto.ModelInfo | None:
        """A loaded model by its short name; "": the server's first. None: it isn't loaded."""
        return next((model for model in self.models if name in ("", model.name.partition("/")[2])), None)


@dataclass(frozen=True)
class Pace:
    """How often a watch looks, in seconds."""

    not_ready: float = 2.0
    ready: float = 10.0


class ServerWatch:
    """Watches one server at a time. Thread-safe; no method waits for the server.

    `changed` is called on a thread after every change, and may only hand over. It isn't called for changes after
    `close`. A call to the server that is under way then is left to end by itself.
    """

    def __init__(
        self,
        server: ServerSettings,
        changed: Callable[[], None],
        connect: connection.Connect = connection.connect,
        pace: Pace = Pace(),
    ) -> None:
        """Nothing happens before `start`."""
        self._changed = changed
        self._connect = connect
        self._pace = pace
        self._wake = threading.Condition()
        # All that follows is guarded by it.
        self._turn = 0  # rises with every use() and close()
        self._look_now = False
        self._server = server
        self._status = _connecting(server)
        self._client: impasto.Client | None = None

    def start(self) -> None:
        """Looks for the first time."""
        self._begin(self._server)

    def status(self) -> ServerStatus:
        """What is known."""
        with self._wake:
            return self._status

    def server(self) -> ServerSettings:
        """That is watched."""
        with self._wake:
            return self._server

    def client(self) -> impasto.Client | None:
        """The connection, while the light is "loading" or "ready". The watch closes it when the server is lost."""
        with self._wake:
            return self._client

    def use(self, server: ServerSettings) -> None:
        """Another server, or the same once more. The light is "connecting" then."""
        self._begin(server)
        self._changed()

    def look_now(self) -> None:
        """Looks now, instead of at the next time."""
        with self._wake:
            self._look_now = True
            self._wake.notify_all()

    def close(self) -> None:
        """Ends the watch."""
        with self._wake:
            self._turn += 1
            self._wake.notify_all()

    def _begin(self, server: ServerSettings) -> None:
        """Another thread looks from now on. That of the server before ends after its call."""
        with self._wake:
            self._turn += 1
            self._look_now = False
            self._server = server
            self._status = _connecting(server)
            self._client = None
            self._wake.notify_all()
            turn = self._turn
        start_thread("impasto-watch", lambda: self._run(turn, server))

    def _run(self, turn: int, server: ServerSettings) -> None:
        client: impasto.Client | None = None
        status = self.status()
        try:
            while True:
                try:
                    if client is None:
                        client = self._connect(server)
                    status = _ask(client, status)
                except (impasto.ImpastoError, OSError) as error:
                    # Connecting again tells best what is wrong, and whether what comes back is of the right version.
                    _close(client)
                    client = None
                    status = _failed(error, server.full_address())
                if not self._publish(turn, status, client) or not self._wait(turn, status):
                    return
        finally:
            _close(client)

    def _publish(self, turn: int, status: ServerStatus, client: impasto.Client | None) -> bool:
        """False: the turn is over."""
        with self._wake:
            if turn != self._turn:
                return False
            self._client = client
            if status == self._status:
                return True
            self._status = status
        self._changed()
        return True

    def _wait(self, turn: int, status: ServerStatus) -> bool:
        pause = self._pace.ready if status.light == "ready" else self._pace.not_ready
        with self._wake:
            self._wake.wait_for(lambda: turn != self._turn or self._look_now, pause)
            self._look_now = False
            return turn == self._turn


def _close(client: impasto.Client | None) -> None:
    if client is not None:
        client.close()


def _connecting(server: ServerSettings) -> ServerStatus:
    address = server.full_address()
    return ServerStatus("connecting", f"Connecting to {address}", address)


def _failed(error: Exception, address: str) -> ServerStatus:
    nobody = isinstance(error, impasto.ImpastoError) and error.reason == "NOBODY_THERE"
    return ServerStatus("unreachable", explain(error, address), address, nobody and is_this_machine(address))


def _ask(client: impasto.Client, before: ServerStatus) -> ServerStatus:
    status = replace(status_of(client.models()), address=client.address, styles=before.styles)
    # Without its library a server can paint all the same.
    with contextlib.suppress(impasto.ImpastoError):
        styles = (replace(style, display_name=style_words(style)) for style in client.styles())
        status = replace(status, styles=tuple(styles))
    return status


def status_of(models: list[impasto.ModelInfo]) -> ServerStatus:
    """The light and the words that a server's models stand for."""
    states = {model.state for model in models}
    loaded = tuple(model for model in models if model.state is ModelState.LOADED)
    if loaded:
        return ServerStatus("ready", "Ready", models=loaded)
    if ModelState.LOADING in states:
        return ServerStatus("loading", "The server is loading its models")
    if ModelState.UNLOADED in states:
        # So it is for a moment when a server starts.
        return ServerStatus(
            "loading",
            "The server hasn't loaded a model yet. If that lasts, `impasto models load vgg19` loads one.",
        )
    return ServerStatus(
        "unreachable",
        "The server has no model that it can paint with. The command `impastod weights pull vgg19`, run where the "
        "server runs, gets the weights of one.",
    )
