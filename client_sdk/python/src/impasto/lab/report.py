"""One HTML file that holds a whole run: pictures, plots, figures, and how to make each picture again.

Nothing in it comes from elsewhere: it opens offline, from a stick or an archive. The pictures in it are reduced; links
lead to the full ones beside it.
"""

from __future__ import annotations

import html
import json
import shlex
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from impasto.lab import fields, plots, previews, units
from impasto.lab.files import write_atomically
from impasto.lab.losses import read_csv
from impasto.lab.run_folder import DONE, Record, RunFolder

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from impasto.lab.contact_sheet import Block, Tile
    from impasto.lab.losses import Losses

# Plots of single pictures, with their layers, are shown for so many at most: each is some 60 kB.
_MAX_OWN_PLOTS = 12
_MAX_CURVES = 64


@dataclass(frozen=True)
class Entry:
    """One picture of the report."""

    record: Record
    content: str  # as the command line named it
    styles: Sequence[str]
    recipe: str = ""  # proto3 JSON; "" where there is no picture
    losses: Losses | None = None

    @property
    def done(self) -> bool:
        """There is a picture."""
        return self.record.status == DONE


@dataclass(frozen=True)
class Report:
    """What a report is made from."""

    kind: str  # "Comparison", "Sweep"
    title: str
    lede: str
    time: datetime
    entries: Sequence[Entry]
    content: str
    styles: Sequence[str]
    command: str  # that made it
    blocks: Sequence[Block] = ()  # the grid; empty: the pictures in order
    loss_note: str = ""
    warnings: Sequence[str] = ()
    columns: Sequence[str] = ()  # fields of Record.values that the table shows


def write(path: Path, report: Report, folder: RunFolder) -> None:
    """Raises OSError."""
    write_atomically(path, _Page(report, folder).html())


def load_entry(record: Record, folder: RunFolder, content: str, styles: Sequence[str]) -> Entry:
    """The record with what the folder holds of it."""
    if record.status != DONE:
        return Entry(record, content, styles)
    recipe = folder.recipe(record.name).read_text(encoding="utf-8").strip()
    return Entry(record, content, styles, recipe, read_csv(folder.losses(record.name)))


def again_command(entry: Entry, folder: RunFolder) -> str:
    """The command that makes the picture again."""
    name = entry.record.name
    recipe = folder.recipe(name)
    words = ["impasto", "stylize", entry.content, *entry.styles, "--recipe", str(recipe), "-o", f"{name}.png"]
    return shlex.join(words)


def _e(text: object) -> str:
    return html.escape(str(text))


def _field(name: str) -> str:
    """A field's name, with places to break the line at."""
    return _e(name).replace("_", "_<wbr>")


def _value(text: str) -> str:
    """A field's value, with places to break the line at: sets of layers are long."""
    return _e(text).replace("+", "+<wbr>")


def _asset(name: str) -> str:
    return (resources.files("impasto.lab") / "assets" / name).read_text(encoding="utf-8")


class _Page:
    def __init__(self, report: Report, folder: RunFolder) -> None:
        self._report = report
        self._folder = folder
        side = previews.side_for(len(report.entries))
        done = [entry for entry in report.entries if entry.done]
        self._done = done
        self._previews = {entry.record.key: previews.make(folder.picture(entry.record.name), side) for entry in done}
        self._content = previews.make(Path(report.content), side) if report.content else None
        self._by_path = {folder.picture(entry.record.name): entry for entry in done}
        # Row and column in a grid that is one block.
        self._places: dict[str, tuple[int | None, int]] = {}
        if len(report.blocks) == 1 and not report.blocks[0].captions:
            for y, row in enumerate(report.blocks[0].tiles):
                for x, tile in enumerate(row):
                    if tile and tile.picture:
                        self._places[self._by_path[tile.picture].record.key] = (y, x)

    def html(self) -> str:
        report = self._report
        body = [self._header(), "<main>", self._pictures(), self._losses(), self._figures(), self._recipes(), "</main>"]
        return (
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
            '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
            '<link rel="icon" href="data:,">\n'
            f"<title>{_e(report.kind)}: {_e(report.title)}</title>\n<style>\n{_asset('report.css')}</style>\n</head>\n"
            f"<body>\n{''.join(body)}\n{self._footer()}\n{self._dialog()}\n<script>\n{_asset('report.js')}</script>\n"
            "</body>\n</html>\n"
        )

    def _header(self) -> str:
        report = self._report
        warnings = ""
        if report.warnings:
            items = "".join(f"<li>{_e(warning)}</li>" for warning in report.warnings)
            warnings = f'<div class="warning" role="note"><ul>{items}</ul></div>'
        return (
            f'<header>\n<p class="kind">Impasto · {_e(report.kind)}</p>\n<h1>{_e(report.title)}</h1>\n'
            f'<p class="lede">{_e(report.lede)}</p>\n{self._inputs()}{warnings}\n</header>\n'
        )

    def _inputs(self) -> str:
        shown = []
        if self._content:
            shown.append(_input("Photograph", self._report.content, self._content, "content"))
        names = ["Painting"] if len(self._report.styles) == 1 else [f"Painting {n + 1}" for n in range(16)]
        for name, style in zip(names, self._report.styles):
            preview = previews.make(Path(style), 480)
            if preview:
                shown.append(_input(name, style, preview, "style"))
        return f'<div class="inputs">{"".join(shown)}</div>' if shown else ""

    def _pictures(self) -> str:
        if self._report.blocks and not self._report.blocks[0].captions:
            shown = "".join(self._sheet(block) for block in self._report.blocks)
        else:
            count = len(self._report.entries)
            tile = 26 if count <= 2 else 20 if count <= 9 else 14
            pictures = "".join(self._picture(entry) for entry in self._report.entries)
            shown = f'<div class="wall" style="--tile: {tile}rem">{pictures}</div>'
        note = "A picture opens large, to be held against the photograph." if self._content else ""
        return f'<section id="pictures">\n<h2>Pictures</h2>\n<p class="note">{note}</p>\n{shown}\n</section>\n'

    def _sheet(self, block: Block) -> str:
        caption = f"<caption>{_e(block.title)}</caption>" if block.title else ""
        heads = "".join(
            f'<th scope="col"><small>{_field(block.column_field)}</small>{_e(text)}</th>' for text in block.columns
        )
        rows = []
        for text, tiles in zip(block.rows, block.tiles):
            cells = "".join(f"<td>{self._tile(tile)}</td>" for tile in tiles)
            rows.append(f'<tr><th scope="row"><small>{_field(block.row_field)}</small>{_e(text)}</th>{cells}</tr>')
        width = 7.2 + 9.5 * len(block.columns)
        return (
            f'<div class="sheet" style="--sheet-min: {width:g}rem"><table>{caption}<thead><tr><td></td>{heads}</tr>'
            f"</thead><tbody>{''.join(rows)}</tbody></table></div>"
        )

    def _tile(self, tile: Tile | None) -> str:
        if tile is None:
            return ""
        entry = self._by_path.get(tile.picture) if tile.picture else None
        if entry is None:
            return f'<div class="missing"><b>No picture</b><span>{_e(tile.error)}</span></div>'
        figures = entry.record.figures
        facts = f"loss {units.loss(figures.total_loss)} · {units.seconds(figures.device_seconds)}"
        return f'<figure class="picture">{self._shot(entry)}<figcaption class="num">{facts}</figcaption></figure>'

    def _picture(self, entry: Entry) -> str:
        record = entry.record
        if not entry.done:
            return (
                f'<figure class="picture">{_missing(record)}<figcaption><span class="name">{_e(record.label)}</span>'
                "</figcaption></figure>"
            )
        figures = record.figures
        facts = (
            f"{figures.width} &times; {figures.height} px · {figures.steps} steps · "
            f"{units.seconds(figures.device_seconds)} · {units.size(figures.peak_bytes)}"
        )
        return (
            f'<figure class="picture">{self._shot(entry)}<figcaption><span class="name">{_e(record.label)}</span>'
            f'<span class="facts num">{facts}</span> <a href="#{_anchor(entry)}">recipe</a></figcaption></figure>'
        )

    def _shot(self, entry: Entry) -> str:
        preview = self._previews[entry.record.key]
        href = _e(self._relative(self._folder.picture(entry.record.name)))
        if preview is None:
            return f'<a href="{href}">{_e(entry.record.name)}.png</a>'
        return (
            f'<a class="shot" href="{href}"><img src="{preview.uri}" width="{preview.width}" '
            f'height="{preview.height}" alt="{_e(entry.record.label)}"></a>'
        )

    def _relative(self, path: Path) -> str:
        return path.relative_to(self._folder.path).as_posix()

    def _losses(self) -> str:
        curves = [
            plots.Curve(entry.record.label, entry.losses, *self._places.get(entry.record.key, (None, 0)))
            for entry in self._done[:_MAX_CURVES]
            if entry.losses
        ]
        if not curves:
            return ""
        shown = plots.to_svg(plots.losses_figure(curves, themed=True, layers=len(curves) == 1), "losses")
        more = ""
        if len(self._done) > _MAX_CURVES:
            more = f" The first {_MAX_CURVES} of {len(self._done)} pictures are drawn."
        caption = (
            "Losses on a log scale against the iteration. A line breaks where losses stop being comparable: where a "
            "coarser level of the picture ends (dashed), or where the recipe was changed (dotted)."
        )
        parts = [
            f'<section id="losses">\n<h2>Losses</h2>\n<p class="note">{_e(self._report.loss_note)}</p>\n'
            f'<figure class="plot">{shown}<figcaption>{caption}{more}</figcaption></figure>'
        ]
        points = self._points()
        if points:
            svg = plots.to_svg(plots.tradeoff_figure(points, themed=True), "tradeoff")
            parts.append(
                f'<figure class="plot small">{svg}<figcaption>Where each picture ends between content and style, '
                "both before their weights: towards the lower left is better in both.</figcaption></figure>"
            )
        return "\n".join(parts) + "\n</section>\n"

    def _points(self) -> list[plots.Point]:
        """Content against style loss, where they compare: the same model, layers, normalisation and size."""
        alike = set()
        points = []
        for entry in self._done:
            figures = entry.record.figures
            recipe = json.loads(entry.recipe)
            names = ("model", "contentLayers", "styleLayers", "normalization", "pooling", "maxSize", "styleSize")
            alike.add(json.dumps([recipe.get(name) for name in names], sort_keys=True))
            if figures.content_loss and figures.style_loss:
                group = self._places.get(entry.record.key, (None, 0))[0]
                points.append(plots.Point(entry.record.label, figures.content_loss, figures.style_loss, group))
        return points if len(alike) == 1 and 2 <= len(points) <= 40 else []

    def _figures(self) -> str:
        columns = self._report.columns
        names = "".join(f'<th scope="col">{_e(head)}</th>' for head in columns or ["Picture"])
        numbers = ("Steps", "Total loss", "Content", "Style", "Time on device", "A step", "Memory", "Size")
        names += "".join(f'<th scope="col" class="right">{number}</th>' for number in numbers)
        done = [entry.record.figures for entry in self._done]
        longest = max((figures.device_seconds for figures in done), default=0.0)
        largest = max((figures.peak_bytes for figures in done), default=0)
        rows = "".join(self._row(entry, columns, longest, largest) for entry in self._report.entries)
        return (
            '<section id="figures">\n<h2>Figures</h2>\n<p class="note">Losses are those of the picture: of all steps '
            "of the finest level, the one with the lowest total. Time is the job&rsquo;s own on the device; memory is "
            "the peak that was forecast, beyond the model&rsquo;s own.</p>\n"
            f'<div class="scroll"><table class="figures"><thead><tr>{names}</tr></thead><tbody>{rows}</tbody></table>'
            '</div>\n<p class="note"><a href="pictures.csv">pictures.csv</a> has the same and more.</p>\n</section>\n'
        )

    def _row(self, entry: Entry, columns: Sequence[str], longest: float, largest: int) -> str:
        record, figures = entry.record, entry.record.figures
        link = f'<a href="#{_anchor(entry)}">'
        if columns:
            cells = [f'<td class="values">{_value(record.values.get(name, ""))}</td>' for name in columns]
            cells[0] = cells[0].replace(">", f">{link}", 1).replace("</td>", "</a></td>")
        else:
            cells = [f'<td class="values">{link}{_e(record.label)}</a></td>']
        if not entry.done:
            cells.append(f'<td class="failed" colspan="8" data-key="">{_e(_reason(record))}</td>')
            return f"<tr>{''.join(cells)}</tr>"
        step = figures.device_seconds / max(figures.steps, 1)
        cells += [
            _number(figures.steps, str(figures.steps)),
            _number(figures.total_loss, units.loss(figures.total_loss)),
            _number(figures.content_loss, units.loss(figures.content_loss)),
            _number(figures.style_loss, units.loss(figures.style_loss)),
            _number(figures.device_seconds, units.seconds(figures.device_seconds), figures.device_seconds, longest),
            _number(step, units.seconds(step)),
            _number(figures.peak_bytes, units.size(figures.peak_bytes), figures.peak_bytes, largest),
            _number(figures.width * figures.height, f"{figures.width} \N{MULTIPLICATION SIGN} {figures.height}"),
        ]
        return f"<tr>{''.join(cells)}</tr>"

    def _recipes(self) -> str:
        entries = "".join(self._recipe(entry) for entry in self._report.entries)
        return (
            '<section id="recipes">\n<h2>Recipes</h2>\n<p class="note">Everything that decided each picture. Sent back '
            "to a server with the same weights, a recipe makes the same picture.</p>\n"
            f"{entries}\n</section>\n"
        )

    def _recipe(self, entry: Entry) -> str:
        record = entry.record
        thumb = previews.make(self._folder.picture(record.name), 112) if entry.done else None
        image = f'<img src="{thumb.uri}" width="{thumb.width}" height="{thumb.height}" alt="">' if thumb else ""
        more = record.job if entry.done else "no picture"
        body = self._recipe_body(entry) if entry.done else f"<p>{_e(_reason(record))}</p>"
        return (
            f'<details class="one" id="{_anchor(entry)}"><summary>{image}<b>{_e(record.label)}</b>'
            f'<span class="more num">{_e(more)}</span></summary><div class="body">{body}</div></details>\n'
        )

    def _recipe_body(self, entry: Entry) -> str:
        record, figures = entry.record, entry.record.figures
        recipe: Mapping[str, object] = json.loads(entry.recipe)
        execution = recipe.get("execution")
        facts = {
            "Model": figures.model,
            "Content layers": _layers(recipe.get("contentLayers")),
            "Style layers": _layers(recipe.get("styleLayers")),
            "Weights, SHA-256": figures.weights_sha256,
            "Server": f"impastod {figures.server_version}",
            "Execution": " · ".join(str(value) for value in execution.values()) if isinstance(execution, dict) else "",
            "Job": record.job,
            "Picture": f"step {figures.result_step} of {figures.steps}"
            + (f", level {figures.level + 1} of {figures.levels}" if figures.levels > 1 else ""),
            "Warnings": "; ".join(figures.warnings),
        }
        items = "".join(f"<dt>{_e(name)}</dt><dd>{_e(value)}</dd>" for name, value in facts.items() if value)
        full = _e(self._relative(self._folder.picture(record.name)))
        losses = _e(self._relative(self._folder.losses(record.name)))
        links = f'<dt>Files</dt><dd><a href="{full}">{full}</a><br><a href="{losses}">{losses}</a></dd>'
        plot = ""
        if entry.losses and 1 < len(self._done) <= _MAX_OWN_PLOTS:
            curve = plots.Curve("All losses", entry.losses)
            svg = plots.to_svg(plots.losses_figure([curve], themed=True), f"p-{record.key[:8]}")
            plot = f'<figure class="plot">{svg}</figure>'
        return (
            f"<dl>{items}{links}</dl>"
            f'<div class="box"><div class="label">Make it again</div>'
            f'<pre class="command"><code>{_e(again_command(entry, self._folder))}</code></pre></div>'
            f'<div class="box"><div class="label">Recipe, {_e(self._relative(self._folder.recipe(record.name)))}</div>'
            f'<pre class="recipe"><code>{_e(entry.recipe)}</code></pre></div>{plot}'
        )

    def _footer(self) -> str:
        when = self._report.time.strftime("%-d %B %Y, %H:%M %Z").strip()
        return (
            f"<footer><p>Made on {_e(when)} with <code>{_e(self._report.command)}</code>. "
            "File names in commands are relative to the folder it ran in.</p></footer>"
        )

    def _dialog(self) -> str:
        if not self._done:
            return ""
        return (
            '<dialog aria-label="A closer look"><div class="stage"><img class="after" src="data:," alt="">'
            '<img class="before" src="data:," alt="The photograph"></div><div class="bench"><b class="title"></b>'
            '<label>photograph <input type="range" min="0" max="100" value="0" step="0.5"></label>'
            '<a href="pictures/">full size</a><button type="button">Close</button></div></dialog>'
        )


def _anchor(entry: Entry) -> str:
    return f"recipe-{entry.record.key[:12]}"


def _reason(record: Record) -> str:
    if record.error:
        return f"{record.error.get('code', '')}: {record.error.get('message', '')}"
    return "not painted yet"


def _layers(layers: object) -> str:
    """A recipe's layers, as ``--grid`` takes them, with spaces to break lines at."""
    shares = layers if isinstance(layers, list) else []
    return " + ".join(fields.to_text(((share["layer"], share.get("weight")),)) for share in shares)


def _missing(record: Record) -> str:
    return f'<div class="missing"><b>No picture</b><span>{_e(_reason(record))}</span></div>'


def _input(name: str, path: str, preview: previews.Preview, kind: str) -> str:
    return (
        f'<figure><img class="{kind}" src="{preview.uri}" width="{preview.width}" height="{preview.height}" '
        f'alt="{_e(name)}"><figcaption><b>{_e(name)}</b>{_e(Path(path).name)}</figcaption></figure>'
    )


def _number(key: float | None, text: str, value: float = 0, largest: float = 0) -> str:
    bar = f'<span class="bar" style="width: {100 * value / largest:.0f}%"></span>' if largest else ""
    return f'<td class="right num" data-key="{"" if key is None else repr(key)}">{_e(text)}{bar}</td>'
