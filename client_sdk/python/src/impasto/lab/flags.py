"""Flags that several commands share."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import impasto
from impasto.lab import fields, variants
from impasto.lab.errors import UnreachableError, UsageError
from impasto.lab.files import sha256_of
from impasto.lab.run_folder import is_library_style

if TYPE_CHECKING:
    from collections.abc import Sequence

_MAX_STYLES = 16
_MAX_RECIPE_BYTES = 1 << 20


def add_output_flags(parser: argparse.ArgumentParser) -> None:
    """--json and --quiet."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout, and nothing else there")
    parser.add_argument("-q", "--quiet", action="store_true", help="say nothing but errors")


def add_server_flags(parser: argparse.ArgumentParser) -> None:
    """Where the server is, and how to talk to it."""
    group = parser.add_argument_group("server")
    group.add_argument(
        "--server",
        metavar="H:P",
        help="where impastod listens: HOST:PORT or unix:PATH (default: $IMPASTO_SERVER, else 127.0.0.1:50451)",
    )
    group.add_argument(
        "--wait", type=_seconds, metavar="SECONDS", help="wait so long for a server that isn't there yet (0..86400)"
    )
    group.add_argument("--tls", action="store_true", help="encrypt, and trust the system's roots")
    group.add_argument(
        "--tls-ca", metavar="FILE", help="encrypt, and trust the roots in this PEM file (default: $IMPASTO_TLS_CA)"
    )
    group.add_argument(
        "--token-file", metavar="FILE", help="the access token, in its first line (default: $IMPASTO_TOKEN)"
    )


def connect(args: argparse.Namespace) -> impasto.Client:
    """UnreachableError: nobody there. UsageError: a bad flag or file. Other refusals are ImpastoErrors."""
    tls: bool | impasto.Tls | None = None
    if args.tls_ca:
        tls = impasto.Tls(ca=args.tls_ca)
    elif args.tls:
        tls = True
    token = _read_token(args.token_file) if args.token_file else None
    waiting = {"connect_timeout": args.wait, "wait_for_server": True} if args.wait else {}
    try:
        client = impasto.Client(args.server, name="impasto-lab", token=token, tls=tls, **waiting)
        client.connect()
    except (impasto.Unavailable, impasto.DeadlineExceeded) as error:
        raise UnreachableError(str(error)) from error
    except impasto.InvalidArgument as error:
        raise UsageError(str(error), field=error.field) from error
    except OSError as error:
        raise UsageError(f"{error.filename}: {error.strerror}", field="--tls-ca") from None
    return client


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds <= 86400:
        raise argparse.ArgumentTypeError(f"{text} is outside 0..86400")
    return seconds


def _read_token(path: str) -> str:
    try:
        with Path(path).open(encoding="utf-8") as file:
            token = file.readline(4096).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--token-file {path}: {error}", field="--token-file") from None
    if not token:
        raise UsageError(f"--token-file {path}: no token in its first line", field="--token-file")
    return token


def add_recipe_flags(parser: argparse.ArgumentParser) -> None:
    """--recipe and a flag for each field that has one."""
    group = parser.add_argument_group("recipe", "What all pictures have in common; flags go before --recipe.")
    group.add_argument("--recipe", metavar="FILE", type=Path, help="a file that `impasto --save-recipe` wrote")
    for field in fields.FIELDS.values():
        if not field.flag:
            continue
        text = field.help
        if field.kind in ("int", "float"):
            text += f", {field.range_text}"
        metavar = {"int": "N", "float": "W", "layers": "LAYERS", "shares": "SHARES"}.get(field.kind, "NAME")
        group.add_argument(field.flag, dest=f"recipe_{field.name}", metavar=metavar, help=text)


def recipe(args: argparse.Namespace) -> impasto.Recipe:
    """The recipe of --recipe and the flags. UsageError, naming the flag or the file."""
    base = _read_recipe(args.recipe) if args.recipe else impasto.Recipe()
    values = {}
    for field in fields.FIELDS.values():
        text = getattr(args, f"recipe_{field.name}", None)
        if text is None:
            continue
        try:
            values[field.name] = variants.canonical(field, text)
        except UsageError as error:
            raise UsageError(f"{field.flag}: {error.message}", field=field.name) from None
    return variants.with_values(base, values)


def _read_recipe(path: Path) -> impasto.Recipe:
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_RECIPE_BYTES + 1)
        if len(data) > _MAX_RECIPE_BYTES:
            raise UsageError(f"--recipe {path}: larger than 1 MiB, not a recipe", field="--recipe")
        return impasto.Recipe.from_json(data.decode("utf-8"))
    except OSError as error:
        raise UsageError(f"--recipe {path}: {error.strerror}", field="--recipe") from None
    except (impasto.ImpastoError, ValueError) as error:
        raise UsageError(f"--recipe {path}: not a recipe: {error}", field="--recipe") from None


def picture(path: str, flag: str) -> tuple[str, str]:
    """The path and its file's digest. UsageError, naming what the picture was given as."""
    if flag == "STYLE" and is_library_style(path):
        return path, path  # one of the server's library: its name is made from its contents
    try:
        return path, sha256_of(Path(path))
    except OSError as error:
        raise UsageError(f"{flag} {path}: {error.strerror}", field=flag) from None


def style_pictures(paths: Sequence[str]) -> list[tuple[str, str]]:
    """As ``picture``, for each. UsageError: more than the server takes."""
    if len(paths) > _MAX_STYLES:
        raise UsageError(f"STYLE: {len(paths)} paintings; at most {_MAX_STYLES}", field="STYLE")
    return [picture(path, "STYLE") for path in paths]


def in_flight(text: str) -> int:
    """For argparse: 1..64, the most jobs of one client that a server takes by default."""
    number = int(text)
    if not 1 <= number <= 64:
        raise argparse.ArgumentTypeError(f"{text} is outside 1..64")
    return number
