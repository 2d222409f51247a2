"""What the server tells of itself, its jobs, models and styles. Plain immutable values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .enums import JobState, ModelState, Priority
from .errors import ImpastoError
from .options import OutputOptions, PreviewOptions
from .recipe import Recipe


@dataclass(frozen=True)
class ServerInfo:
    """A server, as far as a client has to know it.

    Attributes:
        version: the program's, "MAJOR.MINOR.PATCH".
        api_revision: the revision of the API that it speaks.
        min_client_revision: the oldest revision whose clients it still understands.
        client: who the server takes the caller for.
        max_request_bytes: bytes of the pictures of one request, at most; larger ones are uploaded by themselves.
        max_picture_bytes: bytes of one picture, at most.
        requires_token: calls need an access token.
    """

    version: str = ""
    api_revision: int = 0
    min_client_revision: int = 0
    client: str = ""
    max_request_bytes: int = 0
    max_picture_bytes: int = 0
    requires_token: bool = False


@dataclass(frozen=True)
class MemoryForecast:
    """What a job takes of the server's memory.

    Attributes:
        peak_bytes: at its peak, beyond the models'.
        budget_bytes: what all jobs together may take.
        largest_max_size: the largest ``Recipe.max_size`` that fits, pixels; 0: none, or it isn't known.
    """

    peak_bytes: int = 0
    budget_bytes: int = 0
    largest_max_size: int = 0


@dataclass(frozen=True)
class Estimate:
    """What a job would take. ``memory.peak_bytes`` above ``memory.budget_bytes``: it would be refused.

    Attributes:
        memory: the memory.
        recipe: with every field given.
        width: of the working picture, pixels.
        height: of the working picture, pixels.
        warnings: what the user has to know.
    """

    memory: MemoryForecast
    recipe: Recipe
    width: int
    height: int
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobInfo:
    """A job at some moment. Times are UTC, durations seconds; None: not yet, or it can't be told.

    Attributes:
        name: "jobs/...".
        state: what it does.
        display_name: for people.
        priority: who goes first.
        detached: it outlives its streams.
        recipe: the values in force.
        original_recipe: what it began with, with the changes since: sent back, it makes the same picture.
        preview: pictures on the way.
        output: the picture at the end.
        request_id: the client's own id of the request.
        client: whose it is.
        width: of the working picture, pixels.
        height: of the working picture, pixels.
        iteration: steps made.
        iterations: steps in all, as far as is known.
        total_loss: the latest; the result's once there is one.
        device_time: seconds on the device.
        remaining: seconds until the end.
        create_time: when it was asked for.
        start_time: when its first step began.
        end_time: when it ended.
        expire_time: when an orphaned job is cancelled, or one that has ended is deleted.
        error: why it failed.
        warnings: what the user has to know.
        last_event: number of its latest event.
        memory: what it takes.
        watchers: streams that watch it.
        has_result: its picture can be had.
    """

    name: str
    state: JobState
    display_name: str = ""
    priority: Priority = Priority.NORMAL
    detached: bool = False
    recipe: Recipe | None = None
    original_recipe: Recipe | None = None
    preview: PreviewOptions = PreviewOptions()
    output: OutputOptions = OutputOptions()
    request_id: str = ""
    client: str = ""
    width: int = 0
    height: int = 0
    iteration: int = 0
    iterations: int = 0
    total_loss: float = 0.0
    device_time: float = 0.0
    remaining: float | None = None
    create_time: datetime | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    expire_time: datetime | None = None
    error: ImpastoError | None = None
    warnings: tuple[str, ...] = ()
    last_event: int = 0
    memory: MemoryForecast = MemoryForecast()
    watchers: int = 0
    has_result: bool = False


@dataclass(frozen=True)
class LayerInfo:
    """A layer that can be a content or a style layer.

    Attributes:
        name: its Keras name.
        op: "conv2d", "batch_norm", "relu", "zero_pad", "max_pool" or "add".
        channels: maps.
        height: rows for a content picture of 512 x 512.
        width: columns for a content picture of 512 x 512.
        available: the loaded weights hold all that it needs.
    """

    name: str
    op: str = ""
    channels: int = 0
    height: int = 0
    width: int = 0
    available: bool = False


@dataclass(frozen=True)
class ModelInfo:
    """A network.

    Attributes:
        name: "models/vgg19".
        state: whether it can be used.
        state_reason: why it isn't loaded, or what is missing.
        layers: in order; ``Client.models`` leaves them out.
        weights_origin: where the weights came from.
        weights_sha256: SHA-256 of the weights file, hex.
        weights_family: "keras", "torchvision" or "random".
        random_weights: pictures are for trying only.
        default_recipe: the default preset's recipe for these weights; None where it isn't loaded.
        device: that it is loaded on.
        missing_layers: that the weights file lacks.
    """

    name: str
    state: ModelState
    state_reason: str = ""
    layers: tuple[LayerInfo, ...] = ()
    weights_origin: str = ""
    weights_sha256: str = ""
    weights_family: str = ""
    random_weights: bool = False
    default_recipe: Recipe | None = None
    device: str = ""
    missing_layers: tuple[str, ...] = ()


@dataclass(frozen=True)
class StyleInfo:
    """A style picture that the server keeps.

    Attributes:
        name: "styles/...", for use in place of a picture.
        display_name: for people.
        width: pixels.
        height: pixels.
        size_bytes: of the picture's file.
        thumbnail: a JPEG of at most 128 pixels a side.
        create_time: when it was kept first, UTC.
        last_use_time: when a job used it last, UTC.
        sha256: of its contents, hex.
    """

    name: str
    display_name: str = ""
    width: int = 0
    height: int = 0
    size_bytes: int = 0
    thumbnail: bytes = b""
    create_time: datetime | None = None
    last_use_time: datetime | None = None
    sha256: str = ""

    def _repr_jpeg_(self) -> bytes:
        return self.thumbnail
