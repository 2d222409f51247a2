"""One picture being painted, in the background."""

from __future__ import annotations

from dataclasses import dataclass, field

import impasto

ENDED = ("done", "cancelled", "failed")


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
