"""One picture being painted, in the background."""

from __future__ import annotations

import contextlib
import functools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import impasto
from impasto import Code, ImpastoError, JobState

from impasto_docker.core.words import explain

ENDED = ("done", "cancelled", "failed")
PREVIEW_SIZE = 512

# The server can't be reached, or doesn't let this user in now: jobs that it has accepted go on all the same.
_PASSING = (Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.UNAUTHENTICATED, Code.PERMISSION_DENIED)
# Seconds between attempts to reach the server; the last one again and again.
_WAITS = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
# For how long what a user wants is told again where the server is lost meanwhile, seconds.
_PATIENCE = 60.0
# A fast server makes some steps while it is told to stop; more than that, and it is cancelled instead.
_MOST_MARGIN = 1024
_WAITING = (JobState.PREPARING, JobState.WAITING, JobState.PAUSED, JobState.ORPHANED)


@dataclass(frozen=True)
class PaintState:
    """What has been heard of a job up to now.

    Attributes:
        phase: "sending": pictures are on their way to the server; "waiting": accepted, but others are painted first, or
            it is being prepared; "painting": losses come; "reconnecting": the server can't be reached, and the job goes
            on there, or will: `words` say more; "stopping": the best picture so far is on its way; "done", "cancelled",
            "failed": nothing more comes, and `words` say why it failed.
        job: "jobs/..."; "": not accepted yet.
        jobs_ahead: that are painted first.
        warnings: of the server, for people.
        iteration: steps made.
        iterations: steps in all, as far as is known.
        total_loss: of the latest picture.
        content_loss: its share.
        style_loss: its share.
        total_losses: one for each step so far, for a curve.
        remaining: seconds until the end; None: not known.
        preview: the newest: raw, RGB8, at most PREVIEW_SIZE on the long side; None: there is none yet.
        preview_number: rises with every preview.
        result: raw pixels, once it has ended, where they couldn't be written to disk.
        recipe: with every field given, the changes on the way among them; None: not accepted yet.
        words: for people: what is wrong, and what to do.
        change_refused: for people: why the last change of weights wasn't taken; "": it was.
    """

    phase: str = "sending"
    job: str = ""
    jobs_ahead: int = 0
    warnings: tuple[str, ...] = ()
    iteration: int = 0
    iterations: int = 0
    total_loss: float = 0.0
    content_loss: float = 0.0
    style_loss: float = 0.0
    total_losses: tuple[float, ...] = field(default=(), repr=False)
    remaining: float | None = None
    preview: impasto.Picture | None = None
    preview_number: int = 0
    result: impasto.Picture | None = None
    recipe: impasto.Recipe | None = None
    words: str = ""
    change_refused: str = ""

    @property
    def ended(self) -> bool:
        """Nothing more comes."""
        return self.phase in ENDED


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
        """Starts at once. The callbacks are called on threads; after `close` only those that are under way still are.

        Args:
            connect: opens a connection, which becomes the job's own. Called again where it is lost.
            address: of the server, for people.
            request_id: of the request; a job that the server has accepted is found by it.
            send: sends the request, detached, with `request_id`. Called again where the connection was lost. None: it
                was sent before.
            job: its name, where that is known.
            accepted: called with the job when its name is known first, before anything else; may write to disk.
            finished: called with the last state, before anybody else has it; may write to disk. True: the result is
                kept, and needn't be here.
            changed: called after every change; may only hand over.
        """
        self._connect = connect
        self._address = address
        self._request_id = request_id
        self._send = send
        self._sent = send is None
        self._told_accepted = accepted
        self._told_finished = finished
        self._changed = changed
        self._news = threading.Condition()
        # All that follows is guarded by it.
        self._state = PaintState(phase="waiting" if job else "sending", job=job)
        self._losses: list[float] = []
        self._heard = self._state.phase  # before what the user wants is taken into account
        self._lost = ""  # why there is no connection; "": there is one, or it is the first
        self._client: impasto.Client | None = None
        self._job: impasto.Job | None = None  # while there is a connection
        self._last_event = 0
        self._connections = 0  # so far
        self._closed = False
        self._try_now = False
        self._over = False  # no more events
        self._weights: tuple[float | None, float | None] | None = None  # to be told
        self._stopping = False
        self._stop_told = False
        self._cancelled = False
        self._cancel_told = False
        self._telling = False
        threading.Thread(target=self._read, name="impasto-job", daemon=True).start()

    def state(self) -> PaintState:
        """What has been heard up to now."""
        with self._news:
            return replace(self._state, total_losses=tuple(self._losses))

    @property
    def phase(self) -> str:
        """Of the state, without the rest."""
        with self._news:
            return self._state.phase

    def change_weights(self, content: float | None, style: float | None) -> None:
        """Other weights for the steps to come; None: as it is. The newest of several wins."""
        with self._news:
            if not self._over and not self._stopping and not self._cancelled:
                self._weights = (content, style)
                self._tell()

    def stop(self) -> None:
        """Ends it after the step that is under way, with the best picture so far. Without a step: cancels it."""
        with self._news:
            if self._over:
                return
            self._stopping = True
            if self._state.iteration == 0:
                self._cancelled = True
            self._set_phase()
            self._tell()
        self._changed()

    def cancel(self) -> None:
        """Ends it without a picture; the server is told, and the job deleted there."""
        with self._news:
            if self._over:
                return
            self._cancelled = True
            self._set_phase()
            self._tell()
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

    # The reader's.

    def _read(self) -> None:
        attempt = 0
        while True:
            connections = self._connections
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
            attempt = 0 if self._connections > connections else attempt + 1
            self._drop_client()
            if not self._wait_to_try(explain(error, self._address), attempt):
                break
        self._drop_client()

    def _follow(self) -> None:
        """Reads events until the job has ended, or raises."""
        client = self._connect()
        with self._news:
            self._client = client
            if self._closed:
                return
            name, cancelled, after = self._state.job, self._cancelled, self._last_event
        if name:
            job = client.job(name)
        else:
            job = self._find(client, cancelled)
            self._send = None  # it holds the pictures
            self._told_accepted(job)
        with self._news:
            self._job = job
            self._connections += 1
            self._lost = ""
            self._heard = "waiting" if self._heard == "sending" else self._heard
            self._state = replace(self._state, job=job.name)
            self._set_phase()
            self._news.notify_all()
        self._changed()
        try:
            self._take_all(job, after)
        except impasto.OutOfRange:
            # The server goes on from before some event that was heard: all of it again.
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
                self._take(event)
                self._set_phase()
                self._news.notify_all()
            self._changed()

    def _take(self, event: impasto.Event) -> None:
        changes: dict[str, Any] = {}
        if isinstance(event, impasto.Accepted):  # the first, and so of a job that is read from its start again
            self._losses.clear()
            changes = {"jobs_ahead": event.jobs_ahead, "warnings": event.warnings, "recipe": event.recipe}
            changes["iterations"] = event.recipe.iterations or 0
        elif isinstance(event, impasto.Progress):
            self._heard = "painting"
            self._losses.append(event.total_loss)
            changes = {
                "jobs_ahead": 0,
                # The last losses are those of the picture after the last step.
                "iteration": min(event.iteration, event.iterations),
                "iterations": event.iterations,
                "total_loss": event.total_loss,
                "content_loss": event.content_loss,
                "style_loss": event.style_loss,
                "remaining": event.remaining,
            }
        elif isinstance(event, impasto.Preview):
            changes = {"preview": event.picture, "preview_number": self._state.preview_number + 1}
        elif isinstance(event, impasto.Result):
            changes = {"result": event.picture, "recipe": event.recipe}
        elif isinstance(event, impasto.StateChanged):
            if event.state in _WAITING:
                self._heard = "waiting"
            elif event.state is JobState.RUNNING:
                self._heard = "painting"
        self._state = replace(self._state, **changes)

    def _set_phase(self) -> None:
        phase = self._heard
        if self._cancelled:
            phase = "cancelled"
        elif self._lost:
            phase = "reconnecting"
        elif self._stopping:
            phase = "stopping"
        self._state = replace(self._state, phase=phase, words=self._lost if phase == "reconnecting" else "")

    def _is_passing(self, error: Exception) -> bool:
        """Whether the job goes on all the same, or may."""
        if not isinstance(error, ImpastoError):
            return False
        with self._news:
            if not self._state.job:
                return error.code is Code.UNAVAILABLE
            # Whatever is wrong with the way there: the job is there.
            return self._job is None or error.code in _PASSING

    def _wait_to_try(self, words: str, attempt: int) -> bool:
        """False: it is closed."""
        with self._news:
            self._lost = words
            self._try_now = False
            self._set_phase()
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
            state = replace(self._state, total_losses=tuple(self._losses))
            job, discard = self._job, self._cancelled
            self._news.notify_all()
        was_cancelled = isinstance(error, impasto.Cancelled)
        if discard:
            # Whatever came of it meanwhile: the user doesn't want it.
            state = replace(state, phase="cancelled", words="", result=None)
            if job is not None:
                with contextlib.suppress(ImpastoError):
                    job.delete()
        elif state.result is not None and (error is None or (was_cancelled and self._stopping)):
            state = replace(state, phase="done", words="")
        elif was_cancelled:
            state = replace(state, phase="cancelled", words="")
        else:
            failure = error or impasto.Internal("the server ended the job without a whole result")
            state = replace(state, phase="failed", words=explain(failure, self._address))
        if self._told_finished(state):
            state = replace(state, result=None)
        with self._news:
            self._state = replace(state, total_losses=())
        self._changed()

    # The teller's.

    def _tell(self) -> None:
        if not self._telling:
            self._telling = True
            threading.Thread(target=self._tell_all, name="impasto-tell", daemon=True).start()
        self._news.notify_all()

    def _tell_all(self) -> None:
        while True:
            with self._news:
                cancel = self._cancelled and not self._cancel_told
                stop = self._stopping and not self._stop_told and not cancel
                weights = None if cancel or stop else self._weights
                if self._closed or self._over or not (cancel or stop or weights):
                    self._telling = False
                    return
                self._cancel_told = self._cancel_told or cancel
                self._stop_told = self._stop_told or stop
                if weights:
                    self._weights = None
            if cancel:
                with contextlib.suppress(ImpastoError):  # it has ended, or is gone
                    self._call(impasto.Job.cancel, patience=None)
            elif stop:
                self._tell_stop()
            elif weights:
                self._tell_weights(*weights)

    def _tell_weights(self, content: float | None, style: float | None) -> None:
        values = {"content_weight": content, "style_weight": style}
        changes: dict[str, Any] = {name: value for name, value in values.items() if value is not None}
        refused = ""
        try:
            self._call(functools.partial(impasto.Job.update, **changes))
        except ImpastoError as error:
            refused = explain(error, self._address)
        with self._news:
            self._state = replace(self._state, change_refused=refused)
        self._changed()

    def _tell_stop(self) -> None:
        # The job is told to end with the next step, so that it succeeds with its best picture. A cancelled one would do
        # the same, but could not be told from one that somebody has thrown away.
        margin = 1
        while margin <= _MOST_MARGIN:
            state = self.state()
            iterations = state.iteration + margin
            if iterations >= state.iterations:
                return  # that many it makes anyway
            try:
                info = self._call(functools.partial(impasto.Job.update, iterations=iterations))
                if info.state is JobState.PAUSED:
                    self._call(impasto.Job.resume)
                return
            except impasto.InvalidArgument:
                margin *= 2  # it has made more steps by now
            except (impasto.FailedPrecondition, impasto.NotFound):
                return  # it has ended; the reader hears how
            except ImpastoError:
                break
        # The best picture so far comes before its stream ends.
        with contextlib.suppress(ImpastoError):
            self._call(impasto.Job.cancel)

    def _call(self, call: Callable[[impasto.Job], Any], patience: float | None = _PATIENCE) -> Any:
        """Calls the server, again where the connection is lost meanwhile.

        `patience`: for so many seconds, and until the user cancels; None: as long as it takes.
        """
        deadline = None if patience is None else time.monotonic() + patience
        tried = 0
        while True:
            with self._news:
                while not (self._job is not None and self._connections > tried):
                    left = None if deadline is None else deadline - time.monotonic()
                    if self._closed or self._over or (patience is not None and self._cancelled):
                        raise impasto.FailedPrecondition("it has ended")
                    if left is not None and left <= 0:
                        raise impasto.Unavailable(self._lost)
                    self._news.wait(left)
                job, tried = self._job, self._connections
            try:
                return call(job)
            except impasto.Unavailable:
                if deadline is not None and time.monotonic() >= deadline:
                    raise
