"""What has been heard of a job."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import impasto
from impasto import JobState

ENDED = ("done", "cancelled", "failed")

_WAITING = (JobState.PREPARING, JobState.WAITING, JobState.PAUSED, JobState.ORPHANED)


@dataclass(frozen=True)
class PaintState:
    """A job at some moment.

    Attributes:
        phase: "sending": pictures are on their way to the server; "waiting": accepted, but others are painted first, or
            it is being prepared; "painting": losses come; "reconnecting": the server can't be reached, and the job goes
            on there, or will: `words` say more; "stopping": the best picture so far is on its way; "done", "cancelled",
            "failed": nothing more comes, and `words` say why it failed.
        job: "jobs/..."; "": not accepted yet.
        jobs_ahead: that are painted first.
        warnings: of the server, for people.
        iteration: steps made.
        iterations: steps in all, as far as is known.
        total_loss: of the latest picture.
        content_loss: its share.
        style_loss: its share.
        total_losses: one for each step so far, for a curve.
        remaining: seconds until the end; None: not known.
        preview: the newest: raw, RGB8, small; None: there is none yet.
        preview_number: rises with every preview.
        result: raw pixels, once it has ended, where they couldn't be written to disk.
        recipe: with every field given; None: not accepted yet.
        words: for people: what is wrong, and what to do.
        change_refused: for people: why the last change of weights wasn't taken; "": it was.
    """

    phase: str = "sending"
    job: str = ""
    jobs_ahead: int = 0
    warnings: tuple[str, ...] = ()
    iteration: int = 0
    iterations: int = 0
    total_loss: float = 0.0
    content_loss: float = 0.0
    style_loss: float = 0.0
    total_losses: tuple[float, ...] = field(default=(), repr=False)
    remaining: float | None = None
    preview: impasto.Picture | None = None
    preview_number: int = 0
    result: impasto.Picture | None = None
    recipe: impasto.Recipe | None = None
    words: str = ""
    change_refused: str = ""

    @property
    def ended(self) -> bool:
        """Nothing more comes."""
        return self.phase in ENDED


class Hearing:
    """Puts a state together from a job's events. Not thread-safe.

    The phases are those that a job itself has: "sending", "waiting", "painting".
    """

    def __init__(self, job: str) -> None:
        """`job`: its name, where that is known."""
        self.state = PaintState("waiting" if job else "sending", job)
        self._losses: list[float] = []

    def whole(self) -> PaintState:
        """The state with its losses, which are copied for it."""
        return dataclasses.replace(self.state, total_losses=tuple(self._losses))

    def accepted(self, job: str) -> None:
        """Its name is known."""
        phase = "waiting" if self.state.phase == "sending" else self.state.phase
        self._set(job=job, phase=phase)

    def refused(self, words: str) -> None:
        """What came of a change of weights; "": it was taken."""
        self._set(change_refused=words)

    def take(self, event: impasto.Event) -> None:
        """The next event."""
        if isinstance(event, impasto.Accepted):  # the first, and so of a job that is read from its start again
            self._losses.clear()
            iterations = event.recipe.iterations or 0
            self._set(jobs_ahead=event.jobs_ahead, warnings=event.warnings, recipe=event.recipe, iterations=iterations)
        elif isinstance(event, impasto.Progress):
            self._losses.append(event.total_loss)
            self._set(
                phase="painting",
                jobs_ahead=0,
                # The last losses are those of the picture after the last step.
                iteration=min(event.iteration, event.iterations),
                iterations=event.iterations,
                total_loss=event.total_loss,
                content_loss=event.content_loss,
                style_loss=event.style_loss,
                remaining=event.remaining,
            )
        elif isinstance(event, impasto.Preview):
            self._set(preview=event.picture, preview_number=self.state.preview_number + 1)
        elif isinstance(event, impasto.Result):
            self._set(result=event.picture, recipe=event.recipe)
        elif isinstance(event, impasto.StateChanged) and event.state in _WAITING:
            self._set(phase="waiting")
        elif isinstance(event, impasto.StateChanged) and event.state is JobState.RUNNING:
            self._set(phase="painting")

    def _set(self, **changes: Any) -> None:
        self.state = dataclasses.replace(self.state, **changes)
