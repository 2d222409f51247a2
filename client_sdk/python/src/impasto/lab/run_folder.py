"""What a command keeps in its output folder: its pictures, and a state that an interrupted run goes on from.

OUT/state.json            every picture: what it is, how far it is, how it ended
OUT/pictures/NAME.png     the results
OUT/recipes/NAME.json     their recipes, for `impasto stylize --recipe`
OUT/losses/NAME.csv       their losses, for `impasto-lab plot`
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import secrets
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.lab.errors import UsageError
from impasto.lab.files import file_stem, remove_parts, write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import impasto
    from impasto.lab import losses as losses_module

try:
    import fcntl
except ImportError:  # Windows: nobody is kept from running two at once
    fcntl = None  # type: ignore[assignment]

STATE_FILE = "state.json"
_FORMAT = 1

WAITING, RUNNING, DONE, FAILED = "waiting", "running", "done", "failed"


@dataclass(frozen=True)
class Task:
    """One picture to paint."""

    key: str  # SHA-256 of what decides the picture: the same key, the same picture
    name: str  # of its files, without an ending
    label: str  # for people
    values: Mapping[str, str]  # what sets it apart: recipe fields, or the content's name
    recipe: impasto.Recipe
    content: str  # a path
    styles: tuple[str, ...]  # paths, or names of the server's library
    output_size: str = "working"  # or "original", the content's own

    @property
    def pictures(self) -> tuple[Path, list[Path | str]]:
        """Content and styles as the client takes them: a file is a Path, whatever its name looks like."""
        styles: list[Path | str] = [style if is_library_style(style) else Path(style) for style in self.styles]
        return Path(self.content), styles


def is_library_style(style: str) -> bool:
    """It names a style of the server's library, rather than a file."""
    return style.startswith("styles/") and not Path(style).exists()


def make_task(
    label: str,
    values: Mapping[str, str],
    recipe: impasto.Recipe,
    content: tuple[str, str],
    styles: Sequence[tuple[str, str]],
    *,
    name: str = "",
    output_size: str = "working",
) -> Task:
    """``content`` and ``styles`` are paths with the digest of what they hold. Without ``name``, the label makes one."""
    parts = [name, output_size, recipe.to_json(), content[1], *(digest for _, digest in styles)]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    stem = name or file_stem(label, key)
    return Task(key, stem, label, dict(values), recipe, content[0], tuple(path for path, _ in styles), output_size)


@dataclass
class Figures:
    """What is known of a picture that was painted."""

    width: int = 0
    height: int = 0
    steps: int = 0  # made
    result_step: int = 0  # the steps behind the picture: of the lowest total loss
    level: int = 0
    levels: int = 1
    total_loss: float = 0.0  # the picture's
    content_loss: float | None = None
    style_loss: float | None = None
    device_seconds: float = 0.0  # time on the device
    elapsed_seconds: float = 0.0  # from the first step to the end, other jobs' turns among it
    peak_bytes: int = 0  # the forecast of its memory, beyond the model's
    model: str = ""
    weights_sha256: str = ""
    server_version: str = ""
    warnings: list[str] = field(default_factory=list)


@dataclass
class Record:
    """How far a task is."""

    key: str
    name: str
    label: str
    values: dict[str, str]
    status: str = WAITING
    attempt: int = 0  # counts the jobs that were started for it
    job: str = ""
    error: dict[str, str] = field(default_factory=dict)  # code, message, field
    figures: Figures = field(default_factory=Figures)


class RunFolder:
    """Thread-safe. One process at a time has it."""

    def __init__(self, path: Path, command: str) -> None:
        """UsageError: it can't be written, another process has it, or it is another command's."""
        self.path = path
        self._command = command
        self._mutex = threading.Lock()
        self._records: dict[str, Record] = {}
        self._run_id = secrets.token_hex(6)
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock_file = (path / ".lock").open("w")
        except OSError as error:
            raise UsageError(f"--out {path}: {error.strerror}", field="--out") from None
        self._lock()
        remove_parts(path)
        try:
            self._load()
        except UsageError:
            self.close()
            raise

    def __enter__(self) -> RunFolder:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Lets another process have the folder."""
        self._lock_file.close()

    def _lock(self) -> None:
        if fcntl is None:
            return
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._lock_file.close()
            raise UsageError(f"--out {self.path}: another impasto-lab is at work there", field="--out") from None

    def _load(self) -> None:
        state = self.path / STATE_FILE
        try:
            text = state.read_text(encoding="utf-8")
        except FileNotFoundError:
            return
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"{state}: {error}", field="--out") from None
        try:
            stored = json.loads(text)
            version, command = stored["format"], stored["command"]
            run_id = str(stored["run"])
            records = [_record_from(entry) for entry in stored["pictures"]]
        except (ValueError, KeyError, TypeError):
            raise UsageError(f"{state}: not a state of impasto-lab; give another --out", field="--out") from None
        if version != _FORMAT:
            raise UsageError(
                f"{state}: format {version}, this program reads {_FORMAT}; give another --out", field="--out"
            )
        if command != self._command:
            raise UsageError(f"{state}: of impasto-lab {command}; give another --out", field="--out")
        self._run_id = run_id
        self._records = {record.key: record for record in records}

    def plan(self, tasks: Sequence[Task]) -> list[Task]:
        """Takes the tasks on, and returns those that are still to be painted.

        Pictures that are there already are kept. One that failed is tried again, as a new job.
        """
        with self._mutex:
            records: dict[str, Record] = {}
            for task in tasks:
                record = self._records.get(task.key) or Record(task.key, task.name, task.label, {})
                record.label, record.values = task.label, dict(task.values)
                if record.status == DONE and not (record.name == task.name and self.picture(record.name).is_file()):
                    # The job may still have the picture: asked for by the same id, it sends it again.
                    record.status = RUNNING
                if record.status == FAILED:
                    record.status = WAITING
                record.name = task.name
                records[task.key] = record
            self._records = records
            self._save()
            return [task for task in tasks if records[task.key].status != DONE]

    def begin(self, task: Task) -> str:
        """The request id of the task's job; written down before, so that whoever goes on asks for the same job."""
        with self._mutex:
            record = self._records[task.key]
            if record.status != RUNNING:
                record.attempt += 1
            record.status, record.error = RUNNING, {}
            self._save()
            return f"lab-{self._run_id}-{task.key[:16]}-{record.attempt}"

    def started(self, task: Task, job: str) -> None:
        """Notes the job's name."""
        with self._mutex:
            self._records[task.key].job = job
            self._save()

    def finish(self, task: Task, figures: Figures, picture: bytes, recipe: str, losses: losses_module.Losses) -> None:
        """Writes the picture and what belongs to it. Raises OSError."""
        write_atomically(self.recipe(task.name), recipe if recipe.endswith("\n") else recipe + "\n")
        write_atomically(self.losses(task.name), losses.to_csv())
        write_atomically(self.picture(task.name), picture)
        with self._mutex:
            record = self._records[task.key]
            record.status, record.figures, record.error = DONE, figures, {}
            self._save()

    def fail(self, task: Task, code: str, message: str, field_name: str = "") -> None:
        """Notes why there is no picture."""
        with self._mutex:
            record = self._records[task.key]
            record.status = FAILED
            record.error = {"code": code, "message": message, "field": field_name}
            self._save()

    def records(self) -> list[Record]:
        """All of them, in the tasks' order."""
        with self._mutex:
            return [dataclasses.replace(record) for record in self._records.values()]

    def picture(self, name: str) -> Path:
        """The result's file."""
        return self.path / "pictures" / f"{name}.png"

    def recipe(self, name: str) -> Path:
        """The recipe's file."""
        return self.path / "recipes" / f"{name}.json"

    def losses(self, name: str) -> Path:
        """The losses' file."""
        return self.path / "losses" / f"{name}.csv"

    def _save(self) -> None:
        state = {
            "format": _FORMAT,
            "command": self._command,
            "run": self._run_id,
            "pictures": [dataclasses.asdict(record) for record in self._records.values()],
        }
        try:
            write_atomically(self.path / STATE_FILE, json.dumps(state, indent=1) + "\n")
        except OSError as error:
            raise UsageError(f"{os.fspath(self.path / STATE_FILE)}: {error.strerror}", field="--out") from None


def _record_from(entry: Mapping[str, Any]) -> Record:
    """KeyError, TypeError: not one."""
    record = Record(**{**entry, "figures": Figures(**entry["figures"])})
    if record.status not in (WAITING, RUNNING, DONE, FAILED) or not isinstance(record.values, dict):
        raise TypeError(record.status)
    return record
