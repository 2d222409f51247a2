"""What compare, sweep and batch have in common: tasks are checked, painted, gone on with, and written out."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import impasto
from impasto.lab import exit_codes, units
from impasto.lab.console import Console, Progress
from impasto.lab.errors import LabError, UsageError
from impasto.lab.files import write_atomically
from impasto.lab.run_folder import DONE, FAILED, RUNNING, Record, RunFolder, Task
from impasto.lab.runner import Runner, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence


class Terminated(BaseException):
    """SIGTERM. As KeyboardInterrupt, no error that code in between may handle."""


@dataclass(frozen=True)
class Outcome:
    """How a run ended."""

    exit_code: int
    records: Sequence[Record]
    complete: bool  # it wasn't broken off: what is written out is the whole run
    error: str = ""


def paint(
    client: impasto.Client, folder: RunFolder, tasks: Sequence[Task], settings: Settings, console: Console
) -> Outcome:
    """Paints what isn't there yet. UsageError, before anything is started: the server refuses a recipe.

    An outcome that isn't complete was said to the user, with the command that goes on.
    """
    todo = folder.plan(tasks)
    done = len(tasks) - len(todo)
    attached = sum(record.status == RUNNING for record in folder.records())
    if done or attached:
        console.say(f"going on: {done} of {len(tasks)} pictures are there, {attached} jobs were started before")
    fresh = {record.key for record in folder.records() if record.attempt == 0}
    check([task for task in todo if task.key in fresh], client)
    error, exit_code = "", exit_codes.OK
    try:
        Runner(client, folder, Progress(console, done, len(tasks)), settings).run(todo)
    except (KeyboardInterrupt, Terminated) as stop:
        exit_code = exit_codes.INTERRUPTED if isinstance(stop, KeyboardInterrupt) else exit_codes.TERMINATED
        error = "interrupted"
    except LabError as problem:
        exit_code, error = problem.exit_code, problem.message
    records = folder.records()
    if error:
        there = sum(record.status == DONE for record in records)
        running = sum(record.status == RUNNING for record in records)
        console.error(
            f"{error}: {there} of {len(records)} pictures are there, {running} jobs go on at the server. "
            f"To go on:\n  {console.command}"
        )
        return Outcome(exit_code, records, False, error)
    failed = any(record.status == FAILED for record in records)
    return Outcome(exit_codes.FAILED if failed else exit_codes.OK, records, True)


def check(tasks: Sequence[Task], client: impasto.Client) -> None:
    """Asks the server for each recipe, so that a slip in the last is known before the first is painted.

    What is no slip (a model that isn't loaded, a lack of memory, a broken picture) fails its own picture later.
    """
    for task in tasks:
        try:
            content, styles = task.pictures
            client.estimate(content, styles, recipe=task.recipe)
        except (impasto.InvalidArgument, impasto.OutOfRange) as error:
            if "recipe" in error.field:
                raise UsageError(f"{task.label}: {error}", field=error.field.rpartition("recipe.")[2]) from error
        except impasto.Unavailable:
            return  # the run says so
        except (impasto.ImpastoError, OSError):
            continue


def values_columns(records: Sequence[Record]) -> list[str]:
    """The fields that set the pictures apart, in order."""
    return list(dict.fromkeys(name for record in records for name in record.values))


def write_csv(folder: RunFolder, records: Sequence[Record]) -> None:
    """pictures.csv: every picture with its values, losses, figures and files. Raises OSError."""
    values = values_columns(records)
    figures = [
        "model",
        "width",
        "height",
        "steps",
        "result_step",
        "level",
        "levels",
        "total_loss",
        "content_loss",
        "style_loss",
        "device_seconds",
        "elapsed_seconds",
        "peak_bytes",
        "weights_sha256",
        "server_version",
    ]
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    # A value that is a column of its own, too (the model), is there once.
    shown = [name for name in values if name not in figures]
    writer.writerow(["label", *shown, "status", *figures, "picture", "recipe", "losses", "job", "error_code", "error"])
    for record in records:
        row: list[Any] = [record.label, *(record.values.get(name, "") for name in shown), record.status]
        row += [_cell(record, name) for name in figures]
        files = [folder.picture(record.name), folder.recipe(record.name), folder.losses(record.name)]
        there = record.status == DONE
        row += [path.relative_to(folder.path).as_posix() if there else "" for path in files]
        row += [record.job, record.error.get("code", ""), record.error.get("message", "")]
        writer.writerow(row)
    write_atomically(folder.path / "pictures.csv", table.getvalue())


def _cell(record: Record, name: str) -> Any:
    if record.status != DONE:
        return record.values.get(name, "")
    value = getattr(record.figures, name)
    return "" if value is None else value


def print_table(console: Console, records: Sequence[Record]) -> None:
    """The pictures and their figures."""
    rows = []
    for record in records:
        figures = record.figures
        if record.status != DONE:
            what = f"{record.error.get('code')}: {record.error.get('message')}" if record.error else record.status
            rows.append([record.label, "-", "-", "-", "-", what])
            continue
        rows.append(
            [
                record.label,
                str(figures.steps),
                units.loss(figures.total_loss),
                units.seconds(figures.device_seconds),
                units.size(figures.peak_bytes),
                f"pictures/{record.name}.png",
            ]
        )
    console.table(["PICTURE", "STEPS", "LOSS", "TIME", "MEMORY", "FILE"], rows)


def to_json(folder: RunFolder, records: Sequence[Record]) -> list[dict[str, Any]]:
    """The pictures for --json."""
    entries = []
    for record in records:
        entry: dict[str, Any] = {"label": record.label, "values": record.values, "status": record.status}
        if record.job:
            entry["job"] = record.job
        if record.error:
            entry["error"] = record.error
        if record.status == DONE:
            figures = {name: value for name, value in vars(record.figures).items() if value is not None}
            entry.update(
                figures=figures,
                picture=str(folder.picture(record.name)),
                recipe=str(folder.recipe(record.name)),
                losses=str(folder.losses(record.name)),
            )
        entries.append(entry)
    return entries


def warnings(records: Sequence[Record]) -> list[str]:
    """What users have to know of these pictures: each once, with the pictures that it is about."""
    about: dict[str, list[str]] = {}
    for record in records:
        for warning in record.figures.warnings:
            about.setdefault(warning, []).append(record.label)
    every = sum(record.status == DONE for record in records)
    return [warning if len(labels) == every else f"{'; '.join(labels)}: {warning}" for warning, labels in about.items()]
