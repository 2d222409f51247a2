"""The losses of a run, as a table: the columns of ``impasto stylize --loss-csv``, and one a layer."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from impasto.lab.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

COLUMNS = ("iteration", "total", "content", "style", "seconds", "level", "change")
# Losses of single layers follow, before any weight: "content.block4_conv2", "style.block1_conv1".
_LAYER_KINDS = ("content.", "style.")
_MAX_BYTES = 256 << 20


@dataclass(frozen=True)
class Row:
    """The losses of the picture that step ``iteration`` starts from."""

    iteration: int
    total: float
    content: float
    style: float
    seconds: float  # since the first step began
    level: int  # of the pyramid, 0 the coarsest; losses of different levels don't compare
    change: str = ""  # what was changed just before: losses before and after don't compare either
    layers: tuple[float, ...] = ()  # in the order of Losses.layers


class Losses:
    """The losses of one run, in order. A step that a restarted server made again is left out."""

    def __init__(self, layers: Sequence[str] = (), rows: Iterable[Row] = ()) -> None:
        self.layers = tuple(layers)
        self.rows: list[Row] = []
        for row in rows:
            self.add(row)

    def add(self, row: Row) -> None:
        """Adds a row, unless it is there already."""
        if self.rows and (row.level, row.iteration) <= (self.rows[-1].level, self.rows[-1].iteration):
            return
        self.rows.append(row)

    def at(self, steps: int, level: int) -> Row | None:
        """The losses of the picture after so many steps of that level."""
        for row in reversed(self.rows):
            if row.level == level and row.iteration == steps + 1:
                return row
        return None

    def to_csv(self) -> str:
        """As the C++ client writes it: nine digits give back every float exactly."""
        lines = [",".join(COLUMNS + self.layers)]
        for row in self.rows:
            numbers = ",".join(f"{number:.9g}" for number in (row.total, row.content, row.style, row.seconds))
            layers = "".join(f",{number:.9g}" for number in row.layers)
            lines.append(f"{row.iteration},{numbers},{row.level},{row.change}{layers}")
        return "\n".join(lines) + "\n"


def read_csv(path: Path) -> Losses:
    """A loss CSV of ``impasto`` or of the lab. UsageError, naming file, line and column."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UsageError(f"{path}: larger than {_MAX_BYTES >> 20} MiB, not a loss log")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path}: not a loss log: not text") from None
    return parse_csv(text, str(path))


def parse_csv(text: str, name: str) -> Losses:
    """As ``read_csv``; ``name`` is what errors call it."""
    try:
        table = list(csv.reader(io.StringIO(text), strict=True))
    except csv.Error as error:
        raise UsageError(f"{name}: not a loss log: {error}") from None
    header = tuple(table[0]) if table else ()
    # `change` came later than the others.
    if header[: len(COLUMNS) - 1] != COLUMNS[:-1]:
        raise UsageError(f"{name}: not a loss log: its first line has to be {','.join(COLUMNS)}")
    layer_columns = [n for n, column in enumerate(header) if column.startswith(_LAYER_KINDS)]
    losses = Losses([header[n] for n in layer_columns])
    for number, cells in enumerate(table[1:], 2):
        if not cells:
            continue
        if len(cells) != len(header):
            raise UsageError(f"{name}, line {number}: {len(cells)} values for {len(header)} columns")
        losses.add(_parse_row(cells, header, layer_columns, f"{name}, line {number}"))
    if not losses.rows:
        raise UsageError(f"{name}: no losses in it")
    return losses


def _parse_row(cells: Sequence[str], header: Sequence[str], layer_columns: Sequence[int], where: str) -> Row:
    def number(column: int) -> float:
        try:
            value = float(cells[column])
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UsageError(f'{where}: {header[column]}: "{cells[column]}" is not a number')
        return value

    def whole(column: int) -> int:
        value = number(column)
        if value != int(value) or value < 0:
            raise UsageError(f'{where}: {header[column]}: "{cells[column]}" is not a whole number')
        return int(value)

    change = cells[6] if len(header) > 6 and header[6] == "change" else ""
    layers = tuple(number(column) for column in layer_columns)
    return Row(whole(0), number(1), number(2), number(3), number(4), whole(5), change, layers)
