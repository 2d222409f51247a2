"""What happens to a job, in order: what iterating over one gives. Plain immutable values; durations are seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Union

from .enums import JobState
from .errors import ImpastoError
from .pictures import Picture
from .recipe import Recipe, RecipeChange
from .resources import MemoryForecast


@dataclass(frozen=True)
class Accepted:
    """The request is fine and the job is queued: always the first.

    Attributes:
        job: its name, "jobs/...".
        recipe: with every field given.
        width: of the working picture, pixels.
        height: of the working picture, pixels.
        warnings: what the user has to know: that the weights are random, for one.
        jobs_ahead: jobs that are on the device or wait for it with this one.
        memory: what it will take.
        attached: it was there already: an earlier request had the same ``request_id``.
    """

    job: str
    recipe: Recipe = Recipe()
    width: int = 0
    height: int = 0
    warnings: tuple[str, ...] = ()
    jobs_ahead: int = 0
    memory: MemoryForecast = MemoryForecast()
    attached: bool = False


@dataclass(frozen=True)
class Progress:
    """The losses of one picture on the way. One for each evaluation; none is left out.

    Attributes:
        iteration: k: the losses are those of the picture that step k starts from; iterations + 1 is the end.
        iterations: steps in all, as far as is known.
        total_loss: the weighted sum of the next three.
        content_loss: over the content layers.
        style_loss: over the style layers.
        tv_loss: total variation.
        elapsed: seconds since the first step began.
        remaining: seconds until the end, as far as can be told.
        content_layer_losses: before any weight, in the recipe's order.
        style_layer_losses: before any weight, in the recipe's order.
        level: of the pyramid, 0..levels - 1, 0 the coarsest. Losses of different levels don't compare.
        levels: 1: the working size alone.
    """

    iteration: int
    iterations: int
    total_loss: float
    content_loss: float = 0.0
    style_loss: float = 0.0
    tv_loss: float = 0.0
    elapsed: float = 0.0
    remaining: float = 0.0
    content_layer_losses: tuple[float, ...] = ()
    style_layer_losses: tuple[float, ...] = ()
    level: int = 0
    levels: int = 1

    def __str__(self) -> str:
        step = min(self.iteration, self.iterations)
        return f"step {step} of {self.iterations}, loss {self.total_loss:.4g}, {self.remaining:.0f} s left"


@dataclass(frozen=True)
class Preview:
    """The picture after some step. A slow reader gets fewer.

    Attributes:
        iteration: steps made when it was taken, at least 1.
        picture: the picture.
    """

    iteration: int
    picture: Picture


@dataclass(frozen=True)
class Result:
    """The picture of the lowest total loss. Jupyter shows it.

    Attributes:
        picture: the picture.
        iteration: the steps behind it; 0 is the start.
        total_loss: its total loss.
        level: of the pyramid: the last, but for a job that failed on the way there.
        job: "jobs/...".
        recipe: with every field given and the changes that were made on the way: it makes the same picture.
        finished_elapsed: seconds from the first step to the end.
    """

    picture: Picture
    iteration: int = 0
    total_loss: float = 0.0
    level: int = 0
    job: str = ""
    recipe: Recipe = Recipe()
    finished_elapsed: float = 0.0

    def _repr_png_(self) -> bytes | None:
        return self.picture._repr_png_()

    def _repr_jpeg_(self) -> bytes | None:
        return self.picture._repr_jpeg_()


@dataclass(frozen=True)
class StateChanged:
    """It was paused, set aside, resumed, or taken up again by a restarted server.

    Attributes:
        state: the new one.
        iteration: steps made so far.
        reason: who or what did it.
    """

    state: JobState
    iteration: int = 0
    reason: str = ""


@dataclass(frozen=True)
class ConnectionLost:
    """The connection broke. It is made again by itself, and no loss is missed.

    Attributes:
        error: what broke it.
    """

    error: ImpastoError


Event = Union[Accepted, Progress, Preview, Result, RecipeChange, StateChanged, ConnectionLost]
