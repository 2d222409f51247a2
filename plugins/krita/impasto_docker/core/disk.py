"""Writes to the user's disk, and says in words where it can't."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from impasto_docker.core.threads import start_thread
from impasto_docker.core.words import explain_disk

Task = Callable[[], object]


class Disk:
    """One thing is written at a time. Thread-safe."""

    def __init__(self, noticed: Callable[[], None]) -> None:
        """`noticed`: called on a thread when the notice has changed."""
        self._noticed = noticed
        self._writing = threading.RLock()
        self._notice = ""  # replaced under _writing
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._thread = start_thread("impasto-disk", self._run)

    def notice(self) -> str:
        """What went wrong when something was written last, and what to do; "": nothing."""
        return self._notice

    def now(self, task: Task) -> bool:
        """Does it on this thread. False: it can't be written, as the notice says."""
        with self._writing:
            notice = ""
            try:
                task()
            except OSError as error:
                notice = explain_disk(error)
            changed, self._notice = notice != self._notice, notice
        if changed:
            self._noticed()
        return not notice

    def later(self, task: Task) -> None:
        """Does it on a thread, behind what was asked for before."""
        self._tasks.put(task)

    def close(self, patience: float) -> None:
        """Waits up to so many seconds until all is written, and ends the thread then."""
        self._tasks.put(None)
        self._thread.join(patience)

    def _run(self) -> None:
        while True:
            task = self._tasks.get()
            if task is None:
                return
            self.now(task)
