"""When to try again. Time and chance come from outside."""

from __future__ import annotations

FIRST = 0.1
LONGEST = 5.0


class Backoff:
    """Waits of a random share of a bound that doubles from one attempt to the next.

    So the clients of a server that restarts don't all come back at once. Not thread-safe.
    """

    def __init__(self, timeout: float) -> None:
        """Gives up ``timeout`` seconds after the first failed attempt since the last ``reset``; 0: at once."""
        self._timeout = timeout
        self._deadline: float | None = None
        self._attempts = 0

    def next(self, now: float, uniform: float, asked: float | None) -> float | None:
        """Seconds to wait before the next attempt; None: give up.

        ``uniform``: a random number in [0, 1). ``asked``: what the server asks for; the wait is never shorter.
        """
        if self._deadline is None:
            self._deadline = now + self._timeout
        bound = min(FIRST * 2 ** min(self._attempts, 10), LONGEST)
        self._attempts += 1
        wait = max(bound * uniform, asked or 0.0)
        return None if now + wait >= self._deadline else wait

    def reset(self) -> None:
        """An attempt went well."""
        self._deadline = None
        self._attempts = 0
