"""What the docker says of a painting."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impasto_docker.core.paintings import Item


def title(item: Item) -> str:
    """What it is, in one line."""
    entry = item.entry
    return f"{entry.settings.style.label or 'A style'} on {entry.place.layer_name or entry.place.document_name}"


def progress(item: Item) -> str:
    """How it gets on: "Iteration 34 of 300, about 12 s left"."""
    live = item.live
    if live is None or item.entry.finished:
        return _ended(item)
    if live.phase == "painting":
        steps = f"Iteration {live.iteration} of {live.iterations}"
        return steps if live.remaining is None else f"{steps}, {left(live.remaining)}"
    if live.phase == "waiting":
        if live.jobs_ahead == 0:
            return "The server prepares the painting"
        others = "1 other picture is" if live.jobs_ahead == 1 else f"{live.jobs_ahead} other pictures are"
        return f"Waiting: {others} painted first"
    return {
        "sending": "Sending the pictures",
        "reconnecting": "The connection is lost; trying again",
        "stopping": "Stopping with the best picture so far",
    }.get(live.phase, "Fetching the painting")


def fault(item: Item) -> str:
    """What went wrong, or has to be known, and what to do; "": nothing."""
    if item.entry.words:
        return item.entry.words
    if item.live is None:
        return ""
    return item.live.words or item.live.change_refused or "\n".join(item.live.warnings)


def short_state(item: Item) -> str:
    """For a line of the history."""
    live = item.live
    if live is not None and live.phase == "painting" and live.iterations and not item.entry.finished:
        percent = f"{100 * min(live.iteration, live.iterations) // live.iterations} %"
        return percent if live.remaining is None else f"{percent}, {left(live.remaining)}"
    if not item.entry.finished:
        return "Waiting" if live is not None and live.phase == "waiting" else "Under way"
    return f"{_ended(item)}, {_when(item.entry.created)}"


def left(seconds: float) -> str:
    """ "about 12 s left"; no more exact than it can be."""
    from impasto_docker.core.words import duration_words  # loads the client

    unit = 60 if seconds > 90 else 10 if seconds > 20 else 1
    return f"about {duration_words(math.ceil(seconds / unit) * unit)} left"


def _ended(item: Item) -> str:
    entry = item.entry
    if entry.state == "done":
        return "Applied" if entry.applied else "Done, not applied yet"
    if entry.state == "failed":
        return "Not finished" + (", but the best so far is here" if entry.result is not None else "")
    return "Cancelled" if entry.state in ("cancelled", "cancelling") else "Under way"


def _when(created: float) -> str:
    then, now = time.localtime(created), time.localtime()
    if then[:3] == now[:3]:
        return time.strftime("%H:%M", then)
    return f"{then.tm_mday} {time.strftime('%b', then)}"
