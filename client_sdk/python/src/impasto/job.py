"""A job on the server."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING, Any

from . import _requests
from .errors import ImpastoError, Internal
from .events import Accepted, Event, Result

if TYPE_CHECKING:
    from ._attachment import Attachment
    from ._transport import Transport
    from .resources import JobInfo

# What a job that was started is read from: its state, and the iterator that fills it.
Held = tuple["Attachment", Generator[Event, None, None]]


class Job:
    """A handle of a job; cheap, and it outlives nothing: the job belongs to the server.

    Thread-safe, but for an iterator, which is one thread's. Every method raises ImpastoError: NotFound where the
    server doesn't know the job (any more), Unavailable where it can't be reached.

    A job that isn't detached is set aside once nobody watches it, and cancelled after the server's ``--orphan-grace``.
    The handle that ``Client.start`` gave watches it as long as it lives, read or not.
    """

    def __init__(
        self, transport: Transport, name: str, accepted: Accepted | None = None, held: Held | None = None
    ) -> None:
        self._transport = transport
        self._name = name
        self._accepted = accepted
        self._held = held
        self._lock = threading.Lock()
        self._result: Result | None = None
        self._last_event = 0
        self._over = False

    def __repr__(self) -> str:
        return f"<impasto.Job {self._name}>"

    @property
    def name(self) -> str:
        """ "jobs/..."."""
        return self._name

    @property
    def accepted(self) -> Accepted | None:
        """What the server said when it took the job: the recipe in full, warnings, memory. None: not seen yet."""
        return self._accepted

    @property
    def last_event(self) -> int:
        """The number of the latest event that an iterator gave: ``events(after=...)`` goes on behind it."""
        return self._last_event

    def events(self, after: int = 0) -> Iterator[Event]:
        """The job's events from the one behind ``after`` on, to its end; those so far come at once.

        None is missed and none comes twice, but previews that a newer one has replaced. Where the connection breaks
        there is a ConnectionLost, and the iterator attaches again by itself, for ``reattach_timeout``. A job that was
        cancelled or failed has its best picture as a Result, and then raises Cancelled or its error. Leaving the loop
        leaves the job alone. OutOfRange: there is no event ``after`` yet.
        """
        held = self._take() if after == 0 else None
        if held is None:
            attachment = self._attachment(after)
            events = self._transport.follow(attachment)
        else:
            attachment, events = held
            if self._accepted is not None:
                yield self._accepted
        try:
            for event in events:
                self._last_event = max(self._last_event, attachment.last_event)
                if isinstance(event, Accepted):
                    self._accepted = event
                elif isinstance(event, Result):
                    self._result = event
                yield event
        finally:
            events.close()
            self._over = attachment.over

    def __iter__(self) -> Iterator[Event]:
        """The same as ``events()``."""
        return self.events()

    def _take(self) -> Held | None:
        with self._lock:
            held, self._held = self._held, None
            return held

    def _attachment(self, after: int) -> Attachment:
        recipe = None
        if after > 0:
            # The recipe comes with the first event, which this stream won't have.
            recipe = self._accepted.recipe if self._accepted else self.info().original_recipe
        return self._transport.attachment(job=self._name, after=after, recipe=recipe)

    def result(self) -> Result:
        """Waits for the end. Raises Cancelled, or the job's error. Ctrl-C ends the waiting; the job goes on."""
        if self._result is None:
            # What an iterator has had already isn't fetched again.
            for _ in self.events(0 if self._held else self._last_event):
                pass
        if self._result is None:
            for _ in self.events():
                pass
        if self._result is None:
            raise Internal("the server ended the job without a whole result")
        return self._result

    def display(self) -> Result:
        """Shows the job in a notebook, in place: the latest preview, losses, the expected end. Returns its result.

        Previews have to be asked for (``preview=impasto.PreviewOptions(interval=1)``). Without IPython a line of text
        now and then is printed. Raises like ``result``.
        """
        from ._notebook import View

        with View(self._name) as view:
            for event in self.events():
                view.update(event)
        return self.result()

    def info(self) -> JobInfo:
        """The job as it is now."""
        return self._call("GetJob")

    def update(self, **changes: Any) -> JobInfo:
        """Changes the job between two steps; returns once that is done.

        Takes ``display_name``, ``priority``, ``detached``, ``preview``, and of the recipe ``content_weight``,
        ``style_weight``, ``tv_weight``, ``learning_rate``, ``iterations``, ``content_layers`` and ``style_layers``
        (weights of layers that it has) and ``style_picture_weights``. InvalidArgument: a value is out of range, and
        nothing was changed; FailedPrecondition: the job has ended; TypeError: no such field.
        """
        job, mask = _requests.update(self._name, changes)
        return self._transport.run(self._transport.operations.update_job(job, mask))

    def pause(self) -> JobInfo:
        """Sets the job aside after its step until ``resume``. FailedPrecondition: it has ended."""
        return self._call("PauseJob")

    def resume(self) -> JobInfo:
        """Lets a paused job go on. FailedPrecondition: it has ended."""
        return self._call("ResumeJob")

    def cancel(self) -> JobInfo:
        """Stops the job after its step, with its best picture so far. Fine where it has ended."""
        return self._call("CancelJob")

    def detach(self) -> None:
        """Lets the job go on without anybody watching it. Fine where it has ended."""
        from .errors import FailedPrecondition

        with contextlib.suppress(FailedPrecondition):
            self.update(detached=True)
        self._take()  # closes the stream that nobody has read

    def delete(self) -> None:
        """Forgets a job that has ended, and its result. FailedPrecondition: it hasn't ended: cancel it first."""
        self._transport.run(self._transport.operations.delete("DeleteJob", self._name))

    def _call(self, method: str) -> JobInfo:
        return self._transport.run(self._transport.operations.job(method, self._name))

    def _abandon(self) -> None:
        """Cancels the job as well as can be, for whoever has an exception to raise already."""
        with contextlib.suppress(ImpastoError):
            self.cancel()
