"""How a client connects to a server: checked once, before anything is sent."""

from __future__ import annotations

import os
import re
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Union

from ._version import __version__
from .errors import InvalidArgument
from .options import Tls

_DEFAULT_ADDRESS = "127.0.0.1:50451"
_NAME = re.compile(r"[A-Za-z0-9._@:-]{1,64}")
_TOKEN = re.compile(r"[!-~]+")
_HOST_AND_PORT = re.compile(r"(\[[^][/]+\]|[^]:/\s[]+):([0-9]{1,5})")
_MAX_CERTIFICATES = 1 << 20
_LOOPBACK = re.compile(r"127\.\d+\.\d+\.\d+:\d+|localhost:\d+|\[::1\]:\d+|unix:.*")

Value = Union[str, int]


@dataclass(frozen=True)
class Options:
    """What both clients are made with."""

    address: str
    name: str
    token: str
    tls: Tls | None
    root_certificates: bytes | None
    connect_timeout: float
    wait_for_server: bool
    timeout: float
    retry_timeout: float
    reattach_timeout: float
    max_inline_picture_bytes: int
    max_received_picture_bytes: int

    @property
    def metadata(self) -> list[tuple[str, str]]:
        """Sent with every call."""
        metadata = []
        if self.name:
            metadata.append(("impasto-client", self.name))
        if self.token:
            metadata.append(("authorization", f"Bearer {self.token}"))
        return metadata

    @property
    def channel_arguments(self) -> list[tuple[str, Value]]:
        """GRPC's."""
        arguments: dict[str, Value] = {
            "grpc.primary_user_agent": f"impasto-python/{__version__}",
            "grpc.max_send_message_length": -1,  # the server has its own limit, and says so
            "grpc.keepalive_time_ms": 30_000,
            "grpc.keepalive_timeout_ms": 20_000,
            # A job that waits for others is silent for long: pings go on all the same.
            "grpc.http2.max_pings_without_data": 0,
            # A server that restarts is tried often: starting takes it seconds, not minutes.
            "grpc.initial_reconnect_backoff_ms": 200,
            "grpc.max_reconnect_backoff_ms": 2_000,
        }
        if is_local(self.address):
            # gRPC honours http_proxy even for this machine, and a proxy can't reach its loopback.
            arguments["grpc.enable_http_proxy"] = 0
        if self.tls is not None and self.tls.server_name:
            arguments["grpc.ssl_target_name_override"] = self.tls.server_name
        return list(arguments.items())


def make_options(
    *,
    address: str | None,
    name: str,
    token: str | None,
    tls: bool | Tls | None,
    connect_timeout: float,
    wait_for_server: bool,
    timeout: float,
    retry_timeout: float,
    reattach_timeout: float,
    max_inline_picture_bytes: int,
    max_received_picture_bytes: int,
) -> Options:
    """Fills in what the environment says. InvalidArgument names the option; OSError: the certificates can't be read."""
    address = address or os.environ.get("IMPASTO_SERVER") or _DEFAULT_ADDRESS
    _check_address(address)
    if name and not _NAME.fullmatch(name):
        raise InvalidArgument(f"name {name!r}: not 1 to 64 of A-Z a-z 0-9 - _ . @ :", field="name")
    token = os.environ.get("IMPASTO_TOKEN", "") if token is None else token
    if token and not _TOKEN.fullmatch(token):
        raise InvalidArgument("token: other characters than printable ASCII without blanks", field="token")
    encryption = _encryption(tls)
    if token and encryption is None and not is_local(address):
        raise InvalidArgument(
            f"token: it would be sent to {address} in the clear: use TLS (tls=True, or tls=impasto.Tls(ca=FILE))",
            field="token",
            reason="TOKEN_IN_THE_CLEAR",
        )
    seconds = {"connect_timeout": connect_timeout, "timeout": timeout}
    for option, value in seconds.items():
        if not value > 0:
            raise InvalidArgument(f"{option}: {value!r}; more than 0 seconds are wanted", field=option)
    for option, value in {"retry_timeout": retry_timeout, "reattach_timeout": reattach_timeout}.items():
        if not value >= 0:
            raise InvalidArgument(f"{option}: {value!r}; 0 seconds or more are wanted", field=option)
    return Options(
        address=address,
        name=name,
        token=token,
        tls=encryption,
        root_certificates=None if encryption is None or encryption.ca is None else _certificates(Path(encryption.ca)),
        connect_timeout=connect_timeout,
        wait_for_server=wait_for_server,
        timeout=timeout,
        retry_timeout=retry_timeout,
        reattach_timeout=reattach_timeout,
        max_inline_picture_bytes=max_inline_picture_bytes,
        max_received_picture_bytes=max_received_picture_bytes,
    )


def is_local(address: str) -> bool:
    """On this machine, where nobody listens on the way."""
    return _LOOPBACK.fullmatch(address) is not None


def _check_address(address: str) -> None:
    if address.startswith("unix:") and len(address) > len("unix:"):
        return
    match = _HOST_AND_PORT.fullmatch(address)
    if match is None or not 1 <= int(match[2]) <= 65535:
        raise InvalidArgument(
            f'server address "{address}": not of the form HOST:PORT, [IPv6]:PORT or unix:PATH', field="address"
        )


def _encryption(tls: bool | Tls | None) -> Tls | None:
    from_environment = os.environ.get("IMPASTO_TLS_CA")
    if tls is None:
        return Tls(ca=from_environment) if from_environment else None
    if isinstance(tls, Tls):
        return tls
    return Tls(ca=from_environment or None) if tls else None


def _certificates(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_MAX_CERTIFICATES + 1)
    try:
        if len(data) > _MAX_CERTIFICATES:
            raise ValueError("too large")
        # gRPC takes anything, and says nothing of it until a connection fails.
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=data.decode("ascii"))
    except (ValueError, ssl.SSLError):
        raise InvalidArgument(f"tls: {path}: no certificates in PEM, or broken ones", field="tls") from None
    return data
