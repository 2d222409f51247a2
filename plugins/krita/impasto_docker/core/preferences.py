"""What is kept from one session to the next: the server, the last settings, the recent styles."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from impasto_docker.core.files import write_atomically
from impasto_docker.core.json_members import from_members, to_members
from impasto_docker.core.settings import STYLE_KINDS, ServerSettings, Settings, Style, settings_from

MAX_RECENT_STYLES = 12
_MAX_BYTES = 1 << 20


@dataclass(frozen=True)
class Preferences:
    """Plain and immutable.

    Attributes:
        server: the last one used.
        last: the last settings.
        recent: the newest first; files and library styles, at most MAX_RECENT_STYLES.
    """

    server: ServerSettings = ServerSettings()
    last: Settings = Settings()
    recent: tuple[Style, ...] = ()

    def with_settings(self, settings: Settings) -> Preferences:
        """Also with their style as the newest. Pictures aren't kept as recent: they are gone with their document."""
        recent = self.recent
        if settings.style.kind in ("file", "library"):
            recent = (settings.style, *(style for style in recent if style != settings.style))[:MAX_RECENT_STYLES]
        return replace(self, last=settings, recent=recent)


def load_preferences(path: Path) -> Preferences:
    """From a file. One that isn't there, or isn't ours, gives the defaults; a broken part, that part's."""
    try:
        with path.open("rb") as file:
            members = json.loads(file.read(_MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return Preferences()
    if not isinstance(members, dict):
        return Preferences()
    styles = members.get("recent")
    recent = [_style(style) for style in styles] if isinstance(styles, list) else []
    return Preferences(
        _part(lambda value: from_members(ServerSettings(), value), members.get("server"), ServerSettings()),
        _part(settings_from, members.get("last"), Settings()),
        tuple(dict.fromkeys(style for style in recent if style.kind in ("file", "library")))[:MAX_RECENT_STYLES],
    )


def save_preferences(path: Path, preferences: Preferences) -> None:
    """In one move. OSError: it can't be written."""
    members = {
        "server": to_members(preferences.server),
        "last": to_members(preferences.last),
        "recent": [to_members(style) for style in preferences.recent],
    }
    write_atomically(path, json.dumps(members, indent=1).encode() + b"\n")


def _part(read: Any, members: object, default: Any) -> Any:
    try:
        return read(members)
    except (ValueError, RecursionError):
        return default


def _style(members: object) -> Style:
    style: Style = _part(lambda value: from_members(Style(), value), members, Style())
    return style if style.kind in STYLE_KINDS else Style()
