"""A client without a server: it paints small flat pictures, fails where it is told to, and counts its jobs."""

from __future__ import annotations

import contextlib
import dataclasses
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Callable
from unittest import mock

import impasto
from impasto.lab import flags
from impasto.lab.cli import main
from PIL import Image

LEVELS = 2
STEPS = 4  # of each level
WARNING = "the weights are random"


def picture(path: Path, color: str = "red", size: tuple[int, int] = (24, 16)) -> Path:
    """Writes a flat picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, color).save(path)
    return path


class FakeJob:
    def __init__(self, client: FakeClient, name: str, recipe: impasto.Recipe, warnings: tuple[str, ...]) -> None:
        self.name = name
        self.last_event = 0
        self._client = client
        self._warnings = warnings
        self._recipe = dataclasses.replace(
            recipe,
            model=recipe.model or "models/vgg19",
            weights_sha256="ab" * 32,
            content_layers=recipe.content_layers or ["block4_conv2"],
            style_layers=recipe.style_layers or [("block1_conv1", 1.0), ("block2_conv1", 0.5)],
            execution=impasto.Execution(executor="cpu", threads=2),
        )

    def events(self, after: int = 0) -> Iterator[impasto.Event]:
        self._client.watched.append(self.name)
        for number, event in enumerate(self._events(), 1):
            if number > after:
                self.last_event = number
                self._client.on_event(self._recipe, event)
                yield event

    def _events(self) -> Iterator[impasto.Event]:
        yield impasto.Accepted(self.name, self._recipe, 24, 16, self._warnings)
        iteration = 0
        weight = self._recipe.style_weight or 1.0
        for level in range(LEVELS):
            for _ in range(STEPS):
                iteration += 1
                if iteration == STEPS + 2:
                    yield impasto.RecipeChange(iteration=iteration - 1, tv_weight=0.5)
                style = 1000.0 / iteration
                shares = [style / (n + 1) for n in range(len(self._recipe.style_layers))]
                yield impasto.Progress(
                    iteration,
                    LEVELS * STEPS,
                    total_loss=iteration + weight * style,
                    content_loss=float(iteration),
                    style_loss=style,
                    elapsed=iteration / 8,
                    content_layer_losses=(float(iteration),),
                    style_layer_losses=tuple(shares),
                    level=level,
                    levels=LEVELS,
                )
        data = io.BytesIO()
        Image.new("RGB", (24, 16), (int(weight * 40) % 256, 90, 120)).save(data, "PNG")
        painted = impasto.Picture(data.getvalue(), impasto.PictureFormat.PNG, 24, 16)
        total = iteration + weight * 1000.0 / iteration
        yield impasto.Result(painted, iteration - 1, total, LEVELS - 1, self.name, self._recipe, iteration / 8)

    def info(self) -> impasto.JobInfo:
        return impasto.JobInfo(
            name=self.name,
            state=impasto.JobState.SUCCEEDED,
            iteration=LEVELS * STEPS,
            device_time=1.5,
            warnings=self._warnings,
            memory=impasto.MemoryForecast(peak_bytes=123_000_000),
            original_recipe=self._recipe,
            last_event=LEVELS * STEPS + 3,
        )


class FakeClient:
    """``refuse`` says of a recipe why it can't be painted; ``on_event`` sees each event before it is given out."""

    def __init__(self) -> None:
        self.requests: dict[str, FakeJob] = {}  # by request id: those that made a job
        self.attached: list[str] = []  # request ids that came again
        self.watched: list[str] = []  # names of jobs, once a watch
        self.estimated: list[impasto.Recipe] = []
        self.priorities: list[impasto.Priority] = []
        self.warnings: tuple[str, ...] = ()
        self.refuse: Callable[[impasto.Recipe], Exception | None] = lambda recipe: None
        self.refuse_estimate: Callable[[impasto.Recipe], Exception | None] = lambda recipe: None
        self.on_event: Callable[[impasto.Recipe, impasto.Event], None] = lambda recipe, event: None

    def __enter__(self) -> FakeClient:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def close(self) -> None:
        pass

    def server_info(self) -> impasto.ServerInfo:
        return impasto.ServerInfo(version="1.2.3")

    def estimate(self, content: str, styles: list[str], *, recipe: impasto.Recipe) -> None:
        self.estimated.append(recipe)
        error = self.refuse_estimate(recipe)
        if error:
            raise error

    def start(
        self,
        content: str,
        styles: list[str],
        *,
        recipe: impasto.Recipe,
        output: impasto.OutputOptions,
        priority: impasto.Priority,
        display_name: str,
        request_id: str,
        detached: bool,
    ) -> FakeJob:
        assert detached
        assert Path(content).is_file()
        assert 1 <= len(request_id) <= 64
        self.priorities.append(priority)
        error = self.refuse(recipe)
        if error:
            raise error
        if request_id in self.requests:
            self.attached.append(request_id)
        else:
            name = f"jobs/{len(self.requests) + 1}"
            self.requests[request_id] = FakeJob(self, name, recipe, self.warnings)
        return self.requests[request_id]

    def job(self, name: str) -> FakeJob:
        for job in self.requests.values():
            if job.name == name:
                return job
        raise impasto.NotFound(f"no job {name}")


def run(client: FakeClient, *words: str | Path) -> tuple[int, str, str]:
    """Runs a command line on the client: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    connected = mock.patch.object(flags, "connect", lambda args: client)
    with connected, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([str(word) for word in words])
    return code, out.getvalue(), err.getvalue()
