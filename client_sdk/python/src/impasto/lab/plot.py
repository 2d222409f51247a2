"""``impasto-lab plot``: the losses of any job or log file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import impasto
from impasto.lab import exit_codes, flags, losses, plots
from impasto.lab.errors import UsageError
from impasto.lab.runner import Watched

if TYPE_CHECKING:
    import argparse

    from impasto.lab.console import Console

_JOB = re.compile(r"jobs/[^/]+\Z")


def add_parser(commands: Any) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "plot",
        help="draw losses against iterations",
        description="Draw the losses of each LOG on a log scale. With one log its layers' losses are drawn, too, where "
        "they are known. Dashed lines mark the levels of a coarse-to-fine run, dotted ones changes of the recipe.",
    )
    parser.add_argument(
        "logs",
        metavar="LOG",
        nargs="+",
        help="a CSV of `impasto --loss-csv` or of OUT/losses, or a job, jobs/3f2a90c1...",
    )
    parser.add_argument("-o", "--output", required=True, type=Path, metavar="FILE", help="the plot: .png, .svg or .pdf")
    parser.add_argument("--follow", action="store_true", help="wait for the end of jobs that are running")
    parser.add_argument("--no-layers", action="store_true", help="leave the layers' losses out")
    flags.add_output_flags(parser)
    flags.add_server_flags(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace, console: Console) -> int:
    """The exit code. LabError, ImpastoError: nothing was drawn."""
    plots.check_ending(args.output)
    named = [log for log in args.logs if _JOB.match(log)]
    client = flags.connect(args) if named else None
    try:
        curves = []
        for log in args.logs:
            if client is not None and log in named:
                curves.append(plots.Curve(log, read_job(client, log, follow=args.follow, console=console)))
            else:
                curves.append(plots.Curve(Path(log).stem, losses.read_csv(Path(log))))
    finally:
        if client is not None:
            client.close()
    try:
        plots.save(plots.losses_figure(curves, layers=not args.no_layers), args.output)
    except OSError as error:
        raise UsageError(f"--output {args.output}: {error.strerror}", field="--output") from None
    console.say(f"plot: {args.output}")
    result = {"command": "plot", "exit_code": exit_codes.OK, "plot": str(args.output)}
    console.result({**result, "logs": [_summary(log, curve.losses) for log, curve in zip(args.logs, curves)]})
    return exit_codes.OK


def read_job(client: impasto.Client, name: str, *, follow: bool, console: Console) -> losses.Losses:
    """The losses of a job so far; with ``follow``, to its end. UsageError: there are none yet."""
    job = client.job(name)
    info = job.info()
    watched = Watched()
    try:
        # One that has no event yet would have to be waited for.
        for event in job.events() if follow or info.last_event else ():
            watched.add(event)
            if not follow and job.last_event >= info.last_event:
                break
    except impasto.ImpastoError as error:
        # A job that failed has losses all the same.
        if not watched.losses.rows:
            raise
        console.error(f"{name}: {error}")
    if not watched.losses.rows:
        raise UsageError(f"{name}: no losses yet; --follow waits for them", field=name)
    return watched.losses


def _summary(log: str, read: losses.Losses) -> dict[str, Any]:
    first, last = read.rows[0], read.rows[-1]
    return {
        "log": log,
        "rows": len(read.rows),
        "levels": len({row.level for row in read.rows}),
        "changes": [{"iteration": row.iteration, "change": row.change} for row in read.rows if row.change],
        "layers": list(read.layers),
        "first_total_loss": first.total,
        "last_total_loss": last.total,
        "seconds": last.seconds,
    }
