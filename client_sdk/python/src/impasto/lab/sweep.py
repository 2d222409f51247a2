"""``impasto-lab sweep``: a grid or a list of recipes."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.lab import contact_sheet, flags, painting, report, variants
from impasto.lab.errors import UsageError
from impasto.lab.run_folder import DONE, Record, RunFolder, Task, make_task
from impasto.lab.runner import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from impasto.lab.console import Console

_LOSS_NOTE = (
    "Total losses of different weights, layers or models are in different units: compare them along what leaves "
    "those alone."
)


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "sweep",
        help="try sets of recipe values",
        description="Paint CONTENT in the manner of STYLE with every combination of the grids' values. An interrupted "
        "sweep goes on with the same command; pictures that are there aren't painted again.",
    )
    parser.add_argument("content", metavar="CONTENT", help="the photograph")
    parser.add_argument("styles", metavar="STYLE", nargs="+", help="the painting, or several that are mixed")
    parser.add_argument(
        "--grid",
        action="append",
        default=[],
        metavar="FIELD=V,V,...",
        help="a recipe field and its values; repeatable. Two grids make rows and columns; with more, the last two do, "
        "and each combination of the others is a block. Layers: "
        "style_layers=block1_conv1+block2_conv1,block3_conv1:0.5",
    )
    parser.add_argument(
        "--list",
        type=Path,
        metavar="FILE",
        help="instead of grids: a .json list of recipes, or a .csv, a field a column",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of report, pictures and state")
    parser.add_argument(
        "--in-flight", type=flags.in_flight, default=4, metavar="N", help="jobs at a time, 1..64 (default 4)"
    )
    flags.add_recipe_flags(parser)
    flags.add_output_flags(parser)
    flags.add_server_flags(parser)
    parser.set_defaults(run=run)


def plan(args: argparse.Namespace) -> tuple[list[Task], list[variants.Axis]]:
    """The tasks and the grid's axes. UsageError, naming flag and field."""
    if bool(args.grid) == bool(args.list):
        raise UsageError("either --grid or --list is wanted", field="--grid")
    base = flags.recipe(args)
    axes = [variants.parse_axis(text) for text in args.grid]
    for axis in axes:
        if getattr(args, f"recipe_{axis.field}", None) is not None:
            raise UsageError(f"{axis.field}: in --grid, and a flag of its own, too", field=axis.field)
    chosen = variants.read_list(args.list, base) if args.list else variants.expand(base, axes)
    content = flags.picture(args.content, "CONTENT")
    styles = flags.style_pictures(args.styles)
    tasks: list[Task] = []
    numbers: dict[str, int] = {}
    for number, variant in enumerate(chosen, 1):
        task = make_task(variant.label, variant.values, variant.recipe, content, styles)
        if task.key in numbers:
            raise UsageError(
                f"--list {args.list}: recipes {numbers[task.key]} and {number} are the same", field="--list"
            )
        numbers[task.key] = number
        tasks.append(task)
    return tasks, axes


def run(args: argparse.Namespace, console: Console) -> int:
    """The exit code. LabError, ImpastoError: nothing was painted."""
    tasks, axes = plan(args)
    with RunFolder(args.out, "sweep") as folder:
        return _run(args, folder, tasks, axes, console)


def _run(
    args: argparse.Namespace, folder: RunFolder, tasks: Sequence[Task], axes: Sequence[variants.Axis], console: Console
) -> int:
    with flags.connect(args) as client:
        outcome = painting.paint(client, folder, tasks, Settings(in_flight=args.in_flight), console)
        version = client.server_info().version if outcome.complete else ""
    result: dict[str, Any] = {
        "command": "sweep",
        "out": str(folder.path),
        "exit_code": outcome.exit_code,
        "axes": [{"field": axis.field, "values": list(axis.values)} for axis in axes],
        "pictures": painting.to_json(folder, outcome.records),
    }
    if outcome.complete:
        result.update(_write_out(args, folder, outcome.records, axes, version, console))
        painting.print_table(console, outcome.records)
        console.say(f"report: {result['report']}")
    else:
        result.update(error=outcome.error, go_on=console.command)
    console.result(result)
    return outcome.exit_code


def _write_out(
    args: argparse.Namespace,
    folder: RunFolder,
    records: Sequence[Record],
    axes: Sequence[variants.Axis],
    version: str,
    console: Console,
) -> dict[str, str]:
    title = f"{Path(args.content).name} in the manner of {' and '.join(Path(style).name for style in args.styles)}"
    tiles = [_tile(record, folder) for record in records]
    blocks = contact_sheet.arrange(tiles, axes)
    contact_sheet.save(folder.path / "contact_sheet.png", title, blocks)
    painting.write_csv(folder, records)
    grid = " by ".join(f"{len(axis.values)} values of {axis.field}" for axis in axes)
    done = sum(record.status == DONE for record in records)
    report.write(
        folder.path / "report.html",
        report.Report(
            kind="Sweep",
            title=title,
            lede=f"{grid or 'A list of recipes'}: {done} of {len(records)} pictures painted by impastod {version}.",
            time=datetime.now().astimezone(),
            entries=[report.load_entry(record, folder, args.content, args.styles) for record in records],
            content=args.content,
            styles=args.styles,
            command=console.command,
            blocks=blocks,
            loss_note=_LOSS_NOTE,
            warnings=painting.warnings(records),
            columns=painting.values_columns(records) if axes else (),
        ),
        folder,
    )
    names = {"report": "report.html", "contact_sheet": "contact_sheet.png", "csv": "pictures.csv"}
    return {name: str(folder.path / file) for name, file in names.items()}


def _tile(record: Record, folder: RunFolder) -> contact_sheet.Tile:
    if record.status == DONE:
        return contact_sheet.Tile(record.values, record.label, folder.picture(record.name))
    error = f"{record.error.get('code', '')}: {record.error.get('message', '')}" if record.error else record.status
    return contact_sheet.Tile(record.values, record.label, None, error)
