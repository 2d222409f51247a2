"""The plug-in's threads.

None of them should be within gRPC when Krita's Python ends: it stops such a thread on its way back, which can abort the
program. None may keep Krita from ending either, whatever it waits for; so they are daemons, and waited for a while.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

_changed = threading.Condition()
_running: set[threading.Thread] = set()  # guarded by it


def start_thread(name: str, run: Callable[[], None]) -> threading.Thread:
    """Calls `run` on a thread of its own, which is returned. Thread-safe."""

    def counted() -> None:
        try:
            run()
        finally:
            with _changed:
                _running.discard(thread)
                _changed.notify_all()

    thread = threading.Thread(target=counted, name=name, daemon=True)
    with _changed:
        _running.add(thread)
    thread.start()
    return thread


def wait_for_threads(seconds: float) -> bool:
    """Waits for up to so many seconds until all threads have ended. False: some haven't. Thread-safe."""
    with _changed:
        return _changed.wait_for(lambda: not _running, seconds)
