"""Requests from what users give."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

from . import _sources, _wire
from .enums import OutputSize, PictureFormat, PixelFormat, Priority, choose
from .errors import InvalidArgument
from .options import OutputOptions, PreviewOptions
from .recipe import Recipe, set_value
from .recipe import to_message as recipe_message

if TYPE_CHECKING:
    from ._sources import PictureSource

    Styles = Union[PictureSource, Sequence[PictureSource]]

_StylizeRequest = _wire.message("StylizeRequest")
_Job = _wire.message("Job")

# UpdateJob's fields of the job itself, and those of its recipe.
_JOB_FIELDS = ("display_name", "priority", "detached", "preview")
_RECIPE_FIELDS = (
    "content_weight",
    "style_weight",
    "tv_weight",
    "learning_rate",
    "iterations",
    "content_layers",
    "style_layers",
    "style_picture_weights",
)


def stylize(
    content: PictureSource,
    styles: Styles,
    *,
    recipe: Recipe | None = None,
    preview: PreviewOptions | None = None,
    output: OutputOptions | None = None,
    initial: PictureSource | None = None,
    priority: Priority | str | None = None,
    display_name: str = "",
    request_id: str = "",
    detached: bool = False,
) -> _wire.Message:
    """A StylizeRequest. It always has a ``request_id``: without one it could not be sent again, nor be found."""
    message = _StylizeRequest(detached=bool(detached))
    message.content.CopyFrom(_sources.to_message(content, "content"))
    pictures: Sequence[Any] = [styles] if _sources.is_one(styles) else styles  # type: ignore[assignment]
    if not pictures:
        raise InvalidArgument("styles: none are given", field="styles")
    for i, style in enumerate(pictures):
        message.styles.add().CopyFrom(_sources.to_message(style, f"styles[{i}]"))
    if initial is not None:
        message.initial.CopyFrom(_sources.to_message(initial, "initial"))
    if recipe is not None:
        message.recipe.CopyFrom(recipe_message(recipe))
    if preview is not None:
        _set_preview(message.preview, preview)
    if output is not None:
        _set_output(message.output, output)
    if priority is not None:
        message.priority = choose(Priority, priority, "priority")
    set_value(message, "display_name", display_name, "display_name")
    set_value(message, "request_id", request_id or str(uuid.uuid4()), "request_id")
    return message


def update(name: str, changes: Any) -> tuple[_wire.Message, list[str]]:
    """The job and the mask of an UpdateJob, from keyword arguments. TypeError: there is no such field."""
    job = _Job(name=name)
    mask = []
    for field, value in changes.items():
        if field in _RECIPE_FIELDS:
            # An empty list of layers or shares would change nothing.
            part = recipe_message(Recipe(**{field: value}))
            job.recipe.MergeFrom(part)
            mask.append(f"recipe.{field}")
        elif field in _JOB_FIELDS:
            if field == "preview":
                job.preview.SetInParent()
                _set_preview(job.preview, value)
            else:
                set_value(job, field, choose(Priority, value, field) if field == "priority" else value, field)
            mask.append(field)
        else:
            known = ", ".join((*_JOB_FIELDS, *_RECIPE_FIELDS))
            raise TypeError(f"{field!r} is no field that can be updated: {known}")
    if not mask:
        raise TypeError("update() without a field to change")
    return job, mask


def _set_preview(message: _wire.Message, options: PreviewOptions) -> None:
    set_value(message, "every_iterations", options.every_iterations, "preview.every_iterations")
    set_value(message, "max_size", options.max_size, "preview.max_size")
    if options.interval:
        try:
            nanoseconds = round(float(options.interval) * 1e9)
            message.interval.seconds, message.interval.nanos = divmod(nanoseconds, 1_000_000_000)
        except (TypeError, ValueError, OverflowError) as error:
            field = "preview.interval"
            raise InvalidArgument(f"{field}: {options.interval!r}: {error}", field=field) from None
    _set_formats(message, options, "preview")


def _set_output(message: _wire.Message, options: OutputOptions) -> None:
    set_value(message, "quality", options.quality, "output.quality")
    if options.size is not None:
        message.size = choose(OutputSize, options.size, "output.size")
    _set_formats(message, options, "output")


def _set_formats(message: _wire.Message, options: PreviewOptions | OutputOptions, field: str) -> None:
    if options.format is not None:
        message.format = choose(PictureFormat, options.format, f"{field}.format")
    if options.pixel_format is not None:
        message.pixel_format = choose(PixelFormat, options.pixel_format, f"{field}.pixel_format")
