"""Between threads and Qt's loop: what the session tells arrives here as signals, at most ten times a second."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Callable

from PyQt5.QtCore import QElapsedTimer, QObject, QTimer, pyqtSignal

from impasto_docker.core.threads import start_thread, wait_for_threads

if TYPE_CHECKING:
    from impasto_docker.core.session import Session

_PAUSE = 100  # ms from one update of the widgets to the next
_PATIENCE = 2.0  # seconds that Krita's end waits for threads


def open_session(changed: Callable[[str], None]) -> Session:
    """The user's session. Slow at first: it loads the client and numpy, and reads the history. ImportError: missing."""
    import impasto_docker.document.apply  # noqa: F401  # so that the first painting needn't load numpy
    from impasto_docker.core.session import Folders, Session

    return Session(Folders.of_user(), changed)


class Bridge(QObject):
    """Opens the session on a thread, and carries over what it tells.

    Signals:
        opened: `session` is there.
        failed: it can't be opened; for people: why, and what to do.
        changed: a frozenset of what the session told since the last time, at most once in 100 ms.
    """

    opened = pyqtSignal()
    failed = pyqtSignal(str)
    changed = pyqtSignal(object)

    _told = pyqtSignal()
    _call = pyqtSignal(object)

    def __init__(self, open_session: Callable[[Callable[[str], None]], Session] = open_session) -> None:
        """Opens nothing yet."""
        super().__init__()
        self.session: Session | None = None
        self._open_session = open_session
        self._begun = False
        self._closed = False
        self._lock = threading.Lock()
        self._news: set[str] = set()
        self._since = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._flush)
        self._told.connect(self._schedule)
        self._call.connect(self._run)

    def open(self) -> None:
        """Opens the session, the first time; returns at once."""
        if not self._begun:
            self._begun = True
            self.in_background(self._open, self._take, self._refuse)

    def close(self) -> None:
        """Before Krita ends: nothing arrives any more. Jobs go on at the server. Waits for threads, up to 2 s."""
        self._closed = True
        self._timer.stop()
        if self.session is not None:
            self.session.close()
        wait_for_threads(_PATIENCE)

    def in_background(
        self,
        work: Callable[[], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> None:
        """Does `work` on a thread, then calls `done` with what it returned, or `failed`, in Qt's loop.

        Krita's end waits for it as for other threads. `failed` None: what goes wrong is passed over.
        """

        def run() -> None:
            try:
                result = work()
            except Exception as error:  # told by whoever asked
                if failed is not None:
                    self._hand_over(partial(failed, error))
            else:
                self._hand_over(lambda: done(result))

        start_thread("impasto-docker", run)

    def handed_over(self, call: Callable[..., None]) -> Callable[..., None]:
        """A function for any thread, which has `call` called in Qt's loop with its arguments."""
        return lambda *arguments: self._hand_over(lambda: call(*arguments))

    def _hand_over(self, call: Callable[[], None]) -> None:
        if not self._closed:
            self._call.emit(call)

    def _run(self, call: Callable[[], None]) -> None:
        if not self._closed:
            call()

    def _tell(self, what: str) -> None:
        """The session's `changed`: on any thread, and often."""
        with self._lock:
            first = not self._news
            self._news.add(what)
        if first and not self._closed:
            self._told.emit()

    def _schedule(self) -> None:
        if self._closed or self._timer.isActive():
            return
        passed = self._since.elapsed() if self._since.isValid() else _PAUSE
        self._timer.start(max(0, _PAUSE - passed))

    def _flush(self) -> None:
        with self._lock:
            news, self._news = frozenset(self._news), set()
        self._since.start()
        if self.session is not None:
            self.changed.emit(news)

    def _open(self) -> Session:
        session = self._open_session(self._tell)
        if self._closed:  # meanwhile
            session.close()
        return session

    def _take(self, session: Session) -> None:
        self.session = session
        self.opened.emit()

    def _refuse(self, error: Exception) -> None:
        self.failed.emit(_words(error))


def _words(error: Exception) -> str:
    if isinstance(error, ImportError):
        package = (error.name or "").partition(".")[0]
        install = {"grpc": "grpcio", "google": "protobuf"}.get(package, package)
        if package == "impasto":
            return "The plug-in isn't complete: its client is missing. Install the plug-in again, then restart Krita."
        return (
            f'Krita\'s Python lacks the package "{install}". Install it (on Debian and Ubuntu: '
            f"python3-{install}), then restart Krita."
        )
    return f"Style Transfer couldn't start: {error}"
