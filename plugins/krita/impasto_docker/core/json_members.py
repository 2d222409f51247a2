"""Dataclasses of plain members to JSON objects and back, from files that may be of another version, or broken."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")


def to_members(value: Any) -> dict[str, Any]:
    """The members of a dataclass, and of those within it; None is left out."""
    members = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return {
        name: to_members(member) if dataclasses.is_dataclass(member) else member
        for name, member in members.items()
        if member is not None
    }


def from_members(default: _T, members: object) -> _T:
    """`default` with what `members` has for it, each of the default's own type.

    Where the default has None, a number is wanted. Members that aren't there keep their default; unknown ones are
    passed over.

    Raises:
        ValueError: no object, or a member of another type; its words name the member.
    """
    if not isinstance(members, Mapping):
        raise ValueError("not a JSON object")
    changes = {}
    for field in dataclasses.fields(default):  # type: ignore[arg-type]
        if field.name in members:
            changes[field.name] = _read(field.name, getattr(default, field.name), members[field.name])
    return dataclasses.replace(default, **changes)  # type: ignore[type-var]


def _read(name: str, default: Any, value: Any) -> Any:
    if dataclasses.is_dataclass(default):
        return from_members(default, value)
    if default is None or isinstance(default, float):
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return float(value)
    elif type(value) is type(default):  # True is no number
        return value
    raise ValueError(f"{name}: not a value for it")
