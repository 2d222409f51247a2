"""One picture being painted, in the background."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import impasto
from impasto import Code, ImpastoError

from impasto_docker.core.paint_state import Hearing, PaintState
from impasto_docker.core.teller import Teller
from impasto_docker.core.threads import start_thread
from impasto_docker.core.words import explain

# The server can't be reached, or doesn't let this user in now: jobs that it has accepted go on all the same.
_PASSING = (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.UNAUTHENTICATED, Code.PERMISSION_DENIED)
# Seconds between attempts to reach the server; the last one again and again.
_WAITS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)


class PaintJob:
    """A job, from before it is sent to its end. Thread-safe; no method waits for the server.

    One thread reads the job's events; another, as long as it is needed, tells the server what the user wants. A server
    that can't be reached is tried again until `close`.
    """

    def __init__(
        self,
        connect: Callable[[], impasto.Client],
        *,
        address: str,
        request_id: str,
        send: Callable[[impasto.Client], impasto.Job] | None = None,
        job: str = "",
        accepted: Callable[[impasto.Job], None],
        finished: Callable[[PaintState], bool],
        changed: Callable[[], None],
    ) -> None:
        """Nothing happens before `start`.

        Args:
            connect: opens a connection, which becomes the job's own. Called again where it is lost.
            address: of the server, for people.
            request_id: of the request; a job that the server has accepted is found by it.
            send: sends the request, detached, with `request_id`. Called again where the server turns out not to have
                had it. None: it was sent before.
            job: its name, where that is known.
            accepted: called on a thread with the job when its name is known first, before anything else; may write to
                disk.
            finished: called on a thread with the last state, before anybody else has it; may write to disk. True: the
                result is kept, and needn't be here.
            changed: called on threads after every change; may only hand over.
        """
        self._connect = connect
        self._address = address
        self._request_id = request_id
        self._told_accepted = accepted
        self._told_finished = finished
        self._changed = changed
        self._teller = Teller(self._call, self._answered)
        self._news = threading.Condition()
        # All that follows is guarded by it.
        self._send = send
        self._sent = send is None
        self._hearing = Hearing(job)
        self._end_state: PaintState | None = None
        self._lost = ""  # why there is no connection; "": there is one, or it is the first
        self._client: impasto.Client | None = None
        self._job: impasto.Job | None = None  # while there is a connection
        self._last_event = 0
        self._connections = 0  # so far
        self._try_now = False
        self._stopping = False
        self._cancelled = False
        self._over = False  # no more events
        self._closed = False

    def start(self) -> None:
        """Begins, on a thread."""
        start_thread("impasto-job", self._read)

    def state(self) -> PaintState:
        """What has been heard up to now."""
        with self._news:
            if self._end_state is not None:
                return self._end_state
            phase = self._phase()
            words = self._lost if phase == "reconnecting" else ""
            return replace(self._hearing.whole(), phase=phase, words=words)

    def phase(self) -> str:
        """That of the state."""
        with self._news:
            return self._phase()

    def change_weights(self, content: float | None, style: float | None) -> None:
        """Other weights for the steps to come; None: as it is. The newest of several wins."""
        with self._news:
            if self._over or self._stopping or self._cancelled:
                return
        self._teller.change_weights(content, style)

    def stop(self) -> None:
        """Ends it after the step that is under way, with the best picture so far; without a step, without one."""
        with self._news:
            if self._over or self._cancelled:
                return
            self._stopping = True
        self._teller.end("stop")
        self._changed()

    def cancel(self) -> None:
        """Ends it without a picture; the server is told, and the job deleted there."""
        with self._news:
            if self._over:
                return
            self._cancelled = True
            self._news.notify_all()
        self._teller.end("cancel")
        self._changed()

    def try_now(self) -> None:
        """Tries to reach the server now, instead of at the next time."""
        with self._news:
            self._try_now = bool(self._lost)
            self._news.notify_all()

    def close(self) -> None:
        """Leaves the job to the server, and ends the threads. Doesn't wait for them."""
        with self._news:
            self._closed = True
            client = self._client
            self._news.notify_all()
        if client is not None:
            client.close()

    def _phase(self) -> str:
        if self._end_state is not None:
            return self._end_state.phase
        if self._cancelled:
            return "cancelled"
        if self._lost:
            return "reconnecting"
        return "stopping" if self._stopping else self._hearing.state.phase

    def _read(self) -> None:
        attempt = 0
        while True:
            heard = self._last_event
            error: Exception | None = None
            try:
                self._follow()
            except Exception as failed:  # also our own faults: nobody else would see them
                error = failed
            if self._closed:
                break
            if error is None or not self._is_passing(error):
                self._end(error)
                break
            self._drop_client()
            # One that lets us connect, and breaks off each time, isn't to be tried without a pause.
            attempt = 0 if self._last_event > heard else attempt + 1
            words = explain(error, self._address)
            if attempt == 0:
                words = f"The connection to the server at {self._address} is lost. It is tried again by itself."
            if not self._wait_to_try(words, attempt):
                break
        self._drop_client()

    def _follow(self) -> None:
        """Reads events until the job has ended, or raises."""
        client = self._connect()
        with self._news:
            self._client = client
            if self._closed:
                return
            name, cancelled, after = self._hearing.state.job, self._cancelled, self._last_event
        if name:
            job = client.job(name)
        else:
            job = self._find(client, cancelled)
            self._told_accepted(job)
        with self._news:
            self._send = None  # it holds the pictures
            self._job = job
            self._connections += 1
            self._lost = ""
            self._hearing.accepted(job.name)
            self._news.notify_all()
        self._changed()
        try:
            self._take_all(job, after)
        except impasto.OutOfRange:
            # The server goes on from before some event that was heard: all of it again.
            self._last_event = 0
            self._take_all(job, 0)

    def _find(self, client: impasto.Client, cancelled: bool) -> impasto.Job:
        """The job of the request, which may have been sent before without an answer."""
        if self._sent:
            found = client.jobs(f'request_id = "{self._request_id}"')
            if found:
                return client.job(found[0].name)
        if self._send is None or cancelled:
            raise impasto.NotFound("The server never had the picture. Paint it again.")
        self._sent = True
        return self._send(client)

    def _take_all(self, job: impasto.Job, after: int) -> None:
        for event in job.events(after):
            with self._news:
                self._last_event = max(self._last_event, job.last_event)
                self._hearing.take(event)
            self._changed()

    def _is_passing(self, error: Exception) -> bool:
        """Whether the job goes on all the same, or may."""
        if not isinstance(error, ImpastoError):
            return False
        with self._news:
            if not self._hearing.state.job:
                return error.code is Code.UNAVAILABLE
            # Whatever is wrong with the way there: the job is there.
            return self._job is None or error.code in _PASSING

    def _wait_to_try(self, words: str, attempt: int) -> bool:
        """False: it is closed."""
        with self._news:
            self._lost = words
            self._try_now = False
        self._changed()
        with self._news:
            self._news.wait_for(lambda: self._closed or self._try_now, _WAITS[min(attempt, len(_WAITS) - 1)])
            return not self._closed

    def _drop_client(self) -> None:
        with self._news:
            client, self._client, self._job = self._client, None, None
        if client is not None:
            client.close()

    def _end(self, error: Exception | None) -> None:
        with self._news:
            self._over = True
            self._send = None
            state = self._hearing.whole()
            job, discard, stopped = self._job, self._cancelled, self._stopping
            self._news.notify_all()
        was_cancelled = isinstance(error, impasto.Cancelled)
        if discard:
            # Whatever came of it meanwhile: the user doesn't want it.
            state = replace(state, phase="cancelled", result=None)
            if job is not None:
                with contextlib.suppress(ImpastoError):
                    job.delete()
        elif state.result is not None and (error is None or (was_cancelled and stopped)):
            state = replace(state, phase="done")
        elif was_cancelled:
            state = replace(state, phase="cancelled")
        else:
            failure = error or impasto.Internal("the server ended the job without a whole result")
            state = replace(state, phase="failed", words=explain(failure, self._address))
        if self._told_finished(state):
            state = replace(state, result=None)
        with self._news:
            self._end_state = state
            self._hearing = Hearing(state.job)  # the other one has the result
        self._changed()

    def _answered(self, error: ImpastoError | None) -> None:
        with self._news:
            self._hearing.refused("" if error is None else explain(error, self._address))
        self._changed()

    def _call(self, call: Callable[[impasto.Job], Any], patience: float | None = None, cancelling: bool = False) -> Any:
        """As teller.Call."""
        deadline = None if patience is None else time.monotonic() + patience
        tried = 0
        while True:
            with self._news:
                while self._job is None or self._connections == tried:
                    left = None if deadline is None else deadline - time.monotonic()
                    if self._closed or self._over or (self._cancelled and not cancelling):
                        raise impasto.FailedPrecondition("it has ended")
                    if left is not None and left <= 0:
                        raise impasto.Unavailable(self._lost)
                    self._news.wait(left)
                job, tried = self._job, self._connections
            try:
                return call(job)
            except (ImpastoError, ValueError) as error:  # gRPC's own: the connection is closed
                with self._news:
                    dropped = self._job is not job
                late = deadline is not None and time.monotonic() >= deadline
                if late or not (dropped or isinstance(error, impasto.Unavailable)):
                    raise
