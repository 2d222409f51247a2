"""A job in a notebook: one output that is updated in place. Without IPython, lines of text."""

from __future__ import annotations

import base64
import html
import time
from typing import TYPE_CHECKING, Any, Callable

from .enums import PictureFormat
from .events import Accepted, ConnectionLost, Event, Preview, Progress, Result, StateChanged

if TYPE_CHECKING:
    from types import TracebackType

    from .pictures import Picture

# A notebook redraws at most so often, seconds; lines of text come more rarely.
_REDRAW = 0.25
_LINE = 5.0
_CURVE = (240, 80)  # pixels
_MAX_CURVE_POINTS = 400
_MIME = {PictureFormat.PNG: "image/png", PictureFormat.JPEG: "image/jpeg", PictureFormat.WEBP: "image/webp"}


class View:
    """Shows what the events of one job say, from entering its ``with`` block on. Not thread-safe."""

    def __init__(self, job: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._job = job
        self._clock = clock
        self._handle: Any = None
        self._shown: float | None = None
        self._picture: Picture | None = None
        self._progress: Progress | None = None
        self._curve: list[float] = []
        self._level = 0
        self._words = "is being prepared"

    def __enter__(self) -> View:
        display = _ipython_display()
        if display is not None:
            self._handle = display(self, display_id=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self._words = str(error) or type(error).__name__
        self._show()

    def update(self, event: Event) -> None:
        """Shows the event, unless the last was shown just now."""
        if isinstance(event, Accepted):
            self._words = "; ".join(event.warnings) or "waits for its turn"
        elif isinstance(event, Progress):
            if event.level != self._level:
                self._curve, self._level = [], event.level  # losses of different levels don't compare
            self._progress = event
            self._curve.append(event.total_loss)
            self._words = str(event)
        elif isinstance(event, (Preview, Result)):
            self._picture = event.picture
            if isinstance(event, Result):
                self._words = f"done after {event.finished_elapsed:.0f} s, loss {event.total_loss:.4g}"
        elif isinstance(event, StateChanged):
            self._words = f"{event.state}: {event.reason}"
        elif isinstance(event, ConnectionLost):
            self._words = f"the connection is lost, and is being made again: {event.error}"
        now = self._clock()
        pause = _REDRAW if self._handle is not None else _LINE
        if self._shown is None or now - self._shown >= pause:
            self._shown = now
            self._show()

    def _show(self) -> None:
        if self._handle is not None:
            self._handle.update(self)
        else:
            print(f"{self._job}: {self._words}", flush=True)

    def __repr__(self) -> str:
        return f"{self._job}: {self._words}"

    def _repr_html_(self) -> str:
        parts = []
        image = _as_image(self._picture) if self._picture is not None else None
        if image is not None:
            mime, data = image
            encoded = base64.b64encode(data).decode("ascii")
            parts.append(f'<img style="max-width:100%" src="data:{mime};base64,{encoded}">')
        if self._progress is not None:
            value, top = min(self._progress.iteration, self._progress.iterations), max(self._progress.iterations, 1)
            parts.append(f'<progress value="{value}" max="{top}" style="width:{_CURVE[0]}px"></progress>')
        parts.append(f"<div>{html.escape(self._job)}: {html.escape(self._words)}</div>")
        parts.append(_curve(self._curve))
        return f"<div>{'<br>'.join(part for part in parts if part)}</div>"


def _ipython_display() -> Any:
    """IPython's display function inside of IPython, else None."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    return display if get_ipython() is not None else None


def _as_image(picture: Picture) -> tuple[str, bytes] | None:
    mime = _MIME.get(picture.format)
    if mime is not None:
        return mime, picture.data
    data = picture._repr_png_()
    return None if data is None else ("image/png", data)


def _curve(losses: list[float]) -> str:
    """The total loss against the step, log scale, as a small drawing."""
    import math

    shown = [loss for loss in losses if loss > 0 and math.isfinite(loss)]
    shown = shown[:: len(shown) // _MAX_CURVE_POINTS + 1]
    if len(shown) < 2:
        return ""
    logs = [math.log10(loss) for loss in shown]
    low, high = min(logs), max(logs)
    width, height = _CURVE
    points = " ".join(
        f"{i * (width - 2) / (len(logs) - 1) + 1:.1f},{1 + (height - 2) * (high - value) / ((high - low) or 1):.1f}"
        for i, value in enumerate(logs)
    )
    return (
        f'<svg width="{width}" height="{height}" role="img" aria-label="total loss, log scale">'
        f'<polyline points="{points}" fill="none" stroke="currentColor"/></svg>'
    )
