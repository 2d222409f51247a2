"""What a docker talks to: the server, the history, the jobs that run, and what is kept for the next time."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from impasto_docker.core import connection, files
from impasto_docker.core.disk import Disk
from impasto_docker.core.estimates import Estimates
from impasto_docker.core.history import Entry, History, Place
from impasto_docker.core.local_server import find_local_server, start_local_server
from impasto_docker.core.paintings import Item, Paintings
from impasto_docker.core.preferences import Preferences, load_preferences, save_preferences
from impasto_docker.core.request import Request, job_name, style_source
from impasto_docker.core.server_watch import ServerStatus, ServerWatch
from impasto_docker.core.settings import ServerSettings, Settings, make_recipe

if TYPE_CHECKING:
    import impasto

__all__ = ["Folders", "Item", "Session"]


@dataclass(frozen=True)
class Folders:
    """Where things are kept.

    Attributes:
        config: of the preferences' file.
        state: of the history.
    """

    config: Path
    state: Path

    @classmethod
    def of_user(cls) -> Folders:
        """The user's own, as the environment says."""
        return cls(files.config_folder(), files.state_folder())


class Session(Paintings):
    """The paintings, and the server that is used for the next.

    Thread-safe; no method waits for the server or, unless it says so, for the disk. `changed(what)` is called on
    threads, often, and may only hand over; it isn't called any more once `close` has returned. `what`: "server"
    (`status`), "history" (entries came, went or changed), "notice" (`notice`), or an entry's id (what is heard of it).
    """

    def __init__(
        self,
        folders: Folders,
        changed: Callable[[str], None],
        connect: connection.Connect = connection.connect,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Reads the preferences and the history, and takes up all that isn't finished. To be made on a thread.

        `connect` and `clock`: other ones for tests; the clock in seconds since 1970.
        """
        self._tell_changed = changed
        self._clock = clock
        self._closed = False
        self._log_file = folders.state / "impastod.log"
        self._preferences_file = folders.config / "krita.json"
        self._preferences = load_preferences(self._preferences_file)  # replaced under _lock
        self._estimates = Estimates()
        super().__init__(
            History(folders.state),
            Disk(lambda: self._tell("notice")),
            lambda server: connect(self._as_now(server)),
            self._tell,
            self._server_lost,
        )
        self._watch = ServerWatch(self._preferences.server, self._server_changed, connect)
        self._disk.later(lambda: self._history.sweep(clock()))
        self._watch.start()
        self.attach()

    def close(self) -> None:
        """Ends all threads. Jobs go on at their servers, and are found again by the next session.

        Waits for up to a second for what is being written.
        """
        self._closed = True
        self._watch.close()
        self._estimates.close()
        super().close()
        self._disk.close(1.0)

    def notice(self) -> str:
        """For people: what is wrong with the disk, and what to do; "": nothing."""
        return self._disk.notice()

    # The server.

    def status(self) -> ServerStatus:
        """Of the server."""
        return self._watch.status()

    def look_now(self) -> None:
        """Looks at the server now, instead of at the next time."""
        self._watch.look_now()

    def use_server(self, server: ServerSettings) -> None:
        """Another server, kept for the next time. Jobs stay where they are."""
        with self._lock:
            self._preferences = replace(self._preferences, server=server)
        self._disk.later(self._save_preferences)
        self._watch.use(server)

    def start_server(self) -> None:
        """Starts a server at the address in use, which has to be this machine's. OSError: it can't; as text: why."""
        start_local_server(find_local_server(), self._watch.server().full_address(), self._log_file)
        self._watch.look_now()

    def estimate(self, width: int, height: int, settings: Settings, told: Callable[[str, bool], None]) -> None:
        """Asks in the background what a job would take; `told(words, fits)` is called on a thread.

        Only the newest of several is answered; none where the server isn't ready. `width`, `height`: of what would be
        painted, pixels.
        """
        client = self._watch.client()
        if client is not None:
            self._estimates.ask(client, self.status().model(settings.model), width, height, settings, told)

    # What is kept for the next time.

    def preferences(self) -> Preferences:
        """The server, the last settings, the recent styles."""
        with self._lock:
            return self._preferences

    def remember(self, settings: Settings) -> None:
        """Keeps settings for the next time, and their style among the recent ones."""
        with self._lock:
            self._preferences = self._preferences.with_settings(settings)
        self._disk.later(self._save_preferences)

    # Painting.

    def start(
        self,
        content: impasto.RawPixels,
        style_picture: impasto.RawPixels | None,
        settings: Settings,
        place: Place,
        side: dict[str, bytes],
    ) -> str:
        """Paints, and returns the entry's id at once; sending happens in the background.

        Args:
            content: what is painted, width x height as `place` has it.
            style_picture: for a style of the kind "picture"; None: the settings' style has a file or a name.
            settings: what is chosen.
            place: where it belongs.
            side: kept with the entry: "mask", "alpha"; names of small letters.

        Raises:
            SettingError: a setting is out of range, or there is no style.
        """
        server = self._watch.server()
        entry_id = uuid.uuid4().hex
        request = Request(
            entry_id,
            content,
            style_source(settings.style, style_picture),
            make_recipe(settings, self.status().model(settings.model)),
            job_name(place, settings.style),
        )
        entry = Entry(
            entry_id,
            request_id=entry_id,
            server=replace(server, address=server.full_address()),
            created=self._clock(),
            place=place,
            settings=settings,
        )
        self.add(entry, request, side)
        return entry_id

    def _as_now(self, server: ServerSettings) -> ServerSettings:
        """The same server with the access that is set now, which may have been put right meanwhile."""
        now = self._watch.server()
        return now if now.full_address() == server.full_address() else server

    def _server_changed(self) -> None:
        self._tell("server")
        status = self._watch.status()
        if status.light in ("ready", "loading"):
            self.try_now(status.address)

    def _server_lost(self, server: ServerSettings) -> None:
        if server.full_address() == self._watch.server().full_address():
            self._watch.look_now()

    def _save_preferences(self) -> None:
        save_preferences(self._preferences_file, self.preferences())

    def _tell(self, what: str) -> None:
        if not self._closed:
            self._tell_changed(what)
