"""Errors that end a command."""

from __future__ import annotations

from impasto.lab import exit_codes


class LabError(Exception):
    """Ends the command. ``field`` is the recipe field or flag at fault, as the user wrote it."""

    exit_code = exit_codes.FAILED

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.field = field


class UsageError(LabError):
    """The command line or an input is at fault; nothing was started."""

    exit_code = exit_codes.USAGE


class UnreachableError(LabError):
    """No server answers."""

    exit_code = exit_codes.UNREACHABLE
