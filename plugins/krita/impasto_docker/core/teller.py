"""Tells the server what the user wants of a job that runs."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from operator import methodcaller
from typing import Any, Protocol

import impasto
from impasto import ImpastoError, JobState

from impasto_docker.core.threads import start_thread

# For how long a change of weights is told again where the server is lost meanwhile, seconds.
_PATIENCE = 60.0
# A fast server makes some steps while it is told to stop; more than that, and it is cancelled instead.
_MOST_MARGIN = 1024


class Call(Protocol):
    """Calls the server with the job, again where the connection is lost meanwhile.

    For `patience` seconds, or as long as it takes; also where the user has cancelled the job only if `cancelling`.
    Raises ImpastoError; FailedPrecondition where there is nothing to tell any more.
    """

    def __call__(  # noqa: D102  # told above
        self, call: Callable[[impasto.Job], Any], patience: float | None = None, cancelling: bool = False
    ) -> Any: ...


class Teller:
    """What is wanted, and a thread that lasts as long as that hasn't been told. Thread-safe."""

    def __init__(self, call: Call, answered: Callable[[ImpastoError | None], None]) -> None:
        """`answered`: called on a thread with what came of a change of weights."""
        self._call = call
        self._answered = answered
        self._lock = threading.Lock()
        # All that follows is guarded by it.
        self._weights: dict[str, Any] = {}
        self._wanted: set[str] = set()  # "stop", "cancel"
        self._told: set[str] = set()
        self._running = False

    def change_weights(self, content: float | None, style: float | None) -> None:
        """Returns at once; the newest wins. None: as it is."""
        values = {"content_weight": content, "style_weight": style}
        with self._lock:
            self._weights.update((name, value) for name, value in values.items() if value is not None)
            self._start()

    def end(self, how: str) -> None:
        """ "stop": with the best picture so far; "cancel". Returns at once."""
        with self._lock:
            self._wanted.add(how)
            self._weights = {}
            self._start()

    def _start(self) -> None:
        if not self._running:
            self._running = True
            start_thread("impasto-tell", self._run)

    def _run(self) -> None:
        while True:
            with self._lock:
                left = self._wanted - self._told
                weights, self._weights = self._weights, {}
                if not left and not weights:
                    self._running = False
                    return
                how = min(left, default="")  # "cancel" before "stop"
                if how:
                    self._told |= {how, "stop"}
            with contextlib.suppress(ImpastoError):  # it has ended, or is gone: that is heard elsewhere
                if how == "cancel":
                    self._call(methodcaller("cancel"), cancelling=True)
                elif how == "stop":
                    self._stop()
                else:
                    self._change(weights)

    def _change(self, weights: dict[str, Any]) -> None:
        try:
            self._call(methodcaller("update", **weights), _PATIENCE)
            self._answered(None)
        except ImpastoError as error:
            self._answered(error)

    def _stop(self) -> None:
        # The job is told to end with the next step, so that it succeeds with its best picture. A cancelled one would do
        # the same, but could not be told from one that somebody has thrown away.
        margin = 1
        while margin <= _MOST_MARGIN:
            # Asked anew: what has been heard up to now may be old, or nothing yet.
            info = self._call(methodcaller("info"))
            iterations = info.iteration + margin
            if info.iteration == 0:
                break
            if iterations >= info.iterations:
                return  # that many it makes anyway
            try:
                self._call(methodcaller("update", iterations=iterations))
            except impasto.InvalidArgument:
                margin *= 2  # it has made more steps by now
                continue
            except impasto.FailedPrecondition:
                return  # it has ended
            except ImpastoError:
                break
            if info.state is JobState.PAUSED:
                self._call(methodcaller("resume"))
            return
        # The best picture so far comes before its stream ends.
        self._call(methodcaller("cancel"))
