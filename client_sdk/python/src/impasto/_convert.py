"""From the API's messages to what users see."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from . import _wire
from ._status import from_status
from .enums import JobState, ModelState, OutputSize, PictureFormat, PixelFormat, Priority, received
from .options import OutputOptions, PreviewOptions
from .recipe import from_message as recipe_from
from .resources import Estimate, JobInfo, LayerInfo, MemoryForecast, ModelInfo, ServerInfo, StyleInfo

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def seconds(duration: _wire.Message) -> float:
    """A Duration, in seconds."""
    total: float = duration.seconds + duration.nanos / 1e9
    return total


def _seconds_of(message: _wire.Message, field: str) -> float | None:
    """A Duration's field, in seconds; None: not set."""
    return seconds(getattr(message, field)) if message.HasField(field) else None


def _time_of(message: _wire.Message, field: str) -> datetime | None:
    if not message.HasField(field):
        return None
    stamp = getattr(message, field)
    try:
        return _EPOCH + timedelta(seconds=stamp.seconds, microseconds=stamp.nanos // 1000)
    except OverflowError:
        return None


def memory(message: _wire.Message) -> MemoryForecast:
    """From MemoryForecast."""
    return MemoryForecast(message.peak_bytes, message.budget_bytes, message.largest_max_size)


def server_info(message: _wire.Message) -> ServerInfo:
    """From ServerInfo."""
    return ServerInfo(
        version=message.version,
        api_revision=message.api_revision,
        min_client_revision=message.min_client_revision,
        client=message.client,
        max_request_bytes=message.max_request_bytes,
        max_picture_bytes=message.max_picture_bytes,
        requires_token=message.requires_token,
    )


def estimate(message: _wire.Message) -> Estimate:
    """From EstimateJobResponse."""
    return Estimate(
        memory(message.memory), recipe_from(message.recipe), message.width, message.height, tuple(message.warnings)
    )


def job_info(message: _wire.Message) -> JobInfo:
    """From Job."""
    preview, output = message.preview, message.output
    return JobInfo(
        name=message.name,
        state=received(JobState, message.state) or JobState.UNSPECIFIED,
        display_name=message.display_name,
        priority=received(Priority, message.priority) or Priority.NORMAL,
        detached=message.detached,
        recipe=recipe_from(message.recipe) if message.HasField("recipe") else None,
        original_recipe=recipe_from(message.original_recipe) if message.HasField("original_recipe") else None,
        preview=PreviewOptions(
            preview.every_iterations,
            seconds(preview.interval),
            received(PictureFormat, preview.format),
            preview.max_size,
            received(PixelFormat, preview.pixel_format),
        ),
        output=OutputOptions(
            received(PictureFormat, output.format),
            received(OutputSize, output.size),
            output.quality,
            received(PixelFormat, output.pixel_format),
        ),
        request_id=message.request_id,
        client=message.client,
        width=message.width,
        height=message.height,
        iteration=message.iteration,
        iterations=message.iterations,
        total_loss=message.total_loss,
        device_time=seconds(message.device_time),
        remaining=_seconds_of(message, "remaining"),
        create_time=_time_of(message, "create_time"),
        start_time=_time_of(message, "start_time"),
        end_time=_time_of(message, "end_time"),
        expire_time=_time_of(message, "expire_time"),
        error=from_status(message.error) if message.HasField("error") and message.error.code else None,
        warnings=tuple(message.warnings),
        last_event=message.last_event,
        memory=memory(message.memory),
        watchers=message.watchers,
        has_result=message.has_result,
    )


def model_info(message: _wire.Message) -> ModelInfo:
    """From Model."""
    return ModelInfo(
        name=message.name,
        state=received(ModelState, message.state) or ModelState.UNSPECIFIED,
        state_reason=message.state_reason,
        layers=tuple(
            LayerInfo(layer.name, layer.op, layer.channels, layer.height, layer.width, layer.available)
            for layer in message.layers
        ),
        weights_origin=message.weights_origin,
        weights_sha256=message.weights_sha256,
        weights_family=message.weights_family,
        random_weights=message.random_weights,
        default_recipe=recipe_from(message.default_recipe) if message.HasField("default_recipe") else None,
        device=message.device,
        missing_layers=tuple(message.missing_layers),
    )


def style_info(message: _wire.Message) -> StyleInfo:
    """From Style."""
    return StyleInfo(
        name=message.name,
        display_name=message.display_name,
        width=message.width,
        height=message.height,
        size_bytes=message.size_bytes,
        thumbnail=message.thumbnail,
        create_time=_time_of(message, "create_time"),
        last_use_time=_time_of(message, "last_use_time"),
        sha256=message.sha256,
    )
