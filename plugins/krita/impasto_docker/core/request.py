"""What is sent to the server for one painting."""

from __future__ import annotations

from dataclasses import dataclass, field

import impasto

from impasto_docker.core.history import Place
from impasto_docker.core.local_server import is_this_machine
from impasto_docker.core.settings import SettingError, Style

_PREVIEW_SIZE = 512  # long side, pixels
_LONGEST_NAME = 200  # what a server takes, characters

# The layouts without alpha, which the document keeps. There is none of 16 bits with blue first.
_OPAQUE = {
    impasto.PixelFormat.GRAY_ALPHA8: impasto.PixelFormat.GRAY8,
    impasto.PixelFormat.RGBA8: impasto.PixelFormat.RGB8,
    impasto.PixelFormat.BGRA8: impasto.PixelFormat.BGR8,
    impasto.PixelFormat.GRAY_ALPHA16: impasto.PixelFormat.GRAY16,
    impasto.PixelFormat.RGBA16: impasto.PixelFormat.RGB16,
    impasto.PixelFormat.BGRA16: impasto.PixelFormat.RGB16,
    impasto.PixelFormat.RGBA_FLOAT: impasto.PixelFormat.RGB_FLOAT,
}


@dataclass(frozen=True)
class Request:
    """All of it.

    Attributes:
        id: by which the server knows it again.
        content: what is painted.
        style: a picture, the path of one, or "styles/...".
        recipe: what decides the painting.
        name: of the job, for people.
    """

    id: str
    content: impasto.RawPixels = field(repr=False)
    style: str | impasto.RawPixels = field(repr=False)
    recipe: impasto.Recipe
    name: str

    def send(self, client: impasto.Client) -> impasto.Job:
        """Blocks until the server has accepted the job, which then needs nobody to watch it. Errors: Client.start's."""
        layout = _layout(self.content)
        # A connection to another machine may carry less than ten pictures a second.
        interval = 0.1 if is_this_machine(client.address) else 0.5
        return client.start(
            self.content,
            self.style,
            recipe=self.recipe,
            preview=impasto.PreviewOptions(
                interval=interval, format="raw", pixel_format="rgb8", max_size=_PREVIEW_SIZE
            ),
            output=impasto.OutputOptions(format="raw", size="original", pixel_format=_OPAQUE.get(layout, layout)),
            priority="interactive",
            display_name=self.name,
            request_id=self.id,
            detached=True,
        )


def job_name(place: Place, style: Style) -> str:
    """What a job is called on the server."""
    parts = [place.document_name, place.layer_name, style.label]
    return ", ".join(part for part in parts if part)[:_LONGEST_NAME]


def style_source(style: Style, picture: impasto.RawPixels | None) -> str | impasto.RawPixels:
    """What is sent for a style. SettingError: none is chosen."""
    if style.kind == "picture" and picture is not None:
        return picture
    if style.kind in ("file", "library") and style.value:
        return style.value
    raise SettingError("style", "Choose a style first: a picture whose manner is to be painted in.")


def _layout(pixels: impasto.RawPixels) -> impasto.PixelFormat:
    name = pixels.format
    return impasto.PixelFormat[name.upper()] if isinstance(name, str) else name
