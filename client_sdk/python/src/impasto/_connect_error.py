"""Why a connection can't be made, in words that help. The reasons are those of the C++ SDK."""

from __future__ import annotations

from ._options import Options
from .errors import Unavailable

# gRPC has no codes for these: its words are all that there is, those of 1.51 and of newer ones.
_NOT_TRUSTED = ("certificate verify failed", "CERTIFICATE_VERIFY_FAILED")
_OF_ANOTHER = ("is not in peer certificate", "Hostname Verification Check failed")
_NO_HTTP2 = ("Failed parsing HTTP/2", "http1.x server")
_CLOSED = ("Socket closed", "Connection reset")
_NOBODY = ("Connection refused", "No such file")


def explained(options: Options, error: Unavailable) -> Unavailable:
    """The error of connecting, from gRPC's or the server's own."""
    address, words, tls = options.address, error.message, options.tls is not None

    def says(*parts: str) -> bool:
        return any(part in words for part in parts)

    if says("DNS resolution failed"):
        return Unavailable(f"can't reach {address}: no host of that name is known", reason="UNKNOWN_HOST")
    if says(*_NOT_TRUSTED):
        return Unavailable(
            f"can't trust {address}: its certificate has expired, or comes from none of the authorities that are "
            "trusted",
            reason="CERTIFICATE_NOT_TRUSTED",
        )
    if says(*_OF_ANOTHER):
        return Unavailable(
            f"can't trust {address}: its certificate is for other names. Use one of those as the address",
            reason="CERTIFICATE_OF_ANOTHER",
        )
    if tls and says("andshake failed"):
        return Unavailable(
            f"can't reach {address} with TLS: what listens there doesn't speak it", reason="NO_TLS_THERE"
        )
    if says(*_NO_HTTP2):
        return Unavailable(f"can't reach {address}: what listens there doesn't speak gRPC", reason="NO_GRPC_THERE")
    if not tls and says(*_CLOSED):
        return Unavailable(
            f"can't reach {address} without TLS: the connection was closed at once. The server may want TLS",
            reason="CLOSED_WITHOUT_TLS",
        )
    if says(*_NOBODY):
        return Unavailable(f"can't reach {address}: nobody listens there", reason="NOBODY_THERE")
    return Unavailable(f"can't reach {address}: {words}", retry_after=error.retry_after)
