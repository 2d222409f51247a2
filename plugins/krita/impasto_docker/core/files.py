"""The plug-in's own files and folders."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, *parts: bytes) -> None:
    """Writes a file in one move: who reads it has the old one or the new one, also after a power cut.

    It is its owner's alone (0600), as is the folder where it has to be made. OSError names it: it can't be written;
    what was there before is there still.
    """
    try:
        _write(path, parts)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _write(path: Path, parts: tuple[bytes, ...]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def config_folder() -> Path:
    """Of settings: $XDG_CONFIG_HOME/impasto, or ~/.config/impasto."""
    return _base("XDG_CONFIG_HOME", ".config") / "impasto"


def state_folder() -> Path:
    """Of jobs and their results: $XDG_STATE_HOME/impasto/krita, or ~/.local/state/impasto/krita."""
    return _base("XDG_STATE_HOME", ".local/state") / "impasto" / "krita"


def _base(variable: str, otherwise: str) -> Path:
    named = Path(os.environ.get(variable, ""))
    # As the XDG Base Directory Specification has it: a relative one is no one's.
    return named if named.is_absolute() else Path.home() / otherwise
