"""What a call fails with: one exception class for each kind of status, with all that the server said."""

from __future__ import annotations

import enum
from typing import Mapping  # noqa: UP035  # read at run time on Python 3.9


class Code(enum.IntEnum):
    """gRPC's status codes."""

    OK = 0
    CANCELLED = 1
    UNKNOWN = 2
    INVALID_ARGUMENT = 3
    DEADLINE_EXCEEDED = 4
    NOT_FOUND = 5
    ALREADY_EXISTS = 6
    PERMISSION_DENIED = 7
    RESOURCE_EXHAUSTED = 8
    FAILED_PRECONDITION = 9
    ABORTED = 10
    OUT_OF_RANGE = 11
    UNIMPLEMENTED = 12
    INTERNAL = 13
    UNAVAILABLE = 14
    DATA_LOSS = 15
    UNAUTHENTICATED = 16


class ImpastoError(Exception):
    """A call that failed, or a job.

    ``str(error)`` is the server's words, or this package's where it refused something itself.

    Attributes:
        code: the status code.
        message: the words.
        field: the request field at fault ("recipe.style_layers[2].layer"), or "".
        reason: a word for programs ("UNKNOWN_LAYER"), or "".
        facts: what came with the reason: {"largest_max_size": "900"}, for one.
        retry_after: after how many seconds the server says that it may work; None: it doesn't say.
    """

    default_code = Code.UNKNOWN

    def __init__(
        self,
        message: str = "",
        *,
        code: Code | None = None,
        field: str = "",
        reason: str = "",
        facts: Mapping[str, str] | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.code: Code = self.default_code if code is None else code
        self.message = message
        self.field = field
        self.reason = reason
        self.facts: dict[str, str] = dict(facts or {})
        self.retry_after = retry_after

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.code.name}, {self.message!r})"


class Cancelled(ImpastoError):
    """The job was cancelled, by this client or another."""

    default_code = Code.CANCELLED


class InvalidArgument(ImpastoError, ValueError):
    """A value is wrong: ``field`` says which. A ValueError, too."""

    default_code = Code.INVALID_ARGUMENT


class DeadlineExceeded(ImpastoError):
    """The answer didn't come in time."""

    default_code = Code.DEADLINE_EXCEEDED


class NotFound(ImpastoError, LookupError):
    """There is no such job, model, style or upload (or it is another client's). A LookupError, too."""

    default_code = Code.NOT_FOUND


class PermissionDenied(ImpastoError):
    """The server doesn't let this client do that."""

    default_code = Code.PERMISSION_DENIED


class ResourceExhausted(ImpastoError):
    """Too many jobs, or too large for the memory: ``facts`` has the size that would fit."""

    default_code = Code.RESOURCE_EXHAUSTED


class FailedPrecondition(ImpastoError):
    """Not in this state: weights are missing, the job has ended, the server is too old."""

    default_code = Code.FAILED_PRECONDITION


class OutOfRange(ImpastoError):
    """An event that isn't there yet."""

    default_code = Code.OUT_OF_RANGE


class Internal(ImpastoError):
    """The server has a bug, or doesn't keep to the protocol."""

    default_code = Code.INTERNAL


class Unavailable(ImpastoError):
    """No server answers there, or it is stopping."""

    default_code = Code.UNAVAILABLE


class Unauthenticated(ImpastoError):
    """The server wants an access token, or doesn't know this one."""

    default_code = Code.UNAUTHENTICATED


_CLASSES: dict[Code, type[ImpastoError]] = {
    error_class.default_code: error_class
    for error_class in (
        Cancelled,
        InvalidArgument,
        DeadlineExceeded,
        NotFound,
        PermissionDenied,
        ResourceExhausted,
        FailedPrecondition,
        OutOfRange,
        Internal,
        Unavailable,
        Unauthenticated,
    )
}


def class_for(code: Code) -> type[ImpastoError]:
    """The class that errors of this code have; ImpastoError where the code has none of its own."""
    return _CLASSES.get(code, ImpastoError)
