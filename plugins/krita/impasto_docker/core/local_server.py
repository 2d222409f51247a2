"""A server on this machine, for who has none."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

_PROGRAM = "impastod"
_THIS_MACHINE = re.compile(r"(localhost|127\.\d+\.\d+\.\d+|\[::1\]):\d+|unix:.*")


def find_local_server() -> str:
    """The path of impastod: IMPASTO_IMPASTOD, in the bin of the prefix that Krita is in, or in PATH.

    Raises:
        FileNotFoundError: it isn't there; as text: what to do.
    """
    named = os.environ.get("IMPASTO_IMPASTOD", "")
    for place in (named, str(Path(sys.executable).parent / _PROGRAM)):
        if place and Path(place).is_file() and os.access(place, os.X_OK):
            return place
    found = shutil.which(_PROGRAM)
    if found is None:
        raise FileNotFoundError(
            "The server isn't installed on this computer: there is no program impastod. Install it, or choose the "
            "address of a server that runs elsewhere."
        )
    return found


def is_this_machine(address: str) -> bool:
    """Whether an address is this machine's own, as far as can be told without a name server.

    Only there can a server be started.
    """
    return _THIS_MACHINE.fullmatch(address) is not None


def start_local_server(program: str, address: str, log_file: Path) -> None:
    """Starts `impastod --listen ADDRESS` in a session of its own: it goes on when Krita ends, and so do its jobs.

    Returns at once; whether it answers is for a ServerWatch to see. OSError: it can't be started; as text: why.

    Args:
        program: its path.
        address: as of ServerSettings.full_address.
        log_file: gets what it says, behind what is there.
    """
    try:
        log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        log_file.touch(mode=0o600)
        with log_file.open("ab") as log:
            child = subprocess.Popen(
                [program, "--listen", address],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=_environment(),
                start_new_session=True,
            )
    except OSError as error:
        raise OSError(f"The server can't be started with {program}: {error.strerror or error}") from None
    # So that one that ends at once is no zombie for as long as Krita lives.
    threading.Thread(target=child.wait, name="impasto-server", daemon=True).start()


def _environment() -> dict[str, str]:
    """Ours, but without the libraries that an AppImage of Krita brings along: they aren't the server's."""
    krita = ("LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHOME") if os.environ.get("APPDIR") else ()
    return {name: value for name, value in os.environ.items() if name not in krita}
