"""What a docker talks to: the server, the history, and the jobs that run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import impasto

from impasto_docker.core import files
from impasto_docker.core.history import Entry, Place
from impasto_docker.core.paint_job import PaintState
from impasto_docker.core.preferences import Preferences
from impasto_docker.core.server_watch import ServerStatus
from impasto_docker.core.settings import ServerSettings, Settings


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


class Item(NamedTuple):
    """A line of the history.

    Attributes:
        entry: what is kept.
        live: what is heard of it; None: it had ended before this session began.
    """

    entry: Entry
    live: PaintState | None

    @property
    def phase(self) -> str:
        """As of PaintState."""
        raise NotImplementedError


class Session:
    """Owns the watch over the server, the history and the running jobs.

    Thread-safe, and no method waits for the server. `changed(what)` is called on threads, often, and may only hand
    over; it isn't called any more once `close` has returned. `what`: "server" (`status`), "history" (entries came, went
    or changed), "notice" (`notice`), or an entry's id (what is heard of it).
    """

    def __init__(self, folders: Folders, changed: Callable[[str], None]) -> None:
        """Reads the preferences and the history, and attaches to all that isn't finished."""
        raise NotImplementedError

    def close(self) -> None:
        """Ends all threads. Jobs go on at the server, and are found again by the next session."""

    def status(self) -> ServerStatus:
        """Of the server."""

    def look_now(self) -> None:
        """Looks at the server now, instead of at the next time."""

    def use_server(self, server: ServerSettings) -> None:
        """Another server, kept for the next time. Jobs stay where they are."""

    def preferences(self) -> Preferences:
        """What was kept: server, last settings, recent styles."""

    def remember(self, settings: Settings) -> None:
        """Keeps settings for the next time, and their style among the recent ones. Written in the background."""

    def notice(self) -> str:
        """For people: what is wrong with the disk, and what to do; "": nothing."""

    def start(
        self,
        content: impasto.RawPixels,
        style_picture: impasto.RawPixels | None,
        settings: Settings,
        place: Place,
        side: dict[str, bytes],
    ) -> str:
        """Paints, and returns the entry's id at once; checks and sending happen in the background.

        Args:
            content: what is painted, width x height as `place` has it.
            style_picture: for a style of the kind "picture"; None: the settings' style has a file or a name.
            settings: what is chosen. SettingError: out of range, or no style.
            place: where it belongs.
            side: kept with the entry: "mask", "alpha"; names of small letters.
        """

    def items(self) -> list[Item]:
        """The history, the newest first."""

    def item(self, entry_id: str) -> Item | None:
        """One of it; None: there is none of that id."""

    def stop(self, entry_id: str) -> None:
        """Ends a job after the step that is under way; the best picture so far becomes the result."""

    def cancel(self, entry_id: str) -> None:
        """Ends a job without a picture. The entry stays, as "cancelled"."""

    def discard(self, entry_id: str) -> None:
        """Forgets an entry and its pixels; a running job is cancelled."""

    def change_weights(self, entry_id: str, content: float | None, style: float | None) -> None:
        """Other weights for the steps to come; None: as it is. The newest of several wins."""

    def result(self, entry_id: str) -> impasto.Picture:
        """The painting, raw, of the place's size. Reads a file: some 0.1 s for 100 MiB.

        Raises:
            OSError: it isn't there, or can't be read; as text: what to do.
        """

    def side(self, entry_id: str) -> dict[str, bytes]:
        """What `start` was given."""

    def recipe(self, entry_id: str) -> str:
        """Proto3 JSON; "": not accepted yet."""

    def mark_applied(self, entry_id: str) -> None:
        """It is in a document now."""

    def estimate(self, width: int, height: int, settings: Settings, told: Callable[[str, bool], None]) -> None:
        """Asks in the background what a job would take; `told(words, fits)` is called on a thread.

        Only the newest of several is answered; none where the server isn't ready.
        """
