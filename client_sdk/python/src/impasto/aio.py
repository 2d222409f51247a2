"""The same client for asyncio: the methods of ``impasto.Client`` and ``impasto.Job``, to be awaited.

    async with impasto.aio.Client() as client:
        job = await client.start("photo.jpg", "painting.jpg")
        async for event in job:
            print(event)
        (await job.result()).picture.save("painted.png")

What differs is said below; all else is as in ``impasto.Client`` and ``impasto.Job``: arguments, values, errors. A
client belongs to the event loop that it is used in first. Cancelling a task that awaits ``Client.stylize`` or
``Client.start`` cancels the job; one that awaits a Job's method or iterates over a Job leaves the job alone.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    TypeVar,
)

import grpc
import grpc.aio

from . import _operations, _requests, _sources
from ._attachment import Attachment
from ._operations import Effect, Environment, Operation, Operations, Sleep, Upload, full_name, upload_parts
from ._options import Options, make_options
from ._status import from_rpc_error
from ._transport import credentials, stubs
from .errors import FailedPrecondition, ImpastoError, Internal
from .events import Accepted, Event, Preview, Progress, Result

if TYPE_CHECKING:
    from types import TracebackType

    from ._requests import Styles
    from ._sources import PictureSource
    from .enums import Priority
    from .options import OutputOptions, PreviewOptions, Tls
    from .recipe import Recipe
    from .resources import Estimate, JobInfo, ModelInfo, ServerInfo, StyleInfo

__all__ = ["Client", "Job"]

_T = TypeVar("_T")
_Held = tuple[Attachment, AsyncGenerator[Event, None]]


class _Transport:
    """Does what operations ask for, over a gRPC channel of the running loop."""

    def __init__(
        self, options: Options, environment: Environment, sleep: Callable[[float], Any] = asyncio.sleep
    ) -> None:
        self.operations = Operations(options, environment)
        self._options = options
        self._environment = environment
        self._sleep = sleep
        self._stubs: dict[str, Any] = {}
        self._channel: Any = None
        self._lock: asyncio.Lock | None = None
        self._info: ServerInfo | None = None
        self._closed = False

    async def connect(self) -> ServerInfo:
        if self._info is not None and not self._closed:
            return self._info
        # Neither lock nor channel may be made before there is a loop.
        self._lock = self._lock or asyncio.Lock()
        async with self._lock:
            if self._closed:
                raise FailedPrecondition("the client is closed")
            if self._channel is None:
                self._open()
            if self._info is None:
                self._info = await self._run(self.operations.connect())
            return self._info

    def _open(self) -> None:
        options = self._options
        if options.tls is None:
            self._channel = grpc.aio.insecure_channel(options.address, options.channel_arguments)
        else:
            self._channel = grpc.aio.secure_channel(options.address, credentials(options), options.channel_arguments)
        self._stubs = stubs(self._channel)

    async def close(self) -> None:
        self._closed = True
        if self._channel is not None:
            await self._channel.close()

    async def run(self, operation: Operation[_T]) -> _T:
        await self.connect()
        return await self._run(operation)

    async def _run(self, operation: Operation[_T]) -> _T:
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
                answer = await self._perform(effect)
            except grpc.RpcError as failed:
                error = from_rpc_error(failed)

    async def _perform(self, effect: Effect) -> Any:
        if isinstance(effect, Sleep):
            return await self._sleep(effect.seconds)
        metadata = self._options.metadata
        if isinstance(effect, Upload):
            return await self._stub("UploadPicture")(upload_parts(effect.picture), metadata=metadata)
        return await self._stub(effect.method)(
            effect.request, timeout=effect.timeout, metadata=metadata, wait_for_ready=effect.wait_for_ready
        )

    def _stub(self, method: str) -> Any:
        if self._closed:
            raise FailedPrecondition("the client is closed")
        return self._stubs[method]

    def attachment(self, **start: Any) -> Attachment:
        return Attachment(self._options, self._environment, **start)

    async def follow(self, attachment: Attachment) -> AsyncGenerator[Event, None]:
        await self.connect()
        while True:
            method, request = attachment.next_call()
            stream = self._stub(method)(request, metadata=self._options.metadata)
            del request  # it can be 60 MiB
            error: ImpastoError | None = None
            try:
                async for message in stream:
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
            await self._sleep(retry.wait)
        for numbered in attachment.last_events():
            yield attachment.delivered(numbered)
        outcome = attachment.outcome()
        if outcome is not None:
            raise outcome


class Job:
    """``impasto.Job`` for asyncio. Of one event loop; not thread-safe."""

    def __init__(
        self, transport: _Transport, name: str, accepted: Accepted | None = None, held: _Held | None = None
    ) -> None:
        self._transport = transport
        self._name = name
        self._accepted = accepted
        self._held = held
        self._result: Result | None = None
        self._last_event = 0
        self._over = False

    def __repr__(self) -> str:
        return f"<impasto.aio.Job {self._name}>"

    @property
    def name(self) -> str:
        """ "jobs/..."."""
        return self._name

    @property
    def accepted(self) -> Accepted | None:
        """What the server said when it took the job; None: not seen yet."""
        return self._accepted

    @property
    def last_event(self) -> int:
        """The number of the latest event that an iterator gave."""
        return self._last_event

    async def events(self, after: int = 0) -> AsyncIterator[Event]:
        """The job's events: ``async for event in job.events()``."""
        held = self._take() if after == 0 else None
        if held is None:
            attachment = await self._attachment(after)
            events = self._transport.follow(attachment)
        else:
            attachment, events = held
            if self._accepted is not None:
                yield self._accepted
        try:
            async for event in events:
                self._last_event = max(self._last_event, attachment.last_event)
                if isinstance(event, Accepted):
                    self._accepted = event
                elif isinstance(event, Result):
                    self._result = event
                yield event
        finally:
            await events.aclose()
            self._over = attachment.over

    def __aiter__(self) -> AsyncIterator[Event]:
        """The same as ``events()``."""
        return self.events()

    def _take(self) -> _Held | None:
        held, self._held = self._held, None
        return held

    async def _attachment(self, after: int) -> Attachment:
        recipe = None
        if after > 0:
            # The recipe comes with the first event, which this stream won't have.
            recipe = self._accepted.recipe if self._accepted else (await self.info()).original_recipe
        return self._transport.attachment(job=self._name, after=after, recipe=recipe)

    async def result(self) -> Result:
        """Waits for the end. Raises Cancelled, or the job's error."""
        if self._result is None:
            # What an iterator has had already isn't fetched again.
            async for _ in self.events(0 if self._held else self._last_event):
                pass
        if self._result is None:
            async for _ in self.events():
                pass
        if self._result is None:
            raise Internal("the server ended the job without a whole result")
        return self._result

    async def display(self) -> Result:
        """Shows the job in a notebook, in place, and returns its result."""
        from ._notebook import View

        with View(self._name) as view:
            async for event in self.events():
                view.update(event)
        return await self.result()

    async def info(self) -> JobInfo:
        """The job as it is now."""
        return await self._call("GetJob")

    async def update(self, **changes: Any) -> JobInfo:
        """Changes the job between two steps."""
        job, mask = _requests.update(self._name, changes)
        return await self._transport.run(self._transport.operations.update_job(job, mask))

    async def pause(self) -> JobInfo:
        """Sets the job aside after its step until ``resume``."""
        return await self._call("PauseJob")

    async def resume(self) -> JobInfo:
        """Lets a paused job go on."""
        return await self._call("ResumeJob")

    async def cancel(self) -> JobInfo:
        """Stops the job after its step."""
        return await self._call("CancelJob")

    async def detach(self) -> None:
        """Lets the job go on without anybody watching it."""
        with contextlib.suppress(FailedPrecondition):
            await self.update(detached=True)
        held = self._take()
        if held is not None:
            await held[1].aclose()

    async def delete(self) -> None:
        """Forgets a job that has ended, and its result."""
        await self._transport.run(self._transport.operations.delete("DeleteJob", self._name))

    async def _call(self, method: str) -> JobInfo:
        return await self._transport.run(self._transport.operations.job(method, self._name))

    async def _abandon(self) -> None:
        with contextlib.suppress(ImpastoError):
            await self.cancel()


class Client:
    """``impasto.Client`` for asyncio. Of the event loop that it is used in first; not thread-safe."""

    def __init__(
        self,
        address: str | None = None,
        *,
        name: str = "",
        token: str | None = None,
        tls: bool | Tls | None = None,
        connect_timeout: float = 5.0,
        wait_for_server: bool = False,
        timeout: float = 30.0,
        retry_timeout: float = 10.0,
        reattach_timeout: float = 60.0,
        max_inline_picture_bytes: int = 32 << 20,
        max_received_picture_bytes: int = 1 << 30,
    ) -> None:
        """As ``impasto.Client``; sends nothing, and needs no running loop."""
        options = make_options(
            address=address,
            name=name,
            token=token,
            tls=tls,
            connect_timeout=connect_timeout,
            wait_for_server=wait_for_server,
            timeout=timeout,
            retry_timeout=retry_timeout,
            reattach_timeout=reattach_timeout,
            max_inline_picture_bytes=max_inline_picture_bytes,
            max_received_picture_bytes=max_received_picture_bytes,
        )
        self._address = options.address
        self._transport = _Transport(options, Environment())

    def __repr__(self) -> str:
        return f"<impasto.aio.Client {self._address}>"

    async def __aenter__(self) -> Client:
        """Connects."""
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes."""
        await self.close()

    @property
    def address(self) -> str:
        """The server's."""
        return self._address

    async def connect(self) -> ServerInfo:
        """Connects unless it has, and says who answers."""
        return await self._transport.connect()

    async def close(self) -> None:
        """Ends all calls."""
        await self._transport.close()

    @property
    def _operations(self) -> _operations.Operations:
        return self._transport.operations

    async def server_info(self) -> ServerInfo:
        """Asks the server who it is."""
        return await self._transport.run(self._operations.server_info())

    async def stylize(
        self,
        content: PictureSource,
        styles: Styles,
        *,
        recipe: Recipe | None = None,
        preview: PreviewOptions | None = None,
        output: OutputOptions | None = None,
        initial: PictureSource | None = None,
        priority: Priority | str | None = None,
        display_name: str = "",
        request_id: str = "",
        on_event: Callable[[Event], object] | None = None,
        on_progress: Callable[[Progress], object] | None = None,
        on_preview: Callable[[Preview], object] | None = None,
    ) -> Result:
        """Paints a picture. The callbacks are plain functions. Cancelling the task cancels the job."""
        job = await self.start(
            content,
            styles,
            recipe=recipe,
            preview=preview,
            output=output,
            initial=initial,
            priority=priority,
            display_name=display_name,
            request_id=request_id,
        )
        try:
            async for event in job.events():
                if on_event is not None:
                    on_event(event)
                if on_progress is not None and isinstance(event, Progress):
                    on_progress(event)
                if on_preview is not None and isinstance(event, Preview):
                    on_preview(event)
        except BaseException:
            if not job._over:
                await job._abandon()
            raise
        return await job.result()

    async def start(
        self,
        content: PictureSource,
        styles: Styles,
        *,
        recipe: Recipe | None = None,
        preview: PreviewOptions | None = None,
        output: OutputOptions | None = None,
        initial: PictureSource | None = None,
        priority: Priority | str | None = None,
        display_name: str = "",
        request_id: str = "",
        detached: bool = False,
    ) -> Job:
        """Starts a job; returns once it is accepted. Cancelling the task until then cancels the job."""
        # Files are read and pixels copied beside the loop.
        request = await asyncio.to_thread(
            _requests.stylize,
            content,
            styles,
            recipe=recipe,
            preview=preview,
            output=output,
            initial=initial,
            priority=priority,
            display_name=display_name,
            request_id=request_id,
            detached=detached,
        )
        await self._transport.run(self._operations.upload_large_pictures(request))
        request_id = request.request_id
        attachment = self._transport.attachment(stylize=request)
        del request
        events = self._transport.follow(attachment)
        accepted: Accepted | None = None
        try:
            while accepted is None:
                event = await events.__anext__()
                accepted = event if isinstance(event, Accepted) else None
        except BaseException:
            if not attachment.over:
                with contextlib.suppress(ImpastoError):
                    await self._transport.run(self._operations.cancel_request(request_id))
            raise
        if detached:
            await events.aclose()
        return Job(self._transport, accepted.job, accepted, None if detached else (attachment, events))

    def job(self, name: str) -> Job:
        """A handle of a job ("jobs/3f2a..."). Nothing is sent, and nothing to be awaited."""
        return Job(self._transport, full_name("jobs", name))

    async def jobs(self, filter: str = "", order_by: str = "") -> list[JobInfo]:  # noqa: A002  # as the API  # the API's word
        """All jobs that this client may see."""
        return await self._transport.run(self._operations.jobs(filter, order_by))

    async def estimate(
        self,
        content: PictureSource,
        styles: Styles,
        *,
        recipe: Recipe | None = None,
        output: OutputOptions | None = None,
        initial: PictureSource | None = None,
    ) -> Estimate:
        """What a job would take, without starting it."""
        request = await asyncio.to_thread(
            _requests.stylize, content, styles, recipe=recipe, output=output, initial=initial
        )
        return await self._transport.run(self._operations.estimate(request))

    async def upload(self, picture: PictureSource) -> str:
        """Sends a picture once, for use in several jobs."""
        message = await asyncio.to_thread(_sources.to_message, picture, "picture")
        return await self._transport.run(self._operations.upload(message))

    async def models(self) -> list[ModelInfo]:
        """Every network that the server knows, without its layers."""
        return await self._transport.run(self._operations.models())

    async def model(self, name: str) -> ModelInfo:
        """A network with its layers."""
        return await self._transport.run(self._operations.model("GetModel", name))

    async def load_model(self, name: str) -> ModelInfo:
        """Loads a network's weights."""
        return await self._transport.run(self._operations.model("LoadModel", name))

    async def unload_model(self, name: str) -> ModelInfo:
        """Frees a network's memory once its running jobs are done."""
        return await self._transport.run(self._operations.model("UnloadModel", name))

    async def styles(self) -> list[StyleInfo]:
        """The style pictures that the server keeps, the newest first."""
        return await self._transport.run(self._operations.styles())

    async def style(self, name: str) -> StyleInfo:
        """One style."""
        return await self._transport.run(self._operations.style(name))

    async def create_style(self, picture: PictureSource, display_name: str = "") -> StyleInfo:
        """Keeps a style picture."""
        message = await asyncio.to_thread(_sources.to_message, picture, "picture")
        return await self._transport.run(self._operations.create_style(message, display_name))

    async def delete_style(self, name: str) -> None:
        """Forgets a style."""
        await self._transport.run(self._operations.delete("DeleteStyle", full_name("styles", name)))
