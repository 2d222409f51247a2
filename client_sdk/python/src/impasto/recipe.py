"""Recipes: everything that decides the picture, besides the pictures themselves."""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import (
    Any,
    Callable,
    Generic,
    Optional,
    TypeVar,
    Union,
    overload,
)

from google.protobuf import json_format

from . import _wire
from .enums import (
    Choice,
    InitialPicture,
    LearningRateSchedule,
    Normalization,
    Optimizer,
    Pooling,
    Quality,
    choose,
    received,
)
from .errors import InvalidArgument

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Enum = TypeVar("_Enum", bound=Choice)

_RecipeMessage = _wire.message("Recipe")
_ChangeMessage = _wire.message("RecipeChange")


@dataclass(frozen=True)
class LayerWeight:
    """A layer and its share in the loss.

    Attributes:
        layer: its Keras name, as ``Client.model`` lists them.
        weight: factor of its loss, 0..1e12. None: 1 / number of layers of its kind.
    """

    layer: str
    weight: float | None = None


Layer = Union[str, LayerWeight, tuple[str, Optional[float]]]
# ["block1_conv1", ("block2_conv1", 0.5)], or {"block1_conv1": 1.0, "block2_conv1": 0.5}
Layers = Union[Iterable[Layer], Mapping[str, Optional[float]]]


class _Converted(Generic[_In, _Out]):
    """A field of a dataclass that takes more types than it has."""

    def __init__(self, convert: Callable[[_In, str], _Out], default: _Out) -> None:
        self._convert = convert
        self._default = default

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name
        self._slot = f"_{name}"

    @overload
    def __get__(self, instance: None, owner: type) -> _Out: ...
    @overload
    def __get__(self, instance: object, owner: type) -> _Out: ...
    def __get__(self, instance: object | None, owner: type) -> _Out:
        if instance is None:
            return self._default  # where dataclass looks for it
        value: _Out = instance.__dict__[self._slot]
        return value

    def __set__(self, instance: object, value: _In) -> None:
        instance.__dict__[self._slot] = self._convert(value, f"recipe.{self._name}")


def _layer(value: Any, field: str) -> LayerWeight:
    if isinstance(value, LayerWeight):
        return value
    if isinstance(value, str):
        return LayerWeight(value)
    if isinstance(value, tuple) and len(value) == 2 and isinstance(value[0], str):
        return LayerWeight(value[0], None if value[1] is None else float(value[1]))
    raise TypeError(f"{field}: {value!r} is neither a layer's name, nor (name, weight), nor a LayerWeight")


def _layers(value: Layers, field: str) -> tuple[LayerWeight, ...]:
    if isinstance(value, str):
        raise TypeError(f"{field}: {value!r} is one name; a list of names is wanted")
    items: Iterable[Any] = value.items() if isinstance(value, Mapping) else value
    return tuple(_layer(item, field) for item in items)


def _shares(value: Iterable[float], field: str) -> tuple[float, ...]:
    return tuple(float(share) for share in value)


def _tuple(value: Iterable[_Out], field: str) -> tuple[_Out, ...]:
    return tuple(value)


def _choice(kind: type[_Enum]) -> _Converted[_Enum | str | None, _Enum | None]:
    return _Converted(lambda value, field: None if value is None else choose(kind, value, field), None)


@dataclass(frozen=True)
class RecipeChange:
    """A change of a recipe between two steps; what is None or empty stays as it was. Fields as in Recipe.

    Also an event: the change was made while the job ran, or took effect.

    Attributes:
        iteration: steps made before it takes effect.
    """

    iteration: int = 0
    content_weight: float | None = None
    style_weight: float | None = None
    tv_weight: float | None = None
    learning_rate: float | None = None
    iterations: int | None = None
    content_layers: _Converted[Layers, tuple[LayerWeight, ...]] = _Converted(_layers, ())
    style_layers: _Converted[Layers, tuple[LayerWeight, ...]] = _Converted(_layers, ())
    style_picture_weights: _Converted[Iterable[float], tuple[float, ...]] = _Converted(_shares, ())


@dataclass(frozen=True)
class Execution:
    """What computed a picture, as far as it can change the picture's bits. Text; "" where it isn't known."""

    executor: str = ""
    instruction_set: str = ""
    tiles: str = ""
    memory_format: str = ""
    precision: str = ""
    threads: int = 0
    device: str = ""


@dataclass(frozen=True, repr=False)
class Recipe:
    """Everything that decides the picture, besides the pictures themselves. Immutable: ``dataclasses.replace`` it.

    A field that is None or empty takes the preset's value. The server returns the recipe with every field given;
    sending that back makes the same picture. Choices are taken as enums or by name. Layers are a list of names,
    (name, weight) pairs or LayerWeights, or a dict of names and weights; they are kept as a tuple of LayerWeights.

    >>> recipe = Recipe(quality="draft", style_layers=["block1_conv1", ("block2_conv1", 0.5)])
    >>> recipe.quality, recipe.style_layers[1].weight
    (<Quality.DRAFT: 1>, 0.5)
    >>> recipe == Recipe.from_json(recipe.to_json()) == Recipe(**recipe.to_dict())
    True

    Attributes:
        preset: "painterly" (the default) or "reference".
        model: "models/vgg19". None: the first loaded.
        weights_sha256: SHA-256 of the weights file; another file is refused then.
        content_layers: layers whose maps are held against the content picture's, at most 64.
        style_layers: layers whose Gram matrices are held against the style pictures', at most 64.
        content_weight: factor of the content loss, 0..1e15.
        style_weight: factor of the style loss, above 0, up to 1e15.
        tv_weight: factor of the total variation, 0..1e15.
        normalization: how losses are normalised.
        pooling: the network's pooling layers.
        learning_rate: Adam's step, grey levels of 0..255, above 0, up to 255.
        beta1: Adam's decay of the mean gradient, 0 up to below 1.
        beta2: Adam's decay of the mean squared gradient, 0 up to below 1.
        epsilon: Adam's epsilon in TensorFlow's form, above 0, up to 1e6.
        iterations: steps of all levels together, 1..100000.
        initial_picture: what the first step starts from.
        seed: of the noise, 0..2**64 - 1.
        max_size: long side of the working picture, pixels, 16..8192.
        style_size: long side of each style picture, pixels, 16..8192.
        style_picture_weights: one for each style picture, 0..1e6.
        quality: how much time the picture may take.
        optimizer: what moves the picture.
        lbfgs_history: pairs of steps that L-BFGS remembers, 1..100.
        learning_rate_schedule: Adam's learning rate from the first step to the last.
        pyramid_levels: coarse to fine, 1..6; 0: as many as pay.
        stall_evaluations: a level ends where it stalls over so many evaluations, 1..100000; 0: never.
        stall_improvement: what counts as stalled, a share of the loss, 0 up to below 1.
        changes: changes between two steps, in order.
        execution: where the picture was painted.
    """

    preset: str | None = None
    model: str | None = None
    weights_sha256: str | None = None
    content_layers: _Converted[Layers, tuple[LayerWeight, ...]] = _Converted(_layers, ())
    style_layers: _Converted[Layers, tuple[LayerWeight, ...]] = _Converted(_layers, ())
    content_weight: float | None = None
    style_weight: float | None = None
    tv_weight: float | None = None
    normalization: _Converted[Normalization | str | None, Normalization | None] = _choice(Normalization)
    pooling: _Converted[Pooling | str | None, Pooling | None] = _choice(Pooling)
    learning_rate: float | None = None
    beta1: float | None = None
    beta2: float | None = None
    epsilon: float | None = None
    iterations: int | None = None
    initial_picture: _Converted[InitialPicture | str | None, InitialPicture | None] = _choice(InitialPicture)
    seed: int | None = None
    max_size: int | None = None
    style_size: int | None = None
    style_picture_weights: _Converted[Iterable[float], tuple[float, ...]] = _Converted(_shares, ())
    quality: _Converted[Quality | str | None, Quality | None] = _choice(Quality)
    optimizer: _Converted[Optimizer | str | None, Optimizer | None] = _choice(Optimizer)
    lbfgs_history: int | None = None
    learning_rate_schedule: _Converted[LearningRateSchedule | str | None, LearningRateSchedule | None] = _choice(
        LearningRateSchedule
    )
    pyramid_levels: int | None = None
    stall_evaluations: int | None = None
    stall_improvement: float | None = None
    changes: _Converted[Iterable[RecipeChange], tuple[RecipeChange, ...]] = _Converted(_tuple, ())
    execution: Execution | None = None

    def __repr__(self) -> str:
        """The fields that are given."""
        given = ((field.name, getattr(self, field.name)) for field in dataclasses.fields(self))
        return f"Recipe({', '.join(f'{name}={value!r}' for name, value in given if value not in (None, ()))})"

    def to_json(self) -> str:
        """Proto3 JSON, as ``impasto --save-recipe`` writes it. InvalidArgument: a value can't be sent."""
        text: str = json_format.MessageToJson(to_message(self))
        return text

    @classmethod
    def from_json(cls, text: str | bytes) -> Recipe:
        """From what ``to_json`` or ``impasto --save-recipe`` wrote. InvalidArgument says what can't be read."""
        message = _RecipeMessage()
        try:
            text = text if isinstance(text, str) else text.decode("utf-8")
            if not text.lstrip().startswith("{"):
                raise json_format.ParseError("no JSON object")
            json_format.Parse(text, message)
        except (json_format.ParseError, UnicodeDecodeError, RecursionError) as error:
            raise InvalidArgument(f"not a recipe: {error}") from None
        return from_message(message)

    def to_dict(self) -> dict[str, Any]:
        """The fields that are given, as plain values: ``Recipe(**recipe.to_dict())`` is the same recipe.

        Choices by name, layers as a dict of names and weights; changes and execution as they are.
        """
        return {
            field.name: _plain(getattr(self, field.name))
            for field in dataclasses.fields(self)
            if getattr(self, field.name) not in (None, ())
        }


def _plain(value: Any) -> Any:
    if isinstance(value, Choice):
        return str(value)
    if isinstance(value, tuple) and value and isinstance(value[0], LayerWeight):
        return {layer.layer: layer.weight for layer in value}
    return list(value) if isinstance(value, tuple) else value


def to_message(recipe: Recipe) -> _wire.Message:
    """The API's Recipe. InvalidArgument: a value that its field can't hold."""
    message = _RecipeMessage()
    _fill(message, recipe, "recipe")
    return message


def _fill(message: _wire.Message, values: Any, field: str) -> None:
    fields = message.DESCRIPTOR.fields_by_name
    for item in dataclasses.fields(values):
        value = getattr(values, item.name)
        if value is None or value == ():
            continue
        name = f"{field}.{item.name}"
        if item.name in ("content_layers", "style_layers"):
            for i, layer in enumerate(value):
                _set(getattr(message, item.name).add(), fields, layer, f"{name}[{i}]")
        elif item.name == "changes":
            for i, change in enumerate(value):
                _fill(message.changes.add(), change, f"{name}[{i}]")
        elif item.name == "execution":
            message.execution.SetInParent()
            _fill(message.execution, value, name)
        else:
            set_value(message, item.name, value, name)


def _set(message: _wire.Message, fields: Any, layer: LayerWeight, field: str) -> None:
    set_value(message, "layer", layer.layer, f"{field}.layer")
    if layer.weight is not None:
        set_value(message, "weight", layer.weight, f"{field}.weight")


def set_value(message: _wire.Message, name: str, value: Any, field: str) -> None:
    """Sets a number, a text or a list of them. InvalidArgument names ``field`` where it can't hold the value."""
    descriptor = message.DESCRIPTOR.fields_by_name[name]
    try:
        if isinstance(value, tuple):
            getattr(message, name).extend(value)
        elif descriptor.cpp_type == descriptor.CPPTYPE_DOUBLE:
            setattr(message, name, float(value))
        elif descriptor.cpp_type == descriptor.CPPTYPE_STRING:
            setattr(message, name, value)
        else:
            setattr(message, name, operator.index(value))
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"{field}: {value!r}: {error}", field=field) from None


def from_message(message: _wire.Message) -> Recipe:
    """From the API's Recipe."""
    return Recipe(**_read(message, Recipe))


def change_from_message(message: _wire.Message) -> RecipeChange:
    """From the API's RecipeChange."""
    return RecipeChange(**_read(message, RecipeChange))


def _read(message: _wire.Message, kind: Any) -> dict[str, Any]:
    fields = message.DESCRIPTOR.fields_by_name
    values: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        value, descriptor = getattr(message, item.name), fields[item.name]
        if item.name in ("content_layers", "style_layers"):
            values[item.name] = [
                LayerWeight(layer.layer, layer.weight if layer.HasField("weight") else None) for layer in value
            ]
        elif item.name == "changes":
            values[item.name] = [change_from_message(change) for change in value]
        elif item.name == "execution":
            values[item.name] = Execution(**_read(value, Execution)) if message.HasField("execution") else None
        elif descriptor.enum_type is not None:
            values[item.name] = received(_CHOICES[item.name], value)
        elif descriptor.has_presence:
            values[item.name] = value if message.HasField(item.name) else None
        elif kind is Recipe and value == "":
            values[item.name] = None
        else:
            values[item.name] = value
    return values


_CHOICES: dict[str, type[Choice]] = {
    "normalization": Normalization,
    "pooling": Pooling,
    "initial_picture": InitialPicture,
    "quality": Quality,
    "optimizer": Optimizer,
    "learning_rate_schedule": LearningRateSchedule,
}
