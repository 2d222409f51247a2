"""``impasto-lab compare``: one recipe on several models."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import impasto
from impasto.lab import fields, flags, painting, report, variants
from impasto.lab.errors import UsageError
from impasto.lab.run_folder import RunFolder, Task, make_task
from impasto.lab.runner import Settings

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from impasto.lab.console import Console

_LOSS_NOTE = (
    "Each network measures with its own layers and in its own units: compare where curves flatten, not how high "
    "they are."
)


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "compare",
        help="paint one picture with several models, side by side",
        description="Paint CONTENT in the manner of STYLE with each model, and report pictures, losses, "
        "time and memory.",
    )
    parser.add_argument("content", metavar="CONTENT", help="the photograph")
    parser.add_argument("styles", metavar="STYLE", nargs="+", help="the painting, or several that are mixed")
    parser.add_argument("--models", required=True, metavar="A,B,...", help="vgg19,resnet50: models that are loaded")
    parser.add_argument(
        "--for",
        dest="for_model",
        nargs=2,
        action="append",
        default=[],
        metavar=("MODEL", "FIELD=VALUE"),
        help="a recipe field for one model alone: --for resnet50 style_layers=conv2_block1_out+conv3_block1_out:0.5. "
        "Without it each model has its own default layers",
    )
    parser.add_argument("--out", required=True, type=Path, metavar="DIR", help="folder of report and pictures")
    flags.add_recipe_flags(parser)
    flags.add_output_flags(parser)
    flags.add_server_flags(parser)
    parser.set_defaults(run=run)


def plan(args: argparse.Namespace) -> list[Task]:
    """The tasks, one a model. UsageError, naming flag and field."""
    models = [variants.canonical(fields.FIELDS["model"], name) for name in args.models.split(",")]
    for name in models:
        if models.count(name) > 1:
            raise UsageError(f"--models: {name} is there twice", field="--models")
    own: dict[str, dict[str, str]] = {name: {} for name in models}
    for name, assignment in args.for_model:
        if name not in own:
            raise UsageError(f"--for {name}: it isn't among --models {args.models}", field="--for")
        field_name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f'--for {name} "{assignment}": FIELD=VALUE is wanted', field="--for")
        field = fields.find(field_name, f"--for {name}")
        if field.name == "model":
            raise UsageError(f"--for {name}: the model can't be changed", field="model")
        own[name][field.name] = variants.canonical(field, text)
    base = flags.recipe(args)
    if args.recipe_model is not None:
        raise UsageError("--model: --models says which", field="--model")
    content = flags.picture(args.content, "CONTENT")
    styles = flags.style_pictures(args.styles)
    return [
        make_task(
            name,
            {"model": name, **own[name]},
            variants.with_values(base, {"model": name, **own[name]}),
            content,
            styles,
        )
        for name in models
    ]


def run(args: argparse.Namespace, console: Console) -> int:
    """The exit code. LabError, ImpastoError: nothing was painted."""
    tasks = plan(args)
    with RunFolder(args.out, "compare") as folder:
        return _run(args, folder, tasks, console)


def _run(args: argparse.Namespace, folder: RunFolder, tasks: Sequence[Task], console: Console) -> int:
    with flags.connect(args) as client:
        # One at a time: two on one device would each look slower than they are.
        settings = Settings(in_flight=1, priority=impasto.Priority.NORMAL)
        outcome = painting.paint(client, folder, tasks, settings, console)
        version = client.server_info().version if outcome.complete else ""
    result: dict[str, Any] = {
        "command": "compare",
        "out": str(folder.path),
        "exit_code": outcome.exit_code,
        "pictures": painting.to_json(folder, outcome.records),
    }
    if outcome.complete:
        page = folder.path / "report.html"
        painting.write_csv(folder, outcome.records)
        models = ", ".join(record.label for record in outcome.records)
        content_name = Path(args.content).name
        style_names = " and ".join(Path(style).name for style in args.styles)
        report.write(
            page,
            report.Report(
                kind="Comparison",
                title=f"{content_name} in the manner of {style_names}",
                lede=f"The same recipe on {models}: what each makes of it, how its losses fall, and what it takes "
                f"on impastod {version}.",
                time=datetime.now().astimezone(),
                entries=[report.load_entry(record, folder, args.content, args.styles) for record in outcome.records],
                content=args.content,
                styles=args.styles,
                command=console.command,
                loss_note=_LOSS_NOTE,
                warnings=painting.warnings(outcome.records),
            ),
            folder,
        )
        painting.print_table(console, outcome.records)
        console.say(f"report: {page}")
        result.update(report=str(page), csv=str(folder.path / "pictures.csv"))
    else:
        result.update(error=outcome.error, go_on=console.command)
    console.result(result)
    return outcome.exit_code
