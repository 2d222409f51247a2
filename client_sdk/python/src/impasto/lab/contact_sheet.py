"""All pictures of a sweep on one sheet, in the order of the grid."""

from __future__ import annotations

import io
import itertools
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
from PIL import Image, ImageDraw, ImageFont

from impasto.lab.files import write_atomically

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from impasto.lab.variants import Axis

_MAX_PIXELS = 40_000_000
_THUMB = 384  # long side, at most
_MIN_THUMB = 48
_GAP = 10
_MARGIN = 36
_PAPER, _INK, _FAINT, _BAD = "#ffffff", "#1d1d1f", "#6e6e73", "#b3261e"


@dataclass(frozen=True)
class Tile:
    """A picture and what it is; without a picture, why."""

    values: Mapping[str, str]
    label: str
    picture: Path | None
    error: str = ""


@dataclass(frozen=True)
class Block:
    """Rows and columns of tiles under one title; a place that has no tile is None."""

    title: str
    column_field: str
    row_field: str
    columns: Sequence[str]
    rows: Sequence[str]
    tiles: Sequence[Sequence[Tile | None]]
    captions: bool = False  # each tile says itself what it is


def arrange(tiles: Sequence[Tile], axes: Sequence[Axis]) -> list[Block]:
    """Two axes: rows by columns. More: a block for each combination of the others. Else the tiles in reading order."""
    if len(axes) < 2:
        width = min(len(tiles), max(3, math.ceil(math.sqrt(len(tiles)))))
        rows = [tiles[n : n + width] for n in range(0, len(tiles), width)]
        return [Block("", "", "", [""] * width, [""] * len(rows), rows, captions=True)]
    *others, row_axis, column_axis = axes
    by_values = {tuple(tile.values[axis.field] for axis in axes): tile for tile in tiles}
    blocks = []
    for outer in itertools.product(*(axis.values for axis in others)):
        table = [[by_values.get((*outer, row, column)) for column in column_axis.values] for row in row_axis.values]
        title = ",  ".join(f"{axis.field} {value}" for axis, value in zip(others, outer))
        blocks.append(Block(title, column_axis.field, row_axis.field, column_axis.values, row_axis.values, table))
    return blocks


def save(path: Path, title: str, blocks: Sequence[Block]) -> None:
    """Writes the sheet as a PNG. Raises OSError."""
    data = io.BytesIO()
    draw_sheet(title, blocks).save(data, "PNG", optimize=True)
    write_atomically(path, data.getvalue())


def draw_sheet(title: str, blocks: Sequence[Block]) -> Image.Image:
    """The sheet. Thumbnails shrink where many of full size would be too large a picture."""
    cells = sum(len(block.rows) * len(block.columns) for block in blocks)
    thumb = max(_MIN_THUMB, min(_THUMB, int(math.sqrt(_MAX_PIXELS / max(cells, 1)))))
    pictures = {tile.picture: _thumbnail(tile.picture, thumb) for tile in _tiles(blocks) if tile.picture}
    # The largest picture's shape is every place's.
    width = max((picture.width for picture in pictures.values()), default=thumb)
    height = max((picture.height for picture in pictures.values()), default=thumb * 3 // 4)
    drawn = [_draw_block(block, pictures, width, height) for block in blocks]
    heading = _font(20, bold=True)
    sheet_width = max([image.width for image in drawn] + [int(heading.getlength(title))]) + 2 * _MARGIN
    top = _MARGIN + 34
    sheet_height = top + sum(image.height + _GAP * 2 for image in drawn) + _MARGIN
    sheet = Image.new("RGB", (sheet_width, sheet_height), _PAPER)
    ImageDraw.Draw(sheet).text((_MARGIN, _MARGIN - 8), title, font=heading, fill=_INK)
    for image in drawn:
        sheet.paste(image, (_MARGIN, top))
        top += image.height + _GAP * 2
    return sheet


def _tiles(blocks: Sequence[Block]) -> list[Tile]:
    return [tile for block in blocks for row in block.tiles for tile in row if tile]


def _thumbnail(path: Path, side: int) -> Image.Image:
    with Image.open(path) as picture:
        thumbnail = on_white(picture)
    thumbnail.thumbnail((side, side), Image.Resampling.LANCZOS)
    return thumbnail


def on_white(picture: Image.Image) -> Image.Image:
    """The picture in 8-bit RGB; what is transparent is white."""
    if picture.mode.startswith("I;16") or picture.mode == "I":
        picture = picture.point(lambda value: value / 257.0).convert("L")
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        paper = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(paper, picture.convert("RGBA")).convert("RGB")
    return picture.convert("RGB")


def _draw_block(block: Block, pictures: Mapping[Path, Image.Image], width: int, height: int) -> Image.Image:
    font, bold = _font(14), _font(14, bold=True)
    left = 0
    if block.row_field:
        texts = [*block.rows, block.row_field]
        left = min(int(max(font.getlength(text) for text in texts)) + 22, 300)
    top = (28 if block.title else 0) + (48 if block.column_field else 0)
    caption = 24 if block.captions else 0
    image = Image.new(
        "RGB",
        (left + len(block.columns) * (width + _GAP), top + len(block.rows) * (height + caption + _GAP)),
        _PAPER,
    )
    draw = ImageDraw.Draw(image)
    if block.title:
        draw.text((0, 0), block.title, font=bold, fill=_INK)
    if block.column_field:
        draw.text((left, top - 46), block.column_field, font=_font(13), fill=_FAINT)
        for n, text in enumerate(block.columns):
            draw.text((left + n * (width + _GAP), top - 24), _fit(text, bold, width), font=bold, fill=_INK)
    for y, row in enumerate(block.tiles):
        place_y = top + y * (height + caption + _GAP)
        if block.row_field:
            draw.text((0, place_y), _fit(block.row_field, _font(13), left - 12), font=_font(13), fill=_FAINT)
            draw.text((0, place_y + 20), _fit(block.rows[y], bold, left - 12), font=bold, fill=_INK)
        for x, tile in enumerate(row):
            place = (left + x * (width + _GAP), place_y)
            if tile is None:
                continue
            if tile.picture:
                image.paste(pictures[tile.picture], place)
            else:
                _draw_failure(draw, place, width, height, tile.error)
            if caption:
                draw.text((place[0], place_y + height + 4), _fit(tile.label, font, width), font=font, fill=_INK)
    return image


def _draw_failure(draw: ImageDraw.ImageDraw, place: tuple[int, int], width: int, height: int, error: str) -> None:
    x, y = place
    draw.rectangle((x, y, x + width - 1, y + height - 1), fill="#f7f2f1", outline="#d9b8b4")
    draw.text((x + 12, y + 12), "no picture", font=_font(14, bold=True), fill=_BAD)
    font = _font(12)
    for n, line in enumerate(_wrap(error, font, width - 24)[: max(0, (height - 44) // 17)]):
        draw.text((x + 12, y + 36 + 17 * n), line, font=font, fill=_FAINT)


def _wrap(text: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and font.getlength(f"{lines[-1]} {word}") <= width:
            lines[-1] += " " + word
        else:
            lines.append(_fit(word, font, width))
    return lines


def _fit(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "…") > width:
        text = text[:-1]
    return text + "…"


def _font(size: int, *, bold: bool = False) -> ImageFont.FreeTypeFont:
    # Matplotlib brings it: the sheet looks the same on every machine.
    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), size)
