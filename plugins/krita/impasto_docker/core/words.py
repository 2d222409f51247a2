"""Errors, times and sizes in the words of somebody who paints: what happened, and what to do."""

from __future__ import annotations

import errno
from pathlib import Path

import impasto
from impasto import Code

from impasto_docker.core.local_server import is_this_machine

_CHOOSE_CERTIFICATE = "Choose the certificate to trust under Access."
# Why there is no connection, by the client's reasons.
_CONNECTIONS = {
    "UNKNOWN_HOST": "No computer of the name in {0} is known. Check the server's address.",
    "NO_GRPC_THERE": "What answers at {0} is another program, not an Impasto server. Check the server's address and "
    "its port.",
    "CLOSED_WITHOUT_TLS": "The server at {0} closed the connection at once: it may want an encrypted one. "
    + _CHOOSE_CERTIFICATE,
    "NO_TLS_THERE": "The server at {0} doesn't offer encrypted connections. Remove the certificate under Access, or "
    "check the address.",
    "CERTIFICATE_NOT_TRUSTED": "The certificate of the server at {0} isn't trusted, or has expired. "
    + _CHOOSE_CERTIFICATE,
    "CERTIFICATE_OF_ANOTHER": "The certificate of the server at {0} is for another name. Use the name that is in the "
    "certificate as the address.",
    "TOKEN_IN_THE_CLEAR": "The access token isn't sent to {0}, because the connection isn't encrypted. "
    + _CHOOSE_CERTIFICATE,
}
# What a field of a request is called in the docker.
_FIELDS = {
    "recipe.max_size": "Size",
    "recipe.iterations": "Iterations",
    "recipe.content_weight": "Content weight",
    "recipe.style_weight": "Style weight",
    "recipe.model": "Model",
    "content": "Your picture",
    "styles": "The style picture",
}
_OLD_OR_NO_SERVER = (
    "What answers at {0} is no Impasto server, or one that is too old for this plug-in. Check the address, or update "
    "the server."
)
_DISK = {
    errno.ENOSPC: "The disk is full: make room on it.",
    errno.EDQUOT: "Your part of the disk is full: make room on it.",
    errno.EROFS: "The disk can't be written to: it is read-only.",
    errno.EACCES: "You may not write there: check the folder's permissions.",
    errno.EPERM: "You may not write there: check the folder's permissions.",
}


def explain(error: BaseException, address: str) -> str:
    """One or two sentences: what happened and, where that is known, what to do.

    Args:
        error: ImpastoError, or OSError: a file that couldn't be read.
        address: of the server.
    """
    if not isinstance(error, impasto.ImpastoError):
        if isinstance(error, OSError) and error.strerror:
            name = f' "{error.filename}"' if error.filename else ""
            return f"The file{name} can't be read: {error.strerror.lower()}. Choose another one."
        return f"Something went wrong in the plug-in. ({type(error).__name__}: {error})"
    explained = _BY_CODE.get(error.code)
    return explained(error, address) if explained else _own(error)


def explain_disk(error: OSError) -> str:
    """Why a file of the plug-in's own can't be written, and what to do about it."""
    where = f"in {Path(error.filename).parent}" if error.filename else "on the disk"
    words = _DISK.get(error.errno or 0, f"{error.strerror or error}.")
    return f"Nothing can be kept {where}. {words}"


def duration_words(seconds: float) -> str:
    """ "12 s", "3 min 20 s", "1 h 5 min"."""
    whole = int(min(max(seconds, 0.0), 3.6e8) + 0.5)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole, "min", "s")
    return _two((whole + 30) // 60, "h", "min")


def byte_words(count: int) -> str:
    """ "610 MB", "1.2 GB"."""
    megabytes = max(count, 0) / 1e6
    if megabytes < 999.5:
        return f"{max(megabytes, 1.0 if count > 0 else 0.0):.0f} MB"
    return f"{megabytes / 1e3:.1f} GB"


def style_words(style: impasto.StyleInfo) -> str:
    """What a library's style is called: its name or, where it has none, its size and when it came."""
    if style.display_name.strip():
        return style.display_name.strip()
    day = f" of {style.create_time:%Y-%m-%d}" if style.create_time else ""
    size = f" ({style.width} x {style.height})" if style.width and style.height else ""
    return f"Painting{day}{size}"


def memory_words(peak: int, budget: int, largest_size: int) -> str:
    """That a picture doesn't fit, and what would. Bytes, and `Settings.size`; 0: none."""
    needs = (
        f"The picture would need {byte_words(peak)} of the server's memory, and there are {byte_words(budget)} for it."
    )
    if largest_size > 0:
        return f"{needs} Choose a size of at most {largest_size}."
    return f"{needs} No size of it would fit: choose another model or a lower quality."


def _two(value: int, large: str, small: str) -> str:
    whole, rest = divmod(value, 60)
    return f"{whole} {large} {rest} {small}" if rest else f"{whole} {large}"


def _own(error: impasto.ImpastoError) -> str:
    return error.message or error.code.name


def _and(error: impasto.ImpastoError, what_to_do: str) -> str:
    return f"{error.message}{'' if error.message.endswith('.') else '.'} {what_to_do}"


def _unreachable(error: impasto.ImpastoError, address: str) -> str:
    if error.reason == "NOBODY_THERE":
        if is_this_machine(address):
            return (
                f"No Impasto server runs on this computer, at {address}. Start it, or choose the address of another "
                "one."
            )
        return f"No Impasto server runs at {address}. Start it there, or choose the address of another one."
    if error.reason in _CONNECTIONS:
        return _CONNECTIONS[error.reason].format(address)
    if error.retry_after is None:
        return (
            f"The server at {address} doesn't answer. Check the address and the network; if both are right, try again "
            "in a moment."
        )
    # It has answered: it loads its models, or stops.
    wait = duration_words(error.retry_after) if error.retry_after >= 1 else "a moment"
    return _and(error, f"Try again in {wait}.")


def _unauthenticated(error: impasto.ImpastoError, address: str) -> str:
    if "doesn't know" in error.message:
        return (
            f"The server at {address} doesn't know your access token. Choose the file with the right one under Access."
        )
    return f"The server at {address} wants an access token. Choose the file with yours under Access."


def _too_slow(error: impasto.ImpastoError, address: str) -> str:
    return (
        f"The server at {address} took too long to answer: it is busy, or the network is slow. Try again in a moment."
    )


def _too_much(error: impasto.ImpastoError, address: str) -> str:
    def number(fact: str) -> int:
        text = error.facts.get(fact, "")
        return int(text) if text.isdecimal() else 0

    if "largest_max_size" not in error.facts:
        return f"The server can't take that now. Try again later, or with smaller pictures. ({_own(error)})"
    return memory_words(number("forecast_bytes"), number("budget_bytes"), number("largest_max_size"))


def _missing(error: impasto.ImpastoError, address: str) -> str:
    words = error.message
    if words.startswith("there is no jobs/"):
        return (
            "The server doesn't know this job any more: it was deleted, or had ended too long ago. Paint the picture "
            "again."
        )
    if "in the library" in words:
        return "The server's library doesn't have this style any more. Choose another one."
    if "loaded" in words:
        return "The server hasn't loaded this model. Choose another one."
    return _and(error, "Choose another model.") if "no model" in words else _own(error)


def _not_possible(error: impasto.ImpastoError, address: str) -> str:
    # The client's words at connecting, which have no reason. They are the only ones that end so.
    if error.message.endswith("update the server"):
        if "is no Impasto server" in error.message:
            return _OLD_OR_NO_SERVER.format(address)
        return f"The server at {address} is too old for this plug-in. Update the server."
    if error.message.endswith("update the client"):
        return f"This plug-in is too old for the server at {address}. Update the plug-in."
    if "impastod weights pull" in error.message or "needs weights that" in error.message:
        return _and(error, "The command `impastod weights pull`, run where the server runs, gets the weights.")
    return _own(error)


def _wrong_field(error: impasto.ImpastoError, address: str) -> str:
    if error.reason in _CONNECTIONS:
        return _CONNECTIONS[error.reason].format(address)
    if error.field == "address":
        return f"\"{address}\" is no server's address. Write the computer's name and a port: localhost:50451"
    if error.field == "tls":
        return f"The certificate can't be used ({error.message}). {_CHOOSE_CERTIFICATE}"
    if error.field == "token" and error.reason == "FILE":
        return f"The access token can't be used ({error.message}). Choose the right file under Access."
    if error.field == "token":
        return "The access token can't be used: its file has something else in it. Choose the right file under Access."
    # "styles[0].encoded" and "content.raw.width" are faults of a picture as a whole.
    whole = error.field.split(".")[0].split("[")[0]
    name = _FIELDS.get(error.field) or _FIELDS.get(whole)
    if name is None:
        return _own(error)
    words = error.message
    return f"{name}: {words[len(error.field) + 2 :] if words.startswith(f'{error.field}: ') else words}"


def _cancelled(error: impasto.ImpastoError, address: str) -> str:
    return "The job was cancelled."


def _unimplemented(error: impasto.ImpastoError, address: str) -> str:
    return _OLD_OR_NO_SERVER.format(address)


def _broken(error: impasto.ImpastoError, address: str) -> str:
    return f"Something went wrong at the server; its log may say more. ({_own(error)})"


_BY_CODE = {
    Code.UNAVAILABLE: _unreachable,
    Code.UNAUTHENTICATED: _unauthenticated,
    Code.DEADLINE_EXCEEDED: _too_slow,
    Code.FAILED_PRECONDITION: _not_possible,
    Code.INVALID_ARGUMENT: _wrong_field,
    Code.NOT_FOUND: _missing,
    Code.RESOURCE_EXHAUSTED: _too_much,
    Code.CANCELLED: _cancelled,
    Code.UNIMPLEMENTED: _unimplemented,
    Code.INTERNAL: _broken,
    Code.UNKNOWN: _broken,
    Code.DATA_LOSS: _broken,
}
