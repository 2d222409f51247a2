"""The history and the jobs that run, together."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import impasto

from impasto_docker.core.disk import Disk
from impasto_docker.core.history import Entry, History, ResultFile
from impasto_docker.core.paint_job import PaintJob
from impasto_docker.core.paint_state import PaintState
from impasto_docker.core.request import Request
from impasto_docker.core.settings import ServerSettings


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
        return self.entry.state if self.live is None else self.live.phase


class _Line:
    """An entry, and what belongs to it while the session lasts. Guarded by the lock of Paintings."""

    def __init__(self, entry: Entry, side: dict[str, bytes] | None = None) -> None:
        self.entry = entry
        self.side = side  # None: on disk
        self.job: PaintJob | None = None
        self.lost = False

    def item(self) -> Item:
        return Item(self.entry, None if self.job is None else self.job.state())


class Paintings:
    """Thread-safe; no method waits for the server or, unless it says so, for the disk.

    Entries are in memory, and on disk as well as the disk lets them.
    """

    def __init__(
        self,
        history: History,
        disk: Disk,
        connect: Callable[[ServerSettings], impasto.Client],
        changed: Callable[[str], None],
        lost: Callable[[ServerSettings], None],
    ) -> None:
        """Reads the history.

        Args:
            history: of entries.
            disk: that it is on.
            connect: opens a connection to a server; called on threads, and may wait.
            changed: called on threads, with "history" or an entry's id; may only hand over.
            lost: called on a thread when a job has lost this server; the same.
        """
        self._history = history
        self._disk = disk
        self._connect = connect
        self._changed = changed
        self._lost = lost
        self._lock = threading.Lock()
        self._lines = {entry.id: _Line(entry) for entry in history.entries()}
        self._leaving: list[PaintJob] = []  # of entries that were discarded

    def attach(self) -> None:
        """Takes up all that isn't finished."""
        with self._lock:
            unfinished = [line for line in self._lines.values() if not line.entry.finished]
        for line in unfinished:
            self._run(line, None)

    def add(self, entry: Entry, request: Request, side: dict[str, bytes]) -> None:
        """Begins a painting. It is on disk before it is sent."""
        line = _Line(entry, side)
        with self._lock:
            self._lines[entry.id] = line
        self._run(line, request)
        self._changed("history")

    def try_now(self, server: str) -> None:
        """A server answers again: jobs that wait for the one at this address needn't wait longer."""
        with self._lock:
            jobs = [line.job for line in self._lines.values() if line.entry.server.full_address() == server]
        for job in jobs:
            if job is not None:
                job.try_now()

    def close(self) -> None:
        """Ends the threads of all jobs; the jobs go on at their servers."""
        with self._lock:
            jobs = [line.job for line in self._lines.values() if line.job is not None] + self._leaving
        for job in jobs:
            job.close()

    def items(self) -> list[Item]:
        """The newest first."""
        with self._lock:
            lines = sorted(self._lines.values(), key=lambda line: -line.entry.created)
            return [line.item() for line in lines]

    def item(self, entry_id: str) -> Item | None:
        """One of them; None: there is none of that id."""
        with self._lock:
            line = self._lines.get(entry_id)
            return None if line is None else line.item()

    def stop(self, entry_id: str) -> None:
        """Ends a job after the step that is under way; the best picture so far becomes the result."""
        job = self._job(entry_id)
        if job is not None:
            job.stop()

    def cancel(self, entry_id: str) -> None:
        """Ends a job without a picture. The entry stays, as "cancelled"."""
        job = self._job(entry_id)
        if job is not None:
            # The server may be away, and Krita be closed before it is back: then the next session tells it.
            self._change(entry_id, lambda entry: entry if entry.finished else replace(entry, state="cancelling"))
            job.cancel()

    def change_weights(self, entry_id: str, content: float | None, style: float | None) -> None:
        """Other weights for the steps to come; None: as it is. The newest of several wins."""
        job = self._job(entry_id)
        if job is not None:
            job.change_weights(content, style)

    def result(self, entry_id: str) -> impasto.Picture:
        """The painting, raw, of the place's size. Reads a file: some 0.1 s for 100 MiB.

        Raises:
            OSError: it isn't there, or can't be read; as text: what to do.
        """
        item = self.item(entry_id)
        if item is None or item.entry.result is None:
            raise OSError("There is no painting yet.")
        if item.live is not None and item.live.result is not None:
            return item.live.result
        file = item.entry.result
        try:
            data = self._history.read_result(item.entry)
            layout = impasto.PixelFormat[file.pixel_format.upper()]
        except (OSError, KeyError):
            raise OSError(f"The painting's file {file.path} is gone, or broken. Paint the picture again.") from None
        return impasto.Picture(data, impasto.PictureFormat.RAW, file.width, file.height, layout, file.stride)

    def side(self, entry_id: str) -> dict[str, bytes]:
        """What was kept with the entry at its start. Reads a file."""
        with self._lock:
            line = self._lines.get(entry_id)
            side = None if line is None else line.side
        return self._history.side(entry_id) if side is None else side

    def recipe(self, entry_id: str) -> str:
        """Proto3 JSON; "": not accepted yet."""
        item = self.item(entry_id)
        return "" if item is None else item.entry.recipe_json

    def mark_applied(self, entry_id: str) -> None:
        """It is in a document now."""
        self._change(entry_id, lambda entry: replace(entry, applied=True))

    def discard(self, entry_id: str) -> None:
        """Forgets an entry and its pixels; a running job is cancelled."""
        with self._lock:
            line = self._lines.pop(entry_id, None)
            job = None if line is None else line.job
            if line is not None and job is not None and not line.entry.finished:
                self._leaving.append(job)
        if job is not None:
            job.cancel()
        if line is not None:
            self._disk.later(lambda: self._history.remove(entry_id))
            self._changed("history")

    def _job(self, entry_id: str) -> PaintJob | None:
        with self._lock:
            line = self._lines.get(entry_id)
            return None if line is None else line.job

    def _run(self, line: _Line, request: Request | None) -> None:
        server = line.entry.server

        def connect() -> impasto.Client:
            if line.side is not None:
                self._keep_new(line)
            return self._connect(server)

        job = PaintJob(
            connect,
            address=server.full_address(),
            request_id=line.entry.request_id,
            send=None if request is None else request.send,
            job=line.entry.job,
            accepted=lambda job: self._accepted(line, job),
            finished=lambda state: self._finished(line, state),
            changed=lambda: self._job_changed(line),
        )
        with self._lock:
            line.job = job
        job.start()
        if line.entry.state == "cancelling":
            job.cancel()

    def _job_changed(self, line: _Line) -> None:
        with self._lock:
            job = line.job
        lost = job is not None and job.phase() == "reconnecting"
        was_lost, line.lost = line.lost, lost
        if lost and not was_lost:
            self._lost(line.entry.server)
        self._changed(line.entry.id)

    # On the disk.

    def _change(self, entry_id: str, change: Callable[[Entry], Entry]) -> None:
        with self._lock:
            line = self._lines.get(entry_id)
            if line is not None:
                line.entry = change(line.entry)
        if line is not None:
            self._disk.later(lambda: self._save(line))
            self._changed("history")

    def _save(self, line: _Line) -> None:
        """The newest of it, so that it is all one in which order things are written. To be called by the disk."""
        entry = line.entry
        # A finished one without its pixels stays as it was: the next session gets them from the server.
        if self._is_wanted(line) and (entry.result is None or entry.result.path):
            self._history.put(entry)

    def _is_wanted(self, line: _Line) -> bool:
        """It hasn't been discarded. Whoever writes asks while nothing else is written: removing comes afterwards."""
        with self._lock:
            return line.entry.id in self._lines

    def _keep_new(self, line: _Line) -> None:
        def write() -> None:
            if self._is_wanted(line):
                self._history.put_side(line.entry.id, line.side or {})
                line.side = None
                self._save(line)
                self._prune(line.entry.id)

        self._disk.now(write)

    def _accepted(self, line: _Line, job: impasto.Job) -> None:
        accepted = job.accepted
        with self._lock:
            state = "waiting" if line.entry.state == "sending" else line.entry.state
            recipe = line.entry.recipe_json if accepted is None else accepted.recipe.to_json()
            line.entry = replace(line.entry, job=job.name, state=state, recipe_json=recipe)
        self._disk.now(lambda: self._save(line))
        self._changed("history")

    def _finished(self, line: _Line, state: PaintState) -> bool:
        """Whether the result is on disk, or there is none."""
        picture = state.result
        with self._lock:
            recipe = line.entry.recipe_json if state.recipe is None else state.recipe.to_json()
            entry = replace(line.entry, state=state.phase, words=state.words, recipe_json=recipe)
            if picture is not None and picture.pixel_format is not None:
                entry = replace(
                    entry,
                    result=ResultFile(
                        width=picture.width,
                        height=picture.height,
                        pixel_format=str(picture.pixel_format),
                        stride=picture.stride,
                    ),
                )
            if line.job in self._leaving:
                self._leaving.remove(line.job)

        def write() -> None:
            if not self._is_wanted(line):
                return
            # What is in memory is never older than what is on disk: _save writes that.
            if entry.result is None or picture is None:
                self._history.put(entry)
                self._set(line, entry)
            else:
                self._set(line, self._history.put_result(entry, entry.result, picture.data))
                self._prune(entry.id)

        kept = self._disk.now(write)
        if not kept:
            self._set(line, entry)
        self._changed("history")
        return kept

    def _set(self, line: _Line, entry: Entry) -> None:
        with self._lock:
            line.entry = entry

    def _prune(self, keep: str) -> None:
        removed = self._history.prune(keep)
        with self._lock:
            for entry_id in removed:
                self._lines.pop(entry_id, None)
