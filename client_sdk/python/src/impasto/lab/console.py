"""What a command says: to people on stderr and stdout, to scripts one JSON object on stdout."""

from __future__ import annotations

import json
import sys
import threading
from typing import TYPE_CHECKING, Any

from impasto.lab import units

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import impasto
    from impasto.lab.run_folder import Figures, Task


class Console:
    """Thread-safe. ``command`` is the command line that was given: run again, it goes on."""

    def __init__(self, command: str, *, as_json: bool, quiet: bool) -> None:
        self.command = command
        self.as_json = as_json
        self._quiet = quiet
        self._live = not quiet and sys.stderr.isatty()
        self._mutex = threading.Lock()
        self._status = ""

    def say(self, text: str) -> None:
        """A line on stderr; nothing with --quiet."""
        if not self._quiet:
            self._line(text)

    def error(self, text: str) -> None:
        """A line on stderr, always."""
        self._line(text)

    def status(self, text: str) -> None:
        """A line that the next one replaces; on terminals alone."""
        if not self._live:
            return
        with self._mutex:
            sys.stderr.write("\r\x1b[K" + text[:110])
            sys.stderr.flush()
            self._status = text

    def _line(self, text: str) -> None:
        with self._mutex:
            clear = "\r\x1b[K" if self._status else ""
            self._status = ""
            sys.stderr.write(f"{clear}{text}\n")
            sys.stderr.flush()

    def table(self, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """A table on stdout; nothing with --json or --quiet."""
        if self.as_json or self._quiet:
            return
        widths = [max(len(cell) for cell in column) for column in zip(heads, *rows)]
        for row in (heads, *rows):
            line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
            sys.stdout.write(line + "\n")

    def result(self, result: Mapping[str, Any]) -> None:
        """The command's one JSON object, with --json."""
        if self.as_json:
            sys.stdout.write(json.dumps(result, indent=1) + "\n")


class Progress:
    """Says how far a run is. The runner's threads call it."""

    def __init__(self, console: Console, done: int, count: int) -> None:
        self._console = console
        self._mutex = threading.Lock()
        self._ended = done
        self._count = count
        self._running: dict[str, str] = {}

    def on_progress(self, task: Task, progress: impasto.Progress) -> None:
        """A step was made."""
        with self._mutex:
            self._running[task.key] = (
                f"{task.label}: {min(progress.iteration, progress.iterations)}/{progress.iterations}"
            )
            self._console.status(f"{self._ended}/{self._count}  " + "  |  ".join(self._running.values()))

    def on_done(self, task: Task, figures: Figures) -> None:
        """The picture is there."""
        self._end(
            task,
            f"{figures.steps} steps, loss {units.loss(figures.total_loss)}, {units.seconds(figures.device_seconds)}",
        )

    def on_failed(self, task: Task, code: str, message: str) -> None:
        """There is no picture."""
        self._end(task, f"failed: {code}: {message}")

    def _end(self, task: Task, text: str) -> None:
        with self._mutex:
            self._running.pop(task.key, None)
            self._ended += 1
            self._console.say(f"{self._ended}/{self._count}  {task.label}: {text}")
