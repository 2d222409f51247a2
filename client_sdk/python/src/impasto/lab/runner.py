"""Paints the tasks of a run folder, some at a time, as detached jobs that outlive this process."""

from __future__ import annotations

import queue
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import impasto
from impasto.lab import units
from impasto.lab.errors import LabError, UnreachableError
from impasto.lab.losses import Losses, Row
from impasto.lab.run_folder import Figures, RunFolder, Task

if TYPE_CHECKING:
    from collections.abc import Sequence


class Observer(Protocol):
    """Told of every step. Called from the runner's threads, one at a time for each task."""

    def on_progress(self, task: Task, progress: impasto.Progress) -> None:
        """A step was made."""

    def on_done(self, task: Task, figures: Figures) -> None:
        """The picture is there."""

    def on_failed(self, task: Task, code: str, message: str) -> None:
        """There is no picture."""


@dataclass(frozen=True)
class Settings:
    """How the jobs are run."""

    in_flight: int  # jobs at a time
    priority: impasto.Priority = impasto.Priority.BATCH


class Runner:
    """Paints tasks; one ``run()`` at a time."""

    def __init__(self, client: impasto.Client, folder: RunFolder, observer: Observer, settings: Settings) -> None:
        self._client = client
        self._folder = folder
        self._observer = observer
        self._settings = settings
        self._version = client.server_info().version
        self._stopping = threading.Event()
        self._reports: queue.Queue[BaseException | None] = queue.Queue()

    def run(self, tasks: Sequence[Task]) -> None:
        """Returns once each task is done or has failed, as the folder's records say.

        UnreachableError: the server went away. KeyboardInterrupt and errors of the folder come through. In each case
        the jobs on the server go on, and another run attaches to them.
        """
        todo: queue.Queue[Task] = queue.Queue()
        for task in tasks:
            todo.put(task)
        count = min(self._settings.in_flight, len(tasks))
        # Daemons: a second Ctrl-C must not wait for a stream that hangs.
        threads = [threading.Thread(target=self._work, args=(todo,), daemon=True) for _ in range(count)]
        for thread in threads:
            thread.start()
        try:
            for _ in threads:
                error = self._reports.get()
                if error is not None:
                    raise error
        finally:
            self._stopping.set()

    def _work(self, todo: queue.Queue[Task]) -> None:
        try:
            while not self._stopping.is_set():
                try:
                    task = todo.get_nowait()
                except queue.Empty:
                    break
                self._paint(task)
        except BaseException as error:  # the main thread raises it
            self._reports.put(error)
        else:
            self._reports.put(None)

    def _paint(self, task: Task) -> None:
        try:
            self._watch(task, self._start(task))
        except impasto.Unavailable as error:
            raise UnreachableError(str(error)) from error
        except impasto.ImpastoError as error:
            self._fail(task, error.code.name, str(error), error.field)
        except OSError as error:
            # An input that is gone, or a full disk: the other pictures may still be fine.
            self._fail(task, "FILE", f"{error.filename}: {error.strerror}" if error.filename else str(error), "")

    def _fail(self, task: Task, code: str, message: str, field: str) -> None:
        if self._stopping.is_set():
            return
        self._folder.fail(task, code, message, field)
        self._observer.on_failed(task, code, message)

    def _start(self, task: Task) -> impasto.Job:
        request_id = self._folder.begin(task)
        content, styles = task.pictures
        while True:
            try:
                job = self._client.start(
                    content,
                    styles,
                    recipe=task.recipe,
                    output=impasto.OutputOptions(size=task.output_size),
                    priority=self._settings.priority,
                    display_name=task.label[:200],
                    request_id=request_id,
                    detached=True,
                )
                break
            except impasto.ResourceExhausted as error:
                # Too many jobs now; a job that never fits has no time to try again at.
                if error.retry_after is None or self._stopping.wait(error.retry_after):
                    raise
        self._folder.started(task, job.name)
        return job

    def _watch(self, task: Task, job: impasto.Job) -> None:
        watched = Watched()
        for event in job.events():
            if self._stopping.is_set():
                return
            watched.add(event)
            if isinstance(event, impasto.Progress):
                self._observer.on_progress(task, event)
        result = watched.result
        if result is None:
            raise LabError(f"{job.name} ended without a picture")
        figures = watched.figures(result, job.info(), self._version)
        self._folder.finish(task, figures, result.picture.data, result.recipe.to_json(), watched.losses)
        self._observer.on_done(task, figures)


class Watched:
    """What the events of one job say of its picture."""

    def __init__(self) -> None:
        self.losses = Losses()
        self.accepted: impasto.Accepted | None = None
        self.result: impasto.Result | None = None
        self.levels = 1
        self._changes: list[impasto.RecipeChange] = []

    def add(self, event: object) -> None:
        """Takes the job's next event."""
        if isinstance(event, impasto.Accepted):
            self.accepted = event
            self.losses = Losses(_layer_columns(event.recipe), self.losses.rows)
        elif isinstance(event, impasto.RecipeChange):
            self._changes.append(event)
        elif isinstance(event, impasto.Progress):
            self.levels = max(self.levels, event.levels)
            due = [change for change in self._changes if change.iteration < event.iteration]
            self._changes = [change for change in self._changes if change not in due]
            self.losses.add(
                Row(
                    event.iteration,
                    event.total_loss,
                    event.content_loss,
                    event.style_loss,
                    event.elapsed,
                    event.level,
                    " ".join(units.change_text(change) for change in due),
                    (*event.content_layer_losses, *event.style_layer_losses),
                )
            )
        elif isinstance(event, impasto.Result):
            self.result = event

    def figures(self, result: impasto.Result, info: impasto.JobInfo, server_version: str) -> Figures:
        """The figures of a job that succeeded."""
        rows, recipe = self.losses.rows, result.recipe
        accepted = self.accepted.warnings if self.accepted else ()
        row = self.losses.at(result.iteration, result.level)
        return Figures(
            width=result.picture.width,
            height=result.picture.height,
            steps=info.iteration,
            result_step=result.iteration,
            level=result.level,
            levels=self.levels,
            total_loss=result.total_loss,
            content_loss=row.content if row else None,
            style_loss=row.style if row else None,
            device_seconds=info.device_time,
            elapsed_seconds=rows[-1].seconds if rows else 0.0,
            peak_bytes=info.memory.peak_bytes,
            model=(recipe.model or "").rpartition("/")[2],
            weights_sha256=recipe.weights_sha256 or "",
            server_version=server_version,
            warnings=list(dict.fromkeys([*accepted, *info.warnings])),
        )


def _layer_columns(recipe: impasto.Recipe) -> list[str]:
    return [f"content.{layer}" for layer in _names(recipe.content_layers)] + [
        f"style.{layer}" for layer in _names(recipe.style_layers)
    ]


def _names(layers: object) -> list[str]:
    return [layer.layer for layer in layers]  # type: ignore[attr-defined]
