"""The recipes of a sweep: a grid of fields, or a list read from a file."""

from __future__ import annotations

import csv
import dataclasses
import io
import itertools
import json
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import impasto
from impasto.lab import fields
from impasto.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

MAX_VARIANTS = 4096
_MAX_LIST_BYTES = 8 << 20


@dataclass(frozen=True)
class Axis:
    """A field and the values that it takes in turn."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Variant:
    """One recipe, and what sets it apart from the others."""

    label: str
    values: Mapping[str, str]
    recipe: impasto.Recipe


def parse_axis(text: str) -> Axis:
    """``FIELD=VALUE,VALUE,...``. UsageError, naming the field."""
    name, equals, values_text = text.partition("=")
    if not equals:
        raise UsageError(f'--grid "{text}": FIELD=VALUE,VALUE,... is wanted', field="--grid")
    field = fields.find(name, "--grid")
    values = tuple(canonical(field, value) for value in values_text.split(","))
    for value in values:
        if values.count(value) > 1:
            raise UsageError(f"--grid: {field.name}: {value} is there twice", field=field.name)
    return Axis(field.name, values)


def canonical(field: fields.Field, text: str) -> str:
    """The one way in which the value is written. UsageError, naming the field."""
    value = fields.to_text(field.parse(text))
    return value[len("models/") :] if field.name == "model" and value.startswith("models/") else value


def with_values(recipe: impasto.Recipe, values: Mapping[str, str]) -> impasto.Recipe:
    """The recipe with these fields, each as ``fields`` writes it."""
    changed = {name: _for_recipe(fields.FIELDS[name].parse(text)) for name, text in values.items()}
    if "model" in changed:
        changed["model"] = f"models/{changed['model']}"
    return dataclasses.replace(recipe, **changed)


def _for_recipe(value: fields.Value) -> Any:
    if not isinstance(value, tuple):
        return value
    # A layer without a weight is its name alone.
    return [share[0] if isinstance(share, tuple) and share[1] is None else share for share in value]


def expand(base: impasto.Recipe, axes: Sequence[Axis]) -> list[Variant]:
    """Every combination, the last axis changing fastest. UsageError: a field twice, or too many."""
    names = [axis.field for axis in axes]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"--grid: {name} is there twice", field=name)
    count = math.prod(len(axis.values) for axis in axes)
    if count > MAX_VARIANTS:
        raise UsageError(f"--grid: {count} combinations; at most {MAX_VARIANTS}", field="--grid")
    variants = []
    for combination in itertools.product(*(axis.values for axis in axes)):
        values = dict(zip(names, combination))
        variants.append(Variant(label(values), values, with_values(base, values)))
    return variants


def label(values: Mapping[str, str]) -> str:
    """As "style_weight 0.01, iterations 50"; what is the same in all of them is "base"."""
    return ", ".join(f"{name} {value}" for name, value in values.items()) or "base"


def read_list(path: Path, base: impasto.Recipe) -> list[Variant]:
    """Recipes from a .json (list of objects) or .csv file (a column a field), each laid over the base.

    Both take a ``label``, too. UsageError, naming file, entry and field.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_LIST_BYTES + 1)
        text = data.decode("utf-8-sig")
    except OSError as error:
        raise UsageError(f"--list {path}: {error.strerror}", field="--list") from None
    except UnicodeDecodeError:
        raise UsageError(f"--list {path}: not UTF-8 text", field="--list") from None
    if len(data) > _MAX_LIST_BYTES:
        raise UsageError(f"--list {path}: larger than {_MAX_LIST_BYTES >> 20} MiB", field="--list")
    entries = _csv_entries(text, path) if path.suffix.lower() == ".csv" else _json_entries(text, path)
    if not entries:
        raise UsageError(f"--list {path}: no recipes in it", field="--list")
    if len(entries) > MAX_VARIANTS:
        raise UsageError(f"--list {path}: {len(entries)} recipes; at most {MAX_VARIANTS}", field="--list")
    variants = []
    for number, entry in enumerate(entries, 1):
        where = f"--list {path}, recipe {number}"
        try:
            variants.append(_from_entry(entry, base, where))
        except UsageError as error:
            message = error.message if error.message.startswith(where) else f"{where}: {error.message}"
            raise UsageError(message, field=error.field) from None
    return variants


def _csv_entries(text: str, path: Path) -> list[dict[str, Any]]:
    reader = csv.DictReader(io.StringIO(text), strict=True)
    entries: list[dict[str, Any]] = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise UsageError(
                    f"--list {path}, line {reader.line_num}: not as many fields as the header", field="--list"
                )
            entries.append({name: value for name, value in row.items() if value.strip()})
    except csv.Error as error:
        raise UsageError(f"--list {path}, line {reader.line_num}: {error}", field="--list") from None
    return entries


def _json_entries(text: str, path: Path) -> list[dict[str, Any]]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"--list {path}: not JSON: {error}", field="--list") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UsageError(f"--list {path}: a list of recipes, [{{...}}, ...], is wanted", field="--list")
    return entries


def _from_entry(entry: Mapping[str, Any], base: impasto.Recipe, where: str) -> Variant:
    values: dict[str, str] = {}
    whole: dict[str, Any] = {}
    own_label = ""
    for key, value in entry.items():
        name = re.sub(r"(?<=[a-z0-9])[A-Z]", lambda m: "_" + m[0].lower(), key.strip())
        if name == "label":
            own_label = str(value).strip()
        elif name in fields.NOT_AS_TEXT and not isinstance(value, str):
            whole[name] = value
        else:
            field = fields.find(name, where)
            values[field.name] = canonical(field, _json_text(value, field.name))
    recipe = with_values(base, values)
    if whole:
        try:
            parsed = impasto.Recipe.from_json(json.dumps(whole))
        except (impasto.ImpastoError, ValueError) as error:
            raise UsageError(f"{where}: {error}", field=next(iter(whole))) from None
        recipe = dataclasses.replace(recipe, **{name: getattr(parsed, name) for name in whole})
    return Variant(own_label or label(values), values, recipe)


def _json_text(value: Any, name: str) -> str:
    """A JSON value as the text of the field: numbers, words, [1, 2], ["layer", {"layer": ..., "weight": ...}]."""
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return repr(value)
    if isinstance(value, list) and value:
        if all(isinstance(item, (int, float)) and not isinstance(item, bool) for item in value):
            return ":".join(repr(item) for item in value)
        layers = [_json_layer(item) for item in value]
        if all(layers):
            return "+".join(layers)
    raise UsageError(f"{name}: {json.dumps(value)[:80]} is not a value of it", field=name)


def _json_layer(item: Any) -> str:
    if isinstance(item, str):
        return item
    if isinstance(item, dict) and isinstance(item.get("layer"), str) and set(item) <= {"layer", "weight"}:
        return f"{item['layer']}:{item['weight']!r}" if "weight" in item else str(item["layer"])
    return ""
