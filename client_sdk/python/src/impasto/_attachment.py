"""Following one job over as many streams as it takes: what to open next, and when it is over."""

from __future__ import annotations

from dataclasses import dataclass

from . import _wire
from ._backoff import Backoff
from ._operations import Environment, request
from ._options import Options
from ._translator import EventTranslator, Numbered
from .errors import ImpastoError, Unavailable
from .events import ConnectionLost, Event, Result
from .recipe import Recipe


@dataclass(frozen=True)
class Retry:
    """Tell the user of the event, if there is one, wait, and open the next stream."""

    wait: float
    lost: ConnectionLost | None


class Attachment:
    """The state between the streams. Not thread-safe.

    Before `accepted` a broken stream is made again with the same request, whose ``request_id`` makes no second job;
    after it with WatchJob from the last whole event.
    """

    def __init__(
        self,
        options: Options,
        environment: Environment,
        *,
        stylize: _wire.Message | None = None,
        job: str = "",
        after: int = 0,
        recipe: Recipe | None = None,
    ) -> None:
        self._stylize = stylize
        self._environment = environment
        self._translator = EventTranslator(options.max_received_picture_bytes, after, job)
        self._translator.recipe = recipe
        self._backoff = Backoff(options.reattach_timeout)
        self._broken: ImpastoError | None = None
        self._outcome: ImpastoError | None = None
        self.result: Result | None = None
        self.over = False
        self.last_event = after  # of those that the user has got

    @property
    def job(self) -> str:
        """Its name; "" before it is accepted."""
        return self._translator.job

    def next_call(self) -> tuple[str, _wire.Message]:
        """Method and request of the next stream."""
        if not self.job:
            return "Stylize", self._stylize
        self._stylize = None  # it can be 60 MiB, and won't be sent again
        return "WatchJob", request("WatchJob", name=self.job, after_event=self._translator.last_event)

    def add(self, message: _wire.Message) -> list[Numbered]:
        """What a message tells the user. Internal: the server doesn't keep to the protocol."""
        before = self._translator.last_event
        events = self._translator.add(message)
        if self._translator.last_event > before:
            self._broken = None
            self._backoff.reset()
        return events

    def delivered(self, numbered: Numbered) -> Event:
        """The user gets this event now."""
        sequence, event = numbered
        self.last_event = max(self.last_event, sequence)
        if isinstance(event, Result):
            self.result = event
        return event

    def stream_ended(self, error: ImpastoError | None) -> Retry | None:
        """What to do now; None: the job is over. To be followed by ``last_events`` and ``outcome``."""
        self._translator.stream_ended()
        # With the last event there is nothing to come back for; a job that failed ends its stream with its error, too.
        self.over = error is None or self._translator.finished is not None
        if error is None or self.over:
            return None
        if not isinstance(error, Unavailable):
            self._outcome = error
            self.over = True
            return None
        wait = self._backoff.next(self._environment.clock(), self._environment.uniform(), error.retry_after)
        if wait is None:
            self._outcome = self._broken or error
            self.over = True
            return None
        lost = ConnectionLost(error) if self._broken is None else None
        self._broken = self._broken or error
        return Retry(wait, lost)

    def last_events(self) -> list[Numbered]:
        """What is left to tell once it is over: the result."""
        return self._translator.result()

    def outcome(self) -> ImpastoError | None:
        """How the job ended, where that isn't well."""
        return self._outcome or self._translator.error()
