"""The recipe's fields as text: what ``--grid``, ``--list``, ``--for`` and the recipe flags take.

Numbers are numbers; choices are short words ("lbfgs"); layers are ``NAME+NAME:WEIGHT``; shares are ``2:1``.
The ranges are those of recipe.proto, so that a slip is named before anything is sent.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Union

from impasto.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

# A layer and its weight; None: 1 / number of layers.
LayerShare = tuple[str, Union[float, None]]
Value = Union[str, int, float, tuple[float, ...], tuple[LayerShare, ...]]

_LAYER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_MAX_LAYERS = 64
_MAX_STYLES = 16
_MAX_LAYER_WEIGHT = 1e12


@dataclass(frozen=True)
class Field:
    """One field of impasto.Recipe, and its text."""

    name: str
    kind: str  # "text", "choice", "int", "float", "layers", "shares"
    help: str
    flag: str  # of the command line; "" for none
    low: float = 0.0
    high: float = 0.0
    open_low: bool = False
    open_high: bool = False
    choices: Mapping[str, str] | None = None  # what may be written -> the value

    def parse(self, text: str) -> Value:
        """UsageError, naming the field: not of its kind, or out of range."""
        text = text.strip()
        if not text:
            raise self._error("an empty value")
        if self.kind == "text":
            return text
        if self.kind == "choice":
            return self._parse_choice(text)
        if self.kind == "layers":
            return self._parse_layers(text)
        if self.kind == "shares":
            return self._parse_shares(text)
        return self._parse_number(text)

    def _error(self, what: str) -> UsageError:
        return UsageError(f"{self.name}: {what}", field=self.name)

    def _parse_choice(self, text: str) -> str:
        choices = self.choices or {}
        # The names of the API, OPTIMIZER_LBFGS, mean the same: recipes that were saved have them.
        word = text.lower()
        prefix = self.name + "_"
        if word.startswith(prefix):
            word = word[len(prefix) :]
        if word not in choices:
            names = ", ".join(dict.fromkeys(choices.values()))
            raise self._error(f'"{text}" is none of {names}')
        return choices[word]

    def _parse_number(self, text: str) -> int | float:
        number: int | float
        try:
            number = int(text, 10) if self.kind == "int" else float(text)
        except ValueError:
            kind = "a whole number" if self.kind == "int" else "a number"
            raise self._error(f'"{text}" is not {kind}') from None
        self._check_range(number, text)
        return number

    def _check_range(self, number: float, text: str) -> None:
        below = number <= self.low if self.open_low else number < self.low
        above = number >= self.high if self.open_high else number > self.high
        if not math.isfinite(number) or below or above:
            raise self._error(f"{text} is outside {self.range_text}")

    @property
    def range_text(self) -> str:
        """The range for people: "above 0, up to 255"."""
        low, high = to_text(self.low), "2^64-1" if self.name == "seed" else to_text(self.high)
        if self.open_low:
            return f"above {low}, up to {high}"
        return f"{low} up to below {high}" if self.open_high else f"{low}..{high}"

    def _parse_layers(self, text: str) -> tuple[LayerShare, ...]:
        layers: list[LayerShare] = []
        for part in text.split("+"):
            name, colon, weight_text = part.strip().partition(":")
            if not _LAYER_NAME.match(name):
                raise self._error(f'"{part}" in "{text}" is not a layer: NAME or NAME:WEIGHT, joined by "+"')
            if any(name == there for there, _ in layers):
                raise self._error(f"{name} is there twice")
            layers.append((name, self._parse_weight(weight_text, name) if colon else None))
        if len(layers) > _MAX_LAYERS:
            raise self._error(f"{len(layers)} layers; at most {_MAX_LAYERS}")
        return tuple(layers)

    def _parse_weight(self, text: str, layer: str) -> float:
        try:
            weight = float(text)
        except ValueError:
            raise self._error(f'{layer}: "{text}" is not a number') from None
        if not 0 <= weight <= _MAX_LAYER_WEIGHT:
            raise self._error(f"{layer}: {text} is outside 0..{to_text(_MAX_LAYER_WEIGHT)}")
        return weight

    def _parse_shares(self, text: str) -> tuple[float, ...]:
        shares = []
        for part in text.split(":"):
            try:
                share = float(part)
            except ValueError:
                raise self._error(f'"{part}" in "{text}" is not a number; shares are written 2:1') from None
            self._check_range(share, part)
            shares.append(share)
        if len(shares) > _MAX_STYLES:
            raise self._error(f"{len(shares)} shares; at most {_MAX_STYLES}")
        if not any(shares):
            raise self._error("all are 0")
        return tuple(shares)


def _words(*words: str, **others: str) -> dict[str, str]:
    return {**{word: word for word in words}, **others}


_ALL = (
    Field("preset", "text", "painterly (made to look good) or reference (the method's published figures)", "--preset"),
    Field(
        "quality",
        "choice",
        "draft, good or best: how much time a picture may take",
        "--quality",
        choices=_words("draft", "good", "best"),
    ),
    Field("model", "text", "vgg19, vgg16, resnet50", "--model"),
    Field("weights_sha256", "text", "SHA-256 of the weights file", ""),
    Field("iterations", "int", "steps; fewer where it stalls", "--iterations", 1, 100000),
    Field("max_size", "int", "long side of the working picture, pixels", "--max-size", 16, 8192),
    Field("style_size", "int", "long side of the paintings, pixels", "--style-size", 16, 8192),
    Field(
        "initial_picture",
        "choice",
        "start from: content or noise",
        "--init",
        choices=_words("content", "noise"),
    ),
    Field("content_weight", "float", "factor of the content loss", "--content-weight", 0, 1e15),
    Field("style_weight", "float", "factor of the style loss", "--style-weight", 0, 1e15, open_low=True),
    Field("tv_weight", "float", "factor of the total variation", "--tv-weight", 0, 1e15),
    Field(
        "optimizer",
        "choice",
        "what moves the picture: adam or lbfgs",
        "--optimizer",
        choices=_words("adam", "lbfgs"),
    ),
    Field("lbfgs_history", "int", "steps that L-BFGS remembers", "--lbfgs-history", 1, 100),
    Field("learning_rate", "float", "Adam's step, grey levels", "--learning-rate", 0, 255, open_low=True),
    Field(
        "learning_rate_schedule",
        "choice",
        "Adam's learning rate: constant or cosine",
        "--schedule",
        choices=_words("constant", "cosine"),
    ),
    Field("beta1", "float", "Adam's decay of the mean gradient", "", 0, 1, open_high=True),
    Field("beta2", "float", "Adam's decay of the mean squared gradient", "", 0, 1, open_high=True),
    Field("epsilon", "float", "Adam's epsilon", "", 0, 1e6, open_low=True),
    Field("pyramid_levels", "int", "coarse to fine: sizes painted in turn; 0: as many as pay", "--pyramid", 0, 6),
    Field(
        "stall_evaluations",
        "int",
        "end a level where the loss has hardly fallen over so many steps; 0: never",
        "--stall-evaluations",
        0,
        100000,
    ),
    Field(
        "stall_improvement",
        "float",
        "what is hardly: less than this share",
        "--stall-improvement",
        0,
        1,
        open_high=True,
    ),
    Field("content_layers", "layers", "NAME+NAME:WEIGHT", "--content-layers"),
    Field("style_layers", "layers", "NAME+NAME:WEIGHT", "--style-layers"),
    Field("style_picture_weights", "shares", "shares of the paintings, 2:1", "--style-picture-weights", 0, 1e6),
    Field(
        "normalization",
        "choice",
        "how losses are normalised: mean or paper",
        "--normalization",
        choices=_words("mean", "paper"),
    ),
    Field("pooling", "choice", "max or average", "--pooling", choices=_words("max", "average", avg="average")),
    Field("seed", "int", "seed of the noise", "--seed", 0, 2**64 - 1),
)
FIELDS: Mapping[str, Field] = {field.name: field for field in _ALL}

# A whole recipe may have them; as one text they make no sense.
NOT_AS_TEXT = {
    "changes": "changes are made while a job runs; a recipe file (--recipe, --list with JSON) may hold them",
    "execution": "where a picture was painted is the server's to say",
}


def find(name: str, where: str) -> Field:
    """The field of that name. UsageError, naming ``where`` it was asked for, with the fields that there are."""
    field = FIELDS.get(name.strip().replace("-", "_"))
    if field is not None:
        return field
    if name in NOT_AS_TEXT:
        raise UsageError(f"{where}: {name} can't be given here: {NOT_AS_TEXT[name]}", field=name)
    raise UsageError(f'{where}: the recipe has no field "{name}"; it has {", ".join(FIELDS)}', field=name)


def to_text(value: Any) -> str:
    """A value as ``parse`` reads it."""
    if isinstance(value, tuple):
        if value and isinstance(value[0], tuple):
            return "+".join(name if weight is None else f"{name}:{_number(weight)}" for name, weight in value)
        return ":".join(_number(share) for share in value)
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    """The shortest text that gives the float back: 0.001, 1e-5, 1e6."""
    text = repr(float(value))
    if text.endswith(".0"):
        short = f"{value:.0e}"
        text = short if abs(value) >= 1e5 and float(short) == value else text[:-2]
    return re.sub(r"e([+-]?)0*(\d)", lambda m: "e" + m[1].replace("+", "") + m[2], text)
