"""Impasto paints a photograph in the manner of a painting. This is its client.

    import impasto

    with impasto.Client("127.0.0.1:50451") as client:
        result = client.stylize("photo.jpg", "painting.jpg", on_progress=print)
        result.picture.save("painted.png")

``impasto.aio`` is the same for asyncio.
"""

from __future__ import annotations

from . import aio
from ._version import __version__
from .client import Client
from .enums import (
    InitialPicture,
    JobState,
    LearningRateSchedule,
    ModelState,
    Normalization,
    Optimizer,
    OutputSize,
    PictureFormat,
    PixelFormat,
    Pooling,
    Priority,
    Quality,
)
from .errors import (
    Cancelled,
    Code,
    DeadlineExceeded,
    FailedPrecondition,
    ImpastoError,
    Internal,
    InvalidArgument,
    NotFound,
    OutOfRange,
    PermissionDenied,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from .events import Accepted, ConnectionLost, Event, Preview, Progress, Result, StateChanged
from .job import Job
from .options import OutputOptions, PreviewOptions, Tls
from .pictures import Picture, RawPixels
from .recipe import Execution, LayerWeight, Recipe, RecipeChange
from .resources import Estimate, JobInfo, LayerInfo, MemoryForecast, ModelInfo, ServerInfo, StyleInfo

__all__ = [
    # Clients and jobs.
    "Client",
    "Job",
    "aio",
    # What is sent.
    "Recipe",
    "LayerWeight",
    "RecipeChange",
    "Execution",
    "RawPixels",
    "PreviewOptions",
    "OutputOptions",
    "Tls",
    # Events.
    "Event",
    "Accepted",
    "Progress",
    "Preview",
    "Result",
    "StateChanged",
    "ConnectionLost",
    "Picture",
    # What the server tells.
    "ServerInfo",
    "JobInfo",
    "ModelInfo",
    "LayerInfo",
    "StyleInfo",
    "Estimate",
    "MemoryForecast",
    # Choices.
    "Quality",
    "Optimizer",
    "Normalization",
    "Pooling",
    "InitialPicture",
    "LearningRateSchedule",
    "Priority",
    "JobState",
    "ModelState",
    "PictureFormat",
    "PixelFormat",
    "OutputSize",
    # Errors.
    "Code",
    "ImpastoError",
    "Cancelled",
    "InvalidArgument",
    "DeadlineExceeded",
    "NotFound",
    "PermissionDenied",
    "ResourceExhausted",
    "FailedPrecondition",
    "OutOfRange",
    "Internal",
    "Unavailable",
    "Unauthenticated",
    "__version__",
]
