"""The program ``impasto-lab``."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

import impasto
from impasto.lab import exit_codes
from impasto.lab.console import Console
from impasto.lab.errors import LabError, UsageError
from impasto.lab.painting import Terminated

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPILOG = """\
exit status: 0 fine; 1 some picture failed; 2 wrong usage, a bad recipe or input: nothing was started; 3 no server,
or it went away; 130 interrupted (Ctrl-C; 143: SIGTERM). After 3, 130 and 143 the same command goes on."""


class _Parser(argparse.ArgumentParser):
    """Raises, so that --json has its object for wrong usage, too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} ({self.prog} --help)")


def make_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    # Here, so that a package that lacks them can be answered with words.
    try:
        from impasto.lab import batch, compare, plot, sweep
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{error.name} is missing: install the Python package with its extra `lab`, or {error.name} itself"
        ) from error

    parser = _Parser(
        prog="impasto-lab",
        description="Compare models, sweep recipes, plot losses and paint folders with an Impasto server.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"impasto-lab {impasto.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for command in (compare, sweep, plot, batch):
        command.add_parser(commands)
    for sub in set(commands.choices.values()):
        sub.epilog = _EPILOG
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command line; the exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    as_json = "--json" in words
    console = Console(shlex.join(["impasto-lab", *words]), as_json=as_json, quiet=False)
    signal.signal(signal.SIGTERM, _on_sigterm)
    try:
        args = make_parser().parse_args(words)
        console = Console(console.command, as_json=as_json, quiet=args.quiet)
        code: int = args.run(args, console)
        return code
    except LabError as error:
        return _fail(console, error.exit_code, error.message, field=error.field)
    except impasto.ImpastoError as error:
        unreachable = isinstance(error, impasto.Unavailable)
        code = exit_codes.UNREACHABLE if unreachable else exit_codes.FAILED
        return _fail(console, code, str(error), field=error.field, code=error.code.name)
    except OSError as error:
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        return _fail(console, exit_codes.FAILED, text)
    except KeyboardInterrupt:
        return _fail(console, exit_codes.INTERRUPTED, "interrupted")
    except Terminated:
        return _fail(console, exit_codes.TERMINATED, "terminated")


def _fail(console: Console, exit_code: int, message: str, *, field: str = "", code: str = "") -> int:
    console.error(f"impasto-lab: {message}")
    if console.as_json:
        error: dict[str, Any] = {"message": message, "field": field}
        if code:
            error["code"] = code
        console.result({"exit_code": exit_code, "error": error})
    return exit_code


def _on_sigterm(signum: int, frame: object) -> NoReturn:
    raise Terminated
