"""The client that blocks."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Callable

from . import _operations, _requests, _sources
from ._operations import Environment, full_name
from ._options import make_options
from ._transport import Transport
from .errors import ImpastoError
from .events import Accepted, Event, Preview, Progress, Result
from .job import Job

if TYPE_CHECKING:
    from types import TracebackType

    from ._requests import Styles
    from ._sources import PictureSource
    from .enums import Priority
    from .options import OutputOptions, PreviewOptions, Tls
    from .recipe import Recipe
    from .resources import Estimate, JobInfo, ModelInfo, ServerInfo, StyleInfo


class Client:
    """A client of an Impasto server. Thread-safe; one is enough for a program.

    Nothing is sent before ``connect``, entering a ``with`` block, or the first call. Every call raises ImpastoError,
    with the server's words: Unavailable where no server answers, Unauthenticated where it wants a token,
    FailedPrecondition where server and client are too old for each other. Calls that find no server are made again,
    after waits by chance, each bounded by twice the one before.

    A *picture* is a path, the bytes of a PNG, JPEG, WebP or TIFF file, a PIL.Image, a numpy array (H x W, or x 1, 2, 3
    or 4; uint8, uint16, or floats in 0..1), RawPixels, or the name of a style ("styles/...", for styles alone) or an
    upload ("uploads/..."). PIL images and arrays are sent as raw pixels, an image's upright and with its profile;
    files are sent as they are. Large ones are uploaded by themselves.
    """

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
        """Checks its arguments, and sends nothing.

        Args:
            address: "HOST:PORT", "[IPv6]:PORT" or "unix:PATH". None: the environment's IMPASTO_SERVER, else
                127.0.0.1:50451.
            name: what this client calls itself: the server shares its device fairly between names. Up to 64 of A-Z a-z
                0-9 - _ . @ :. "": the server goes by the address that the call comes from.
            token: the access token that the server wants. None: the environment's IMPASTO_TOKEN. It is never sent
                over a connection that isn't encrypted to anywhere but this machine.
            tls: True: encrypted, trusting the system's certificates; Tls(ca=FILE): those of the file; False: not. None:
                encrypted where the environment's IMPASTO_TLS_CA names a file of trusted certificates.
            connect_timeout: seconds to wait for the server's first answer.
            wait_for_server: wait so long also for a server that isn't there yet.
            timeout: seconds that a short call may take; those that carry pictures or load models take their time.
            retry_timeout: seconds during which a call that finds no server is made again; 0: it isn't.
            reattach_timeout: seconds during which a broken stream is made again; 0: it isn't.
            max_inline_picture_bytes: larger pictures of a request are uploaded first.
            max_received_picture_bytes: larger pictures from the server are refused.

        Raises:
            InvalidArgument: an argument is wrong: ``field`` says which.
            OSError: the certificates can't be read.
        """
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
        self._transport = Transport(options, Environment())

    def __repr__(self) -> str:
        return f"<impasto.Client {self._address}>"

    def __enter__(self) -> Client:
        """Connects."""
        self.connect()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Closes."""
        self.close()

    @property
    def address(self) -> str:
        """The server's."""
        return self._address

    def connect(self) -> ServerInfo:
        """Connects unless it has, checks that server and client understand each other, and says who answers."""
        return self._transport.connect()

    def close(self) -> None:
        """Ends all calls. Jobs that aren't detached are set aside by the server then."""
        self._transport.close()

    @property
    def _operations(self) -> _operations.Operations:
        return self._transport.operations

    def server_info(self) -> ServerInfo:
        """Asks the server who it is."""
        return self._transport.run(self._operations.server_info())

    def stylize(
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
        """Paints a picture: starts a job, waits for its end, and returns its result.

        Ctrl-C, and whatever a callback raises, cancels the job.

        Args:
            content: the photograph: a picture.
            styles: the painting, or a list of 1 to 16.
            recipe: what decides the picture; None: the server's defaults.
            preview: pictures on the way; None: none.
            output: the picture at the end; None: a PNG of the working size.
            initial: the picture to start from, with the recipe's ``initial_picture="supplied"``.
            priority: "interactive", "normal" (unless given) or "batch".
            display_name: for people, up to 200 characters.
            request_id: 1 to 64 of A-Z a-z 0-9 - _: another request with it gets the same job. "": a random one.
            on_event: called with every event, in order, by this thread.
            on_progress: called with every Progress.
            on_preview: called with every Preview.

        Raises:
            InvalidArgument: a picture or a field of the recipe is wrong: ``field`` says which.
            FailedPrecondition: weights are missing.
            NotFound: there is no such model, style or upload.
            ResourceExhausted: too many jobs, or more memory than there is: ``facts`` has the size that would fit.
            Cancelled: somebody cancelled the job.
            OSError: a file can't be read.
        """
        job = self.start(
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
            for event in job.events():
                if on_event is not None:
                    on_event(event)
                if on_progress is not None and isinstance(event, Progress):
                    on_progress(event)
                if on_preview is not None and isinstance(event, Preview):
                    on_preview(event)
        except BaseException:
            if not job._over:
                job._abandon()
            raise
        return job.result()

    def start(
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
        """Starts a job; returns once it is accepted. Arguments and errors as for ``stylize``.

        The handle watches the job. With ``detached`` the job needs nobody to do so, also not this process.
        """
        request = _requests.stylize(
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
        self._transport.run(self._operations.upload_large_pictures(request))
        request_id = request.request_id
        attachment = self._transport.attachment(stylize=request)
        del request
        events = self._transport.follow(attachment)
        try:
            # Before it is accepted nothing can happen but that the connection is lost.
            accepted = next(event for event in events if isinstance(event, Accepted))
        except BaseException:
            if not attachment.over:
                with contextlib.suppress(ImpastoError):
                    self._transport.run(self._operations.cancel_request(request_id))
            raise
        return Job(self._transport, accepted.job, accepted, None if detached else (attachment, events))

    def job(self, name: str) -> Job:
        """A handle of a job ("jobs/3f2a..."). Nothing is sent."""
        return Job(self._transport, full_name("jobs", name))

    def jobs(self, filter: str = "", order_by: str = "") -> list[JobInfo]:  # noqa: A002  # as the API  # the API's word
        """All jobs that this client may see, those that have ended among them, the newest first.

        Args:
            filter: as google.aip.dev/160 has it: 'state = RUNNING AND display_name : "bridge"'.
            order_by: "create_time desc" unless given.
        """
        return self._transport.run(self._operations.jobs(filter, order_by))

    def estimate(
        self,
        content: PictureSource,
        styles: Styles,
        *,
        recipe: Recipe | None = None,
        output: OutputOptions | None = None,
        initial: PictureSource | None = None,
    ) -> Estimate:
        """What a job would take, without starting it. Errors as ``stylize``, but for memory, which the answer tells."""
        request = _requests.stylize(content, styles, recipe=recipe, output=output, initial=initial)
        return self._transport.run(self._operations.estimate(request))

    def upload(self, picture: PictureSource) -> str:
        """Sends a picture once, for use in several jobs: "uploads/...". It is kept for an hour after its last use."""
        return self._transport.run(self._operations.upload(_sources.to_message(picture, "picture")))

    def models(self) -> list[ModelInfo]:
        """Every network that the server knows, without its layers."""
        return self._transport.run(self._operations.models())

    def model(self, name: str) -> ModelInfo:
        """A network with its layers. NotFound: there is none of that name."""
        return self._transport.run(self._operations.model("GetModel", name))

    def load_model(self, name: str) -> ModelInfo:
        """Loads a network's weights; returns once jobs can use it. FailedPrecondition: there are no weights."""
        return self._transport.run(self._operations.model("LoadModel", name))

    def unload_model(self, name: str) -> ModelInfo:
        """Frees a network's memory once its running jobs are done."""
        return self._transport.run(self._operations.model("UnloadModel", name))

    def styles(self) -> list[StyleInfo]:
        """The style pictures that the server keeps, the newest first."""
        return self._transport.run(self._operations.styles())

    def style(self, name: str) -> StyleInfo:
        """One style. NotFound: there is none of that name."""
        return self._transport.run(self._operations.style(name))

    def create_style(self, picture: PictureSource, display_name: str = "") -> StyleInfo:
        """Keeps a style picture; its ``name`` does for the picture from then on. The same picture is kept once."""
        message = _sources.to_message(picture, "picture")
        return self._transport.run(self._operations.create_style(message, display_name))

    def delete_style(self, name: str) -> None:
        """Forgets a style. Jobs that use it go on. NotFound: there is none of that name."""
        self._transport.run(self._operations.delete("DeleteStyle", full_name("styles", name)))
