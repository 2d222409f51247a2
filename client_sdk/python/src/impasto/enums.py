"""The API's choices. Wherever one is taken, its name in lower case is taken as well: "draft" for Quality.DRAFT."""

from __future__ import annotations

import enum
from typing import TypeVar

from .errors import InvalidArgument


class Choice(enum.IntEnum):
    """One of several, with the API's numbers. As text it is its name in lower case, on every version of Python."""

    def __str__(self) -> str:
        return self.name.lower()

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


class Quality(Choice):
    """How much time the picture may take."""

    DRAFT = 1
    GOOD = 2
    BEST = 3


class Optimizer(Choice):
    """What moves the picture."""

    ADAM = 1
    LBFGS = 2


class Normalization(Choice):
    """How losses are normalised: by means, or as the method's paper has it."""

    MEAN = 1
    PAPER = 2


class Pooling(Choice):
    """The network's pooling layers."""

    MAX = 1
    AVERAGE = 2


class InitialPicture(Choice):
    """The picture that the first step starts from."""

    CONTENT = 1
    NOISE = 2
    SUPPLIED = 3


class LearningRateSchedule(Choice):
    """Adam's learning rate from the first step to the last."""

    CONSTANT = 1
    COSINE = 2


class Priority(Choice):
    """Who goes first where jobs share a device: 16 parts of its time, 4, or 1."""

    INTERACTIVE = 1
    NORMAL = 2
    BATCH = 3


class JobState(Choice):
    """What a job does now. UNSPECIFIED: something that a later server knows."""

    UNSPECIFIED = 0
    PREPARING = 1
    WAITING = 2
    RUNNING = 3
    PAUSED = 4
    ORPHANED = 5
    SUCCEEDED = 6
    CANCELLED = 7
    FAILED = 8

    @property
    def ended(self) -> bool:
        """Nothing more comes."""
        return self in (JobState.SUCCEEDED, JobState.CANCELLED, JobState.FAILED)


class ModelState(Choice):
    """Whether a model can be used. UNSPECIFIED: something that a later server knows."""

    UNSPECIFIED = 0
    UNLOADED = 1
    LOADING = 2
    LOADED = 3
    UNAVAILABLE = 4


class PictureFormat(Choice):
    """How a picture that the server sends is encoded."""

    PNG = 1
    JPEG = 2
    WEBP = 3
    TIFF = 4
    RAW = 5


class OutputSize(Choice):
    """The result's size: what the network saw, or the content picture's own."""

    WORKING = 1
    ORIGINAL = 2


class PixelFormat(Choice):
    """Layouts of raw pixels: interleaved, 16-bit and float samples little-endian, alpha straight."""

    GRAY8 = 1
    GRAY_ALPHA8 = 2
    RGB8 = 3
    RGBA8 = 4
    BGR8 = 5
    BGRA8 = 6
    GRAY16 = 7
    GRAY_ALPHA16 = 8
    RGB16 = 9
    RGBA16 = 10
    BGRA16 = 11
    RGB_FLOAT = 12
    RGBA_FLOAT = 13


_Choice = TypeVar("_Choice", bound=Choice)


def choose(kind: type[_Choice], value: _Choice | str | int, field: str) -> _Choice:
    """A choice from itself, its name or its number. InvalidArgument names ``field`` and what there is."""
    try:
        return kind[value.upper().replace("-", "_")] if isinstance(value, str) else kind(value)
    except (KeyError, ValueError):
        names = ", ".join(choice.name.lower() for choice in kind)
        raise InvalidArgument(f"{field}: {value!r} is none of {names}", field=field) from None


def received(kind: type[_Choice], number: int) -> _Choice | None:
    """A choice that a server sent; None: not given, or a later server's."""
    try:
        return kind(number)
    except ValueError:
        return None
