"""What was painted and what is being painted, on disk: Krita and the server may end at any moment."""

from __future__ import annotations

import contextlib
import json
import re
import threading
from dataclasses import dataclass, replace
from pathlib import Path

from impasto_docker.core.files import write_atomically
from impasto_docker.core.json_members import from_members, to_members
from impasto_docker.core.settings import ServerSettings, Settings, validate

UNFINISHED = ("sending", "waiting", "cancelling")
FINISHED = ("done", "failed", "cancelled")

MAX_ENTRIES = 50
MAX_BYTES = 2 << 30
_MAX_JSON_BYTES = 1 << 20
_SWEPT_AFTER = 3600.0  # seconds

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_NAME = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True)
class Place:
    """Where in which document a painting belongs. Made by `document`; nothing here looks into it.

    Attributes:
        document_name: for people.
        document_file: its path; "": never saved.
        document_id: of the open document, as long as it is open.
        layer_name: for people; "": everything visible was painted.
        layer_id: of the layer or group.
        source: "layer" or "projection".
        x: of the upper left corner, in pixels of the document.
        y: the same.
        width: of what is painted, pixels.
        height: the same.
        document_width: at the start, pixels.
        document_height: the same.
        color_model: Krita's name of the document's: "RGBA".
        color_depth: Krita's name: "U8".
        color_profile: Krita's name.
        has_mask: a selection bounds it.
    """

    document_name: str = ""
    document_file: str = ""
    document_id: str = ""
    layer_name: str = ""
    layer_id: str = ""
    source: str = "layer"
    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    document_width: int = 0
    document_height: int = 0
    color_model: str = ""
    color_depth: str = ""
    color_profile: str = ""
    has_mask: bool = False


@dataclass(frozen=True)
class ResultFile:
    """A painting on disk: raw pixels, rows from the top.

    Attributes:
        path: of the file; "": it couldn't be written, and the painting is in memory alone.
        width: pixels.
        height: pixels.
        pixel_format: the client's name of the layout: "rgb16".
        stride: bytes from one row to the next; 0: no gaps.
        size: bytes.
    """

    path: str = ""
    width: int = 0
    height: int = 0
    pixel_format: str = ""
    stride: int = 0
    size: int = 0


@dataclass(frozen=True)
class Entry:
    """One painting, from the moment it was asked for.

    Attributes:
        id: 1 to 64 of A-Z a-z 0-9 - _; its own.
        job: "jobs/..."; "": not accepted yet.
        request_id: by which the server knows the request, also where its answer never came.
        server: where the job is, with its address filled in.
        created: seconds since 1970.
        place: where it belongs.
        settings: what was chosen.
        recipe_json: proto3 JSON; what makes the same painting again, once it is done. "": not accepted yet.
        state: one of UNFINISHED and FINISHED. "waiting": accepted, and perhaps being painted; "cancelling": cancelled,
            but the server may not know yet.
        words: "failed": why, for people.
        applied: it is in a document.
        result: the painting, or the best so far of one that failed.
    """

    id: str
    request_id: str = ""
    job: str = ""
    server: ServerSettings = ServerSettings()
    created: float = 0.0
    place: Place = Place()
    settings: Settings = Settings()
    recipe_json: str = ""
    state: str = "sending"
    words: str = ""
    applied: bool = False
    result: ResultFile | None = None

    @property
    def finished(self) -> bool:
        """Nothing more comes."""
        return self.state in FINISHED


class History:
    """Entries in a folder of the user's, a JSON file each, with their pixels beside it.

    Thread-safe. Several processes may use one folder: every file is written in one move. Methods that write raise
    OSError where they can't; reading passes over files that are broken, or aren't ours.
    """

    def __init__(self, folder: Path, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES) -> None:
        """`max_entries`, and `max_bytes` of results: where there are more, the oldest go (see `prune`)."""
        self._folder = folder
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._lock = threading.Lock()

    def put(self, entry: Entry) -> None:
        """Writes an entry, over the one of the same id."""
        members = to_members(entry)
        if entry.result is not None:
            # The folder may be moved; and nothing outside of it is ever taken for a result.
            members["result"]["path"] = ""
        with self._lock:
            write_atomically(self._file(entry.id, "json"), json.dumps(members, indent=1).encode())

    def put_result(self, entry: Entry, result: ResultFile, data: bytes) -> Entry:
        """Writes an entry's pixels, and then the entry, which is returned with its result."""
        path = self._file(entry.id, "pixels")
        write_atomically(path, data)
        entry = replace(entry, result=replace(result, path=str(path), size=len(data)))
        self.put(entry)
        return entry

    def read_result(self, entry: Entry) -> bytes:
        """The pixels. OSError: they aren't there any more, or not all of them."""
        path = self._file(entry.id, "pixels")
        data = path.read_bytes()
        if entry.result is None or len(data) != entry.result.size:
            raise OSError(f"{path}: not the painting's file")
        return data

    def put_side(self, entry_id: str, side: dict[str, bytes]) -> None:
        """Writes what has to be kept with an entry: by names of small letters, "mask" and "alpha" for two."""
        names = {name: len(data) for name, data in side.items()}
        if not all(_NAME.fullmatch(name) for name in names):
            raise ValueError(f"{list(names)}: other characters than a-z and _ in a name")
        if side:
            head = json.dumps(names).encode() + b"\n"
            write_atomically(self._file(entry_id, "side"), head, *side.values())

    def side(self, entry_id: str) -> dict[str, bytes]:
        """What `put_side` wrote; {}: nothing, or it is broken."""
        try:
            with self._file(entry_id, "side").open("rb") as file:
                names = json.loads(file.readline(_MAX_JSON_BYTES))
                side = {name: file.read(size) for name, size in names.items()}
        except (OSError, ValueError, AttributeError, TypeError, RecursionError):
            return {}
        return side if all(len(side[name]) == size for name, size in names.items()) else {}

    def remove(self, entry_id: str) -> None:
        """Forgets an entry and its pixels. Fine if it isn't there."""
        with self._lock:
            for kind in ("json", "pixels", "side"):
                with contextlib.suppress(FileNotFoundError):
                    self._file(entry_id, kind).unlink()

    def entries(self) -> list[Entry]:
        """All entries, the newest first."""
        entries = []
        try:
            paths = sorted(self._folder.glob("*.json"))
        except OSError:
            return []
        for path in paths:
            with contextlib.suppress(OSError, ValueError, RecursionError):
                entries.append(self._read(path))
        return sorted(entries, key=lambda entry: (-entry.created, entry.id))

    def prune(self, keep: str = "") -> list[str]:
        """Removes the oldest finished entries beyond the bounds, and returns their ids: those that were applied first.

        `keep`: an entry that stays.
        """
        entries = self.entries()
        count, size = len(entries), sum(entry.result.size for entry in entries if entry.result)
        removable = [entry for entry in reversed(entries) if entry.finished and entry.id != keep]
        removed = []
        for entry in sorted(removable, key=lambda entry: not entry.applied):
            if count <= self._max_entries and size <= self._max_bytes:
                break
            self.remove(entry.id)
            removed.append(entry.id)
            count -= 1
            size -= entry.result.size if entry.result else 0
        return removed

    def sweep(self, now: float) -> None:
        """Removes what belongs to no entry, an hour after it was written: Krita ended while it wrote.

        `now`: seconds since 1970.
        """
        known = {entry.id for entry in self.entries()}
        for kind in ("*.pixels", "*.side", ".*.json.*", ".*.pixels.*", ".*.side.*"):
            for path in self._folder.glob(kind):
                # Another process may just be writing; and another version's entries aren't understood here.
                is_kept = path.stem in known or path.with_suffix(".json").exists()
                with contextlib.suppress(FileNotFoundError):
                    if not is_kept and path.stat().st_mtime < now - _SWEPT_AFTER:
                        path.unlink()

    def _read(self, path: Path) -> Entry:
        with path.open("rb") as file:
            text = file.read(_MAX_JSON_BYTES + 1)
        members = json.loads(text) if len(text) <= _MAX_JSON_BYTES else None
        default = Entry(id=path.stem)
        if isinstance(members, dict) and members.get("result") is not None:
            default = replace(default, result=ResultFile())
        entry = from_members(default, members)
        validate(entry.settings)
        # Another id than the file's name says: a copy that somebody made.
        known = entry.id == path.stem and entry.state in UNFINISHED + FINISHED
        if not known or not _ID.fullmatch(entry.request_id):
            raise ValueError(f"{path}: not an entry of the history")
        if entry.result is not None:
            pixels = self._file(entry.id, "pixels")
            entry = replace(entry, result=replace(entry.result, path=str(pixels)))
        return entry

    def _file(self, entry_id: str, kind: str) -> Path:
        if not _ID.fullmatch(entry_id):
            raise ValueError(f"{entry_id!r}: no entry's id")
        return self._folder / f"{entry_id}.{kind}"
