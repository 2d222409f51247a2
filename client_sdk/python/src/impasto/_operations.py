"""What the clients do, without the doing.

An operation is a generator: it yields effects (a call to make, a time to sleep), is sent what came of them, or has the
ImpastoError thrown into it, and returns its value. The sync and the asyncio client each have one small loop that runs
operations; everything else that they know stands here once.
"""

from __future__ import annotations

import random
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Callable, TypeVar, Union

from . import _convert, _wire
from ._backoff import Backoff
from ._connect_error import explained
from ._options import Options
from .errors import Code, DeadlineExceeded, FailedPrecondition, ImpastoError, Internal, InvalidArgument, Unavailable
from .resources import Estimate, JobInfo, ModelInfo, ServerInfo, StyleInfo

_T = TypeVar("_T")

# Below the server's limit for a request by some room for all that isn't pictures.
_MAX_REQUEST_BYTES = 60 << 20
_UPLOAD_PART_BYTES = 1 << 20
# A server with more pages than that is broken.
_MAX_PAGES = 1000
_JOBS_PAGE = 100


@dataclass(frozen=True)
class Unary:
    """Make a call, and send its answer."""

    method: str
    request: _wire.Message
    timeout: float | None = None
    wait_for_ready: bool = False


@dataclass(frozen=True)
class Upload:
    """Send the picture in parts, and send the answer."""

    picture: _wire.Message


@dataclass(frozen=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


Effect = Union[Unary, Upload, Sleep]
Operation = Generator[Effect, Any, _T]


@dataclass(frozen=True)
class Environment:
    """Time and chance, which tests give."""

    clock: Callable[[], float] = field(default=time.monotonic)
    uniform: Callable[[], float] = field(default=random.random)


def request(method: str, **values: Any) -> _wire.Message:
    """The request of a method, with these fields."""
    return _wire.METHODS[method][1](**values)


def full_name(collection: str, name: str) -> str:
    """ "jobs/3f2a" for "3f2a", too."""
    return name if "/" in name else f"{collection}/{name}"


def upload_parts(picture: _wire.Message) -> Iterator[_wire.Message]:
    """The messages of an upload."""
    part = _wire.METHODS["UploadPicture"][1]
    if picture.HasField("raw"):
        first = part()
        first.raw.CopyFrom(picture.raw)
        first.raw.data = b""
        yield first
    data = inline_data(picture)
    for at in range(0, len(data), _UPLOAD_PART_BYTES):
        yield part(data=data[at : at + _UPLOAD_PART_BYTES])


def inline_data(picture: _wire.Message) -> bytes:
    """The bytes that a picture brings along."""
    data: bytes = picture.raw.data if picture.HasField("raw") else picture.encoded
    return data


class Operations:
    """All of them, for one client. Thread-safe: it keeps nothing but what the server said of itself."""

    def __init__(self, options: Options, environment: Environment) -> None:
        self.options = options
        self.environment = environment
        self.max_request_bytes = _MAX_REQUEST_BYTES

    # Connecting.

    def connect(self) -> Operation[ServerInfo]:
        """Who answers there, once it is known that the two understand each other."""
        options = self.options
        effect = Unary("GetServerInfo", request("GetServerInfo"), options.connect_timeout, options.wait_for_server)
        address = options.address
        try:
            info = _convert.server_info((yield effect))
        except DeadlineExceeded:
            raise Unavailable(f"no answer from {address} within {options.connect_timeout:g} s") from None
        except Unavailable as error:
            raise explained(options, error) from None
        except ImpastoError as error:
            if error.code is not Code.UNIMPLEMENTED:
                raise
            raise FailedPrecondition(
                f"{address} is no Impasto server, or one older than API revision {_wire.API_REVISION}: "
                "update the server"
            ) from None
        server = f"the server at {address} (impastod {info.version})"
        if info.api_revision < _wire.API_REVISION:
            raise FailedPrecondition(
                f"{server} speaks revision {info.api_revision} of the API; this client needs {_wire.API_REVISION}: "
                "update the server"
            )
        if info.min_client_revision > _wire.API_REVISION:
            raise FailedPrecondition(
                f"{server} no longer understands this client (revision {_wire.API_REVISION}): update the client"
            )
        if info.max_request_bytes > 0:
            self.max_request_bytes = min(_MAX_REQUEST_BYTES, info.max_request_bytes)
        return info

    # Calls.

    def _call(self, effect: Effect) -> Operation[Any]:
        """Makes a call again where no server answers."""
        backoff = Backoff(self.options.retry_timeout)
        while True:
            try:
                return (yield effect)
            except Unavailable as error:
                wait = backoff.next(self.environment.clock(), self.environment.uniform(), error.retry_after)
                if wait is None:
                    raise
            yield Sleep(wait)

    def _short(self, method: str, **values: Any) -> Operation[Any]:
        return self._call(Unary(method, request(method, **values), self.options.timeout))

    def _long(self, method: str, **values: Any) -> Operation[Any]:
        """Carries pictures, or loads a model: nobody can say how long that takes."""
        return self._call(Unary(method, request(method, **values)))

    def server_info(self) -> Operation[ServerInfo]:
        """GetServerInfo."""
        return _convert.server_info((yield from self._short("GetServerInfo")))

    def job(self, method: str, name: str) -> Operation[JobInfo]:
        """GetJob, CancelJob, PauseJob or ResumeJob."""
        return _convert.job_info((yield from self._short(method, name=name)))

    def update_job(self, job: _wire.Message, mask: Iterable[str]) -> Operation[JobInfo]:
        """UpdateJob."""
        return _convert.job_info((yield from self._short("UpdateJob", job=job, update_mask={"paths": list(mask)})))

    def delete(self, method: str, name: str) -> Operation[None]:
        """DeleteJob or DeleteStyle."""
        yield from self._short(method, name=name)

    def jobs(self, filter_text: str, order_by: str) -> Operation[list[JobInfo]]:
        """ListJobs, all pages."""
        values = {"filter": filter_text, "order_by": order_by, "page_size": _JOBS_PAGE}
        return (yield from self._all("ListJobs", "jobs", _convert.job_info, values))

    def models(self) -> Operation[list[ModelInfo]]:
        """ListModels, all pages."""
        return (yield from self._all("ListModels", "models", _convert.model_info, {}))

    def styles(self) -> Operation[list[StyleInfo]]:
        """ListStyles, all pages."""
        return (yield from self._all("ListStyles", "styles", _convert.style_info, {}))

    def _all(self, method: str, items: str, convert: Callable[[Any], _T], values: Any) -> Operation[list[_T]]:
        found: list[_T] = []
        token = ""
        for _ in range(_MAX_PAGES):
            page = yield from self._short(method, page_token=token, **values)
            found += [convert(item) for item in getattr(page, items)]
            token = page.next_page_token
            if not token:
                return found
        raise Internal(f"the server's list of {items} has no end: {_MAX_PAGES} pages")

    def model(self, method: str, name: str) -> Operation[ModelInfo]:
        """GetModel, LoadModel or UnloadModel."""
        call = self._short if method == "GetModel" else self._long
        return _convert.model_info((yield from call(method, name=full_name("models", name))))

    def style(self, name: str) -> Operation[StyleInfo]:
        """GetStyle."""
        return _convert.style_info((yield from self._short("GetStyle", name=full_name("styles", name))))

    # Pictures.

    def upload(self, picture: _wire.Message) -> Operation[str]:
        """UploadPicture: the upload's name. One that has a name already keeps it."""
        if not inline_data(picture):
            name: str = picture.upload
            if not name:
                raise InvalidArgument("picture: a style is no picture to upload", field="picture")
            return name
        answer = yield from self._call(Upload(picture))
        if not answer.name:
            raise Internal("the server gave an upload no name")
        return str(answer.name)

    def create_style(self, picture: _wire.Message, display_name: str) -> Operation[StyleInfo]:
        """CreateStyle."""
        yield from self._upload_large([("picture", picture)])
        return _convert.style_info((yield from self._long("CreateStyle", picture=picture, display_name=display_name)))

    def estimate(self, stylize: _wire.Message) -> Operation[Estimate]:
        """EstimateJob."""
        yield from self.upload_large_pictures(stylize)
        return _convert.estimate((yield from self._long("EstimateJob", request=stylize)))

    def upload_large_pictures(self, stylize: _wire.Message) -> Operation[None]:
        """Uploads what is too large to go inline, so that the request has its name instead."""
        pictures = [("content", stylize.content)]
        pictures += [(f"styles[{i}]", style) for i, style in enumerate(stylize.styles)]
        if stylize.HasField("initial"):
            pictures.append(("initial", stylize.initial))
        yield from self._upload_large(pictures)

    def _upload_large(self, pictures: list[tuple[str, _wire.Message]]) -> Operation[None]:
        sizes = {name: len(inline_data(picture)) for name, picture in pictures}
        total = sum(sizes.values())
        # The largest first: the fewest uploads bring the request below its limit.
        for name, picture in sorted(pictures, key=lambda item: -sizes[item[0]]):
            size = sizes[name]
            if size == 0 or (size <= self.options.max_inline_picture_bytes and total <= self.max_request_bytes):
                break
            try:
                uploaded = yield from self.upload(picture)
            except InvalidArgument as error:
                raise _in_field(name, error) from None
            picture.upload = uploaded
            total -= size

    # Cancelling.

    def cancel_request(self, request_id: str) -> Operation[None]:
        """Cancels the job of a request whose answer hasn't come, if there is one."""
        text = f'request_id = "{request_id}"'
        if self.options.name and not self.options.token:
            text += f' AND client = "{self.options.name}"'
        page = yield from self._short("ListJobs", filter=text, page_size=1)
        for job in page.jobs:
            yield from self._short("CancelJob", name=job.name)


def _in_field(name: str, error: InvalidArgument) -> InvalidArgument:
    """A refused upload of a request's picture, told as if the picture had been refused inline."""
    words = error.message
    if error.field and words.startswith(f"{error.field}: "):
        words = words[len(error.field) + 2 :]
    return InvalidArgument(f"{name}: {words}", field=name, reason=error.reason, facts=error.facts)
