"""What a user chooses. Plain immutable values; loaded without the client, so that a docker can show them at once."""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from impasto_docker.core.json_members import from_members, to_members

if TYPE_CHECKING:
    import impasto

STYLE_KINDS = ("none", "file", "library", "picture")
QUALITIES = ("draft", "good", "best", "iterations")
SOURCES = ("layer", "projection")

MAX_WEIGHT = 1e15
_MIDDLE = 50
_STRENGTH_PER_DECADE = 25  # of strength, for ten times the style weight


class SettingError(ValueError):
    """A setting is out of range.

    Attributes:
        field: of Settings.
        words: for people: its name, and what to choose.
    """

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field
        self.words = words


@dataclass(frozen=True)
class Style:
    """Where the manner of painting comes from. Styles with the same kind and value are the same.

    Attributes:
        kind: one of STYLE_KINDS.
        value: "file": a path; "library": "styles/..."; "picture": the id of one that is held while Krita runs, such as
            a document's.
        label: for people: a file's name without its ending, a library style's name, a layer's name.
    """

    kind: str = "none"
    value: str = ""
    label: str = field(default="", compare=False)


@dataclass(frozen=True)
class Settings:
    """All that decides a painting, and where it goes.

    Attributes:
        style: the manner of painting.
        model: "vgg19"; "": the server's first.
        strength: 0: all photograph, 100: all painting; 50: the model's own weights, ten times as much style weight for
            every 25 more.
        content_weight: the recipe's, 0..1e15; None: the model's.
        style_weight: the recipe's, above 0, up to 1e15; None: from `strength`.
        quality: one of QUALITIES.
        iterations: for the quality "iterations": 1..100000.
        size: long side of what the server paints, pixels, 16..8192. The result has the place's own size.
        source: "layer": the active layer or group; "projection": everything visible.
        opacity: of the result's layer, 0..100.
        preview_on_canvas: whether the picture is shown on the canvas while it is painted.
    """

    style: Style = Style()
    model: str = ""
    strength: float = 50.0
    content_weight: float | None = None
    style_weight: float | None = None
    quality: str = "good"
    iterations: int = 300
    size: int = 512
    source: str = "layer"
    opacity: int = 100
    preview_on_canvas: bool = False

    def to_json(self) -> str:
        """On one line."""
        return json.dumps(to_members(self))

    @classmethod
    def from_json(cls, text: str | bytes) -> Settings:
        """From what `to_json` wrote. ValueError: something else, or a setting that is out of range."""
        return settings_from(json.loads(text))


@dataclass(frozen=True)
class ServerSettings:
    """Where the server is, and how it is spoken to.

    Attributes:
        address: "HOST:PORT" or "unix:PATH"; "": as the environment's IMPASTO_SERVER says, else this machine's port
            50451.
        tls_ca: a PEM file of trusted certificates; "": as the environment's IMPASTO_TLS_CA says.
        token_file: a file with the access token; "": the environment's IMPASTO_TOKEN.
    """

    address: str = ""
    tls_ca: str = ""
    token_file: str = ""

    def full_address(self) -> str:
        """The address that is meant."""
        return self.address or os.environ.get("IMPASTO_SERVER") or "127.0.0.1:50451"


def settings_from(members: object) -> Settings:
    """From the members of a JSON object. ValueError: something else, or a setting that is out of range."""
    settings = from_members(Settings(), members)
    validate(settings)
    return settings


def validate(settings: Settings) -> None:
    """Raises SettingError for the first setting that is out of range."""

    def within(field: str, name: str, least: float, most: float, words: str = "") -> None:
        value = getattr(settings, field)
        if value is not None and not least <= value <= most:  # written so that NaN fails
            raise SettingError(field, words or f"{name}: choose a number from {least:g} to {most:g}.")

    def one_of(field: str, value: str, choices: tuple[str, ...]) -> None:
        if value not in choices:
            raise SettingError(field, f"{field.capitalize()}: choose one of {', '.join(choices)}.")

    one_of("style", settings.style.kind, STYLE_KINDS)
    within("strength", "Strength", 0, 100)
    within("content_weight", "Content weight", 0, MAX_WEIGHT)
    least = math.ulp(0.0)
    within("style_weight", "", least, MAX_WEIGHT, "Style weight: choose a number above 0, up to 1e+15.")
    one_of("quality", settings.quality, QUALITIES)
    within("iterations", "Iterations", 1, 100_000, "Iterations: choose a number from 1 to 100000.")
    within("size", "Size", 16, 8192)
    one_of("source", settings.source, SOURCES)
    within("opacity", "Opacity", 0, 100)


def style_factor(strength: float) -> float:
    """The factor on the model's own style weight: 1 at 50, ten times as much for every 25 more."""
    return math.pow(10, (strength - _MIDDLE) / _STRENGTH_PER_DECADE)


def strength_of(factor: float) -> float:
    """The inverse of `style_factor`, within 0..100."""
    if not factor > 0:
        return 0.0
    return min(max(_MIDDLE + _STRENGTH_PER_DECADE * math.log10(factor), 0.0), 100.0)


def weights(settings: Settings, model: impasto.ModelInfo | None) -> tuple[float | None, float | None]:
    """The content weight and the style weight that settings stand for; None: the model's own, which isn't known.

    Args:
        settings: what is chosen.
        model: with its default recipe; None: not known yet.

    Raises:
        SettingError: a strength other than 50 needs the model's own weights.
    """
    defaults = model.default_recipe if model is not None else None
    content, style = settings.content_weight, settings.style_weight
    if content is None and defaults is not None:
        content = defaults.content_weight
    if style is None and defaults is not None and defaults.style_weight is not None:
        style = min(defaults.style_weight * style_factor(settings.strength), MAX_WEIGHT)
    if style is None and settings.strength != _MIDDLE:
        raise SettingError(
            "strength",
            "The strength can't be used yet: the server hasn't told the model's weights. Try again in a moment.",
        )
    return content, style


def make_recipe(settings: Settings, model: impasto.ModelInfo | None) -> impasto.Recipe:
    """The recipe that settings stand for. Arguments as of `weights`. SettingError: as `validate` and `weights`."""
    import impasto  # late: it takes a moment

    validate(settings)
    _, style = weights(settings, model)
    by_count = settings.quality == "iterations"
    return impasto.Recipe(
        model=f"models/{settings.model}" if settings.model else None,
        content_weight=settings.content_weight,
        style_weight=style,
        quality=None if by_count else settings.quality,
        iterations=settings.iterations if by_count else None,
        max_size=settings.size,
    )
