"""From gRPC's errors, and the google.rpc.Status in a job, to this package's exceptions."""

from __future__ import annotations

from typing import Any

from . import _wire
from .errors import Code, ImpastoError, class_for

# A server has no reason to send more.
_MAX_DETAILS = 16
_DETAILS_KEY = "grpc-status-details-bin"

_Status = _wire.message("google.rpc.Status")
_DETAILS = {
    f"type.googleapis.com/{name}": _wire.message(name)
    for name in ("google.rpc.ErrorInfo", "google.rpc.BadRequest", "google.rpc.RetryInfo")
}


def from_status(status: _wire.Message) -> ImpastoError:
    """The exception for a google.rpc.Status that isn't OK."""
    facts: dict[str, Any] = {}
    for packed in status.details[:_MAX_DETAILS]:
        detail_class = _DETAILS.get(packed.type_url)
        if detail_class is None:
            continue
        try:
            detail = detail_class.FromString(packed.value)
        except Exception:  # each runtime has its own class; details only add to the words
            continue
        name = packed.type_url.rpartition(".")[2]
        if name == "ErrorInfo":
            facts.update(reason=detail.reason, facts=dict(detail.metadata))
        elif name == "BadRequest" and detail.field_violations:
            facts["field"] = detail.field_violations[0].field
        elif name == "RetryInfo":
            facts["retry_after"] = max(0.0, detail.retry_delay.seconds + detail.retry_delay.nanos / 1e9)
    try:
        code = Code(status.code)
        message = status.message
    except ValueError:
        code, message = Code.UNKNOWN, f"{status.message} (status code {status.code})"
    return class_for(code)(message, code=code, **facts)


def from_rpc_error(error: Any) -> ImpastoError:
    """The exception for a grpc.RpcError, of a call of either kind."""
    status = _Status()
    for key, value in error.trailing_metadata() or ():
        if key == _DETAILS_KEY:
            try:
                status = _Status.FromString(value)
            except Exception:  # as above
                status = _Status()
    # The call's own code and words rule; the details only add to them.
    status.code = error.code().value[0]
    status.message = error.details() or ""
    return from_status(status)
