"""Opens connections to a server, as the settings say."""

from __future__ import annotations

import getpass
import re
from collections.abc import Callable
from pathlib import Path

import impasto

from impasto_docker.core.settings import ServerSettings

Connect = Callable[[ServerSettings], impasto.Client]

_MAX_TOKEN_BYTES = 4096


def connect(server: ServerSettings) -> impasto.Client:
    """A client that is connected. Blocks for up to 5 s. ImpastoError: it can't be; the words of files are in it, too.

    Every caller has its own, and closes it.
    """
    client = impasto.Client(
        server.full_address(),
        name=client_name(),
        token=_token(server.token_file) if server.token_file else None,
        tls=_tls(server.tls_ca) if server.tls_ca else None,
        connect_timeout=5,
        # Who looks at a light, or waits for a slider to act, is told soon; a watch asks again anyway.
        timeout=10,
        retry_timeout=3,
        # PaintJob does that itself, so that it can be told meanwhile what the user wants.
        reattach_timeout=0,
    )
    try:
        client.connect()
    except BaseException:
        client.close()
        raise
    return client


def client_name() -> str:
    """What the server knows this user's Krita by: jobs are found again by it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # no name in the system
        user = ""
    return ("krita-" + re.sub(r"[^A-Za-z0-9_.-]", "", user))[:64]


def _token(path: str) -> str:
    try:
        with Path(path).open("rb") as file:
            return file.read(_MAX_TOKEN_BYTES).decode("ascii").strip()
    except OSError as error:
        raise impasto.InvalidArgument(f"{path}: {error.strerror}", field="token", reason="FILE") from None
    except UnicodeDecodeError:
        raise impasto.InvalidArgument(f"{path}: no token", field="token") from None


def _tls(path: str) -> impasto.Tls:
    try:
        with Path(path).open("rb"):
            return impasto.Tls(ca=path)
    except OSError as error:
        raise impasto.InvalidArgument(f"{path}: {error.strerror}", field="tls") from None
