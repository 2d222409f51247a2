"""From the API's events to this package's: pictures are put together, and the protocol is checked."""

from __future__ import annotations

import dataclasses

from . import _convert, _wire
from ._assembler import PictureAssembler
from ._status import from_status
from .enums import JobState, received
from .errors import Cancelled, ImpastoError, Internal
from .events import Accepted, Event, Preview, Progress, Result, StateChanged
from .recipe import Recipe, change_from_message
from .recipe import from_message as recipe_from

_FinishedState = _wire.enum_values("Finished.State")

# An event and its number.
Numbered = tuple[int, Event]


class EventTranslator:
    """Follows one job, over all streams that bring its events. Not thread-safe."""

    def __init__(self, max_picture_bytes: int, after: int, job: str = "") -> None:
        self._assembler = PictureAssembler(max_picture_bytes)
        self._pending: tuple[str, int] = ("", 0)
        self._result: tuple[int, Result] | None = None
        self._has_result = False
        self._after = after
        self.last_event = after  # the last that was taken whole
        self.job = job
        self.recipe: Recipe | None = None
        self.finished: _wire.Message | None = None

    def add(self, message: _wire.Message) -> list[Numbered]:
        """What a JobEvent tells the user. Internal: the server doesn't keep to the protocol."""
        # A server that sends what is here already, after a break, is passed over. All chunks of a picture have one
        # number, which counts once the picture is whole.
        if message.sequence and message.sequence <= self.last_event:
            return []
        event = self._translate(message)
        if not self._assembler.pending:
            self.last_event = max(self.last_event, message.sequence)
        if isinstance(event, Result):
            # Kept until `finished`, which follows at once and says how long it took.
            self._result = (message.sequence, event)
            return []
        return [] if event is None else [(message.sequence, event)]

    def stream_ended(self) -> None:
        """It broke: a picture that isn't whole comes again from its start."""
        self._assembler.drop()

    def result(self) -> list[Numbered]:
        """The result, once; nothing where none came."""
        if self._result is None:
            return []
        sequence, result = self._result
        elapsed = _convert.seconds(self.finished.elapsed) if self.finished is not None else 0.0
        self._result = None
        self._has_result = True
        return [(sequence, dataclasses.replace(result, finished_elapsed=elapsed))]

    def error(self) -> ImpastoError | None:
        """How the job ended where that isn't well. To be asked once the stream has ended well."""
        if self.finished is None:
            if self._after and self.last_event == self._after:
                return None
            return Internal("the server ended the job without saying how")
        state = self.finished.state
        if state == _FinishedState["STATE_CANCELLED"]:
            return Cancelled("the job was cancelled")
        if state != _FinishedState["STATE_SUCCEEDED"]:
            if self.finished.error.code == 0:
                return Internal("the server says that the job failed, and not why")
            return from_status(self.finished.error)
        if not (self._has_result or self._result or self._after):
            return Internal("the server ended the job without a whole result")
        return None

    def _translate(self, message: _wire.Message) -> Event | None:
        kind = message.WhichOneof("event")
        if kind is None:
            return None  # a later server's
        body = getattr(message, kind)
        if kind == "accepted":
            self.job = body.job
            self.recipe = recipe_from(body.recipe)
            return Accepted(
                job=body.job,
                recipe=self.recipe,
                width=body.width,
                height=body.height,
                warnings=tuple(body.warnings),
                jobs_ahead=body.jobs_ahead,
                memory=_convert.memory(body.memory),
                attached=body.attached,
            )
        if kind == "progress":
            return Progress(
                iteration=body.iteration,
                iterations=body.iterations,
                total_loss=body.total_loss,
                content_loss=body.content_loss,
                style_loss=body.style_loss,
                tv_loss=body.tv_loss,
                elapsed=_convert.seconds(body.elapsed),
                remaining=_convert.seconds(body.remaining),
                content_layer_losses=tuple(body.content_layer_losses),
                style_layer_losses=tuple(body.style_layer_losses),
                level=body.level,
                levels=body.levels or 1,
            )
        if kind in ("preview", "result"):
            return self._picture(kind, body)
        if kind == "changed":
            change = change_from_message(body)
            if self.recipe is not None and change not in self.recipe.changes:
                self.recipe = dataclasses.replace(self.recipe, changes=(*self.recipe.changes, change))
            return change
        if kind == "state_changed":
            return StateChanged(received(JobState, body.state) or JobState.UNSPECIFIED, body.iteration, body.reason)
        self.finished = body
        return None

    def _picture(self, kind: str, body: _wire.Message) -> Event | None:
        if kind == "result" and (self._result or self._has_result):
            raise Internal("the server sent two results")
        if self._assembler.pending and self._pending != (kind, body.iteration):
            raise Internal(
                f"the server sent a broken picture: the {kind} of iteration {body.iteration} begins within another"
            )
        self._pending = (kind, body.iteration)
        picture = self._assembler.add(body.chunk)
        if picture is None:
            return None
        if kind == "preview":
            return Preview(body.iteration, picture)
        recipe = self.recipe or Recipe()
        return Result(picture, body.iteration, body.total_loss, body.level, self.job, recipe)
