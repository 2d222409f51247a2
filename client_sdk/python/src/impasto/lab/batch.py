"""``impasto-lab batch``: every picture of a folder."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

from impasto.lab import flags, painting
from impasto.lab.errors import UsageError
from impasto.lab.run_folder import RunFolder, Task, make_task
from impasto.lab.runner import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from impasto.lab.console import Console

_PATTERNS = ("*.png", "*.jpg", "*.jpeg", "*.webp", "*.tif", "*.tiff")
_MAX_PICTURES = 100_000


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "batch",
        help="paint every picture of a folder",
        description="Paint every picture of FOLDER in the manner of STYLE, into DIR/pictures under the same names. "
        "What is there is left alone; an interrupted batch goes on with the same command.",
    )
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="the photographs")
    parser.add_argument("styles", metavar="STYLE", nargs="+", help="the painting, or several that are mixed")
    parser.add_argument("-r", "--recursive", action="store_true", help="its sub-folders' pictures, too")
    parser.add_argument(
        "--pattern",
        action="append",
        metavar="GLOB",
        help="names to take, whatever the case; repeatable (default: PNG, JPEG, WebP and TIFF files)",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of the results and the state")
    parser.add_argument(
        "--in-flight", type=flags.in_flight, default=4, metavar="N", help="jobs at a time, 1..64 (default 4)"
    )
    parser.add_argument(
        "--output-size",
        choices=("working", "original"),
        default="working",
        help="working (default): the size that was painted; original: the photograph's own",
    )
    flags.add_recipe_flags(parser)
    flags.add_output_flags(parser)
    flags.add_server_flags(parser)
    parser.set_defaults(run=run)


def find_pictures(folder: Path, patterns: Sequence[str], *, recursive: bool, leave_out: Path) -> list[Path]:
    """The pictures, relative to the folder, in order; hidden files and those below ``leave_out`` aren't taken.

    UsageError: no folder, or no picture.
    """
    if not folder.is_dir():
        raise UsageError(f"FOLDER {folder}: {'not a folder' if folder.exists() else 'no such folder'}", field="FOLDER")
    found = []
    apart = leave_out.resolve()
    for path in folder.rglob("*") if recursive else folder.iterdir():
        relative = path.relative_to(folder)
        if any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue
        resolved = path.resolve()
        if apart in resolved.parents:
            continue
        if any(fnmatch.fnmatch(path.name.lower(), pattern.lower()) for pattern in patterns):
            found.append(relative)
    if not found:
        raise UsageError(f"FOLDER {folder}: no picture matches {' '.join(patterns)}", field="FOLDER")
    if len(found) > _MAX_PICTURES:
        raise UsageError(f"FOLDER {folder}: {len(found)} pictures; at most {_MAX_PICTURES}", field="FOLDER")
    return sorted(found)


def result_names(pictures: Sequence[Path]) -> list[str]:
    """Each picture's name without its ending; where two would have the same, with it."""
    stems = [picture.with_suffix("").as_posix() for picture in pictures]
    taken = [stem.lower() for stem in stems]  # file systems that know no case
    return [stem if taken.count(stem.lower()) == 1 else picture.as_posix() for stem, picture in zip(stems, pictures)]


def plan(args: argparse.Namespace) -> list[Task]:
    """A task for each picture. UsageError, naming flag and field."""
    recipe = flags.recipe(args)
    styles = flags.style_pictures(args.styles)
    pictures = find_pictures(args.folder, args.pattern or _PATTERNS, recursive=args.recursive, leave_out=args.out)
    tasks = []
    for relative, name in zip(pictures, result_names(pictures)):
        content = flags.picture(str(args.folder / relative), "FOLDER")
        label = relative.as_posix()
        tasks.append(
            make_task(label, {"content": label}, recipe, content, styles, name=name, output_size=args.output_size)
        )
    return tasks


def run(args: argparse.Namespace, console: Console) -> int:
    """The exit code. LabError, ImpastoError: nothing was painted."""
    tasks = plan(args)
    with RunFolder(args.out, "batch") as folder:
        return _run(args, folder, tasks, console)


def _run(args: argparse.Namespace, folder: RunFolder, tasks: Sequence[Task], console: Console) -> int:
    with flags.connect(args) as client:
        outcome = painting.paint(client, folder, tasks, Settings(in_flight=args.in_flight), console)
    painting.write_csv(folder, outcome.records)
    result: dict[str, Any] = {
        "command": "batch",
        "out": str(folder.path),
        "exit_code": outcome.exit_code,
        "csv": str(folder.path / "pictures.csv"),
        "pictures": painting.to_json(folder, outcome.records),
    }
    if outcome.complete:
        painting.print_table(console, outcome.records)
    else:
        result.update(error=outcome.error, go_on=console.command)
    console.result(result)
    return outcome.exit_code
