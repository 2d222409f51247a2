"""Does what operations ask for, over a gRPC channel."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator
from typing import Any, Callable, TypeVar

import grpc

from . import _wire
from ._attachment import Attachment
from ._operations import Effect, Environment, Operation, Operations, Sleep, Upload, upload_parts
from ._options import Options
from ._status import from_rpc_error
from .errors import FailedPrecondition, ImpastoError
from .events import Event
from .resources import ServerInfo

_T = TypeVar("_T")
_STREAMS = ("Stylize", "WatchJob")


def credentials(options: Options) -> Any:
    """gRPC's, of an encrypted connection."""
    return grpc.ssl_channel_credentials(options.root_certificates)


def stubs(channel: Any) -> dict[str, Any]:
    """A callable for each method. Without generated code: it would be tied to one version of grpcio."""
    made = {}
    for name, (path, request, answer) in _wire.METHODS.items():
        kind = channel.unary_unary
        if name in _STREAMS:
            kind = channel.unary_stream
        elif name == "UploadPicture":
            kind = channel.stream_unary
        made[name] = kind(path, request_serializer=request.SerializeToString, response_deserializer=answer.FromString)
    return made


class Transport:
    """One connection, made when it is needed first. Thread-safe."""

    def __init__(self, options: Options, environment: Environment, sleep: Callable[[float], None] = time.sleep) -> None:
        self.operations = Operations(options, environment)
        self._options = options
        self._environment = environment
        self._sleep = sleep
        self._lock = threading.Lock()
        self._stubs: dict[str, Any] = {}
        self._channel: Any = None
        self._info: ServerInfo | None = None
        self._closed = False

    def connect(self) -> ServerInfo:
        """Makes the connection unless there is one. Of several threads one makes it."""
        with self._lock:
            if self._closed:
                raise FailedPrecondition("the client is closed")
            if self._info is None:
                if self._channel is None:
                    self._open()
                self._info = self._run(self.operations.connect())
            return self._info

    def _open(self) -> None:
        options = self._options
        if options.tls is None:
            self._channel = grpc.insecure_channel(options.address, options.channel_arguments)
        else:
            self._channel = grpc.secure_channel(options.address, credentials(options), options.channel_arguments)
        self._stubs = stubs(self._channel)

    def close(self) -> None:
        """Ends all calls. Fine where it is closed."""
        with self._lock:
            self._closed = True
            if self._channel is not None:
                self._channel.close()

    def run(self, operation: Operation[_T]) -> _T:
        """An operation's value. Raises ImpastoError."""
        self.connect()
        return self._run(operation)

    def _run(self, operation: Operation[_T]) -> _T:
        answer: Any = None
        error: ImpastoError | None = None
        while True:
            try:
                effect = operation.send(answer) if error is None else operation.throw(error)
            except StopIteration as stop:
                value: _T = stop.value
                return value
            answer, error = None, None
            try:
                answer = self._perform(effect)
            except grpc.RpcError as failed:
                error = from_rpc_error(failed)

    def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Sleep):
            return self._wait(effect.seconds)
        metadata = self._options.metadata
        if isinstance(effect, Upload):
            return self._stub("UploadPicture")(upload_parts(effect.picture), metadata=metadata)
        return self._stub(effect.method)(
            effect.request, timeout=effect.timeout, metadata=metadata, wait_for_ready=effect.wait_for_ready
        )

    def _wait(self, seconds: float) -> None:
        """Sleeps, and lets gRPC go on connecting meanwhile: it does so only while somebody waits for the channel."""

        def ignore(state: Any) -> None:
            pass

        self._channel.subscribe(ignore, try_to_connect=True)
        try:
            self._sleep(seconds)
        finally:
            self._channel.unsubscribe(ignore)

    def _stub(self, method: str) -> Any:
        if self._closed:
            raise FailedPrecondition("the client is closed")
        return self._stubs[method]

    def attachment(self, **start: Any) -> Attachment:
        """The state for following a job."""
        return Attachment(self._options, self._environment, **start)

    def follow(self, attachment: Attachment) -> Generator[Event, None, None]:
        """A job's events, over as many streams as it takes. Raises how the job ended, where that isn't well."""
        self.connect()
        while True:
            method, request = attachment.next_call()
            stream = self._stub(method)(request, metadata=self._options.metadata)
            del request  # it can be 60 MiB
            error: ImpastoError | None = None
            try:
                for message in stream:
                    for numbered in attachment.add(message):
                        yield attachment.delivered(numbered)
            except grpc.RpcError as failed:
                error = from_rpc_error(failed)
            finally:
                stream.cancel()
            retry = attachment.stream_ended(error)
            if retry is None:
                break
            if retry.lost is not None:
                yield retry.lost
            self._wait(retry.wait)
        for numbered in attachment.last_events():
            yield attachment.delivered(numbered)
        outcome = attachment.outcome()
        if outcome is not None:
            raise outcome
