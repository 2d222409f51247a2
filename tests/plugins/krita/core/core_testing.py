"""What the tests of core share. To be imported before core is."""

from __future__ import annotations

import sys
import threading
import types
from pathlib import Path

PLUG_IN = Path(__file__).resolve().parents[4] / "plugins" / "krita" / "impasto_docker"

# Krita loads the package by its __init__, which needs Krita; core doesn't.
_package = types.ModuleType("impasto_docker")
_package.__path__ = [str(PLUG_IN)]
sys.modules.setdefault("impasto_docker", _package)

import impasto  # noqa: E402

# Far beyond what anything here takes, also on a busy machine.
PATIENCE = 20.0


class Heard:
    """What was told, in order, and a way to wait for it. Thread-safe."""

    def __init__(self):
        self._news = threading.Condition()
        self.all = []

    def __call__(self, what=None):
        with self._news:
            self.all.append(what)
            self._news.notify_all()

    def wait_for(self, condition):
        """Until it is true; it is looked at whenever something is told."""
        with self._news:
            if not self._news.wait_for(condition, PATIENCE):
                raise AssertionError(f"it never came to that; the last that was told: {self.all[-10:]}")


def wait_for_threads_to_end():
    """Those of core."""
    for thread in threading.enumerate():
        if thread.name.startswith("impasto-"):
            thread.join(PATIENCE)
            if thread.is_alive():
                raise AssertionError(f"{thread} goes on")


class FakeServer:
    """Jobs and their events, as the client gives them. Thread-safe."""

    def __init__(self):
        self.news = threading.Condition()
        self.up = True
        self.connections = 0
        self.refusal = None  # what connecting fails with
        self.answer_lost = False  # of the next request: it is accepted, and the connection breaks
        self.jobs = {}
        self.told = []  # what was asked of jobs
        self.styles_there = []
        self.forecast = impasto.MemoryForecast()
        self.models_there = [impasto.ModelInfo("models/vgg19", impasto.ModelState.LOADED)]

    def connect(self, settings):
        with self.news:
            self.connections += 1
            if self.refusal is not None:
                raise self.refusal
            if not self.up:
                raise impasto.Unavailable("can't reach it", reason="NOBODY_THERE")
            return FakeClient(self, settings)

    def job(self, name="jobs/1", request_id="r", **values):
        """A job that is there, accepted."""
        job = types.SimpleNamespace(request_id=request_id, events=[], error=None, ended=False, state=None, **values)
        with self.news:
            self.jobs[name] = job
        self.say(name, impasto.Accepted(name, impasto.Recipe(iterations=10, content_weight=1.0), jobs_ahead=2))
        return job

    def say(self, name, *events, end=False, error=None):
        with self.news:
            job = self.jobs[name]
            job.events += events
            job.ended, job.error = end or error is not None, error
            self.news.notify_all()

    def finish(self, name, picture):
        self.say(name, impasto.Result(picture, recipe=impasto.Recipe(iterations=10, seed=7)), end=True)

    def set_up(self, up):
        """False: it can't be reached, and every connection breaks."""
        with self.news:
            self.up = up
            self.news.notify_all()

    def wait_for(self, condition):
        with self.news:
            if not self.news.wait_for(condition, PATIENCE):
                raise AssertionError(f"it never came to that; the server was told {self.told}")


class FakeClient:
    """As impasto.Client."""

    def __init__(self, server, settings):
        self.server = server
        self.address = settings.full_address()
        self.closed = False

    def close(self):
        with self.server.news:
            self.closed = True
            self.server.news.notify_all()

    def check(self):
        """With the server's lock."""
        if self.closed:
            raise impasto.Cancelled("closed")
        if not self.server.up:
            raise impasto.Unavailable("the connection broke")

    def models(self):
        with self.server.news:
            self.check()
            return list(self.server.models_there)

    def styles(self):
        return list(self.server.styles_there)

    def estimate(self, content, style, *, recipe):
        with self.server.news:
            self.check()
            self.server.told.append(("estimate", content, style, recipe))
            self.server.news.notify_all()
        return impasto.Estimate(self.server.forecast, recipe, 0, 0)

    def start(self, content, styles, **options):
        server = self.server
        name = f"jobs/{len(server.jobs) + 1}"
        with server.news:
            self.check()
        server.job(name, content=content, style=styles, options=options, request_id=options["request_id"])
        if server.answer_lost:
            server.answer_lost = False
            raise impasto.Unavailable("the connection broke")
        return FakeJob(self, name, server.jobs[name].events[0])

    def job(self, name):
        return FakeJob(self, name)

    def jobs(self, text):
        with self.server.news:
            self.check()
            found = [name for name, job in self.server.jobs.items() if text == f'request_id = "{job.request_id}"']
            return [impasto.JobInfo(name, impasto.JobState.RUNNING) for name in found]


class FakeJob(impasto.Job):
    """As impasto.Job."""

    def __init__(self, client, name, accepted=None):
        super().__init__(None, name, accepted)
        self.client = client

    def events(self, after=0):
        server = self.client.server
        while True:
            with server.news:
                self.client.check()
                job = server.jobs.get(self.name)
                if job is None:
                    raise impasto.NotFound(f"there is no {self.name}")
                if after > len(job.events):
                    raise impasto.OutOfRange("no such event yet")
                if after == len(job.events):
                    if job.ended and job.error is not None:
                        raise job.error
                    if job.ended:
                        return
                    server.news.wait(PATIENCE)
                    continue
                event = job.events[after]
            after += 1
            self._last_event = after
            yield event

    def _tell(self, *what):
        server = self.client.server
        with server.news:
            self.client.check()
            job = server.jobs.get(self.name)
            if job is None:
                raise impasto.NotFound(f"there is no {self.name}")
            server.told.append((self.name, *what))
            server.news.notify_all()
            return job

    def info(self):
        with self.client.server.news:
            self.client.check()
            job = self.client.server.jobs[self.name]
            steps = max((event.iteration for event in job.events if isinstance(event, impasto.Progress)), default=0)
        return impasto.JobInfo(self.name, job.state or impasto.JobState.RUNNING, iteration=steps, iterations=10)

    def update(self, **changes):
        job = self._tell(changes)
        if getattr(job, "refuse", None):
            raise job.refuse.pop(0)
        return impasto.JobInfo(self.name, job.state or impasto.JobState.RUNNING)

    def _call(self, method):
        job = self._tell(method)
        if method == "CancelJob" and not job.ended:
            self.client.server.say(self.name, error=impasto.Cancelled("the job was cancelled"))
        return impasto.JobInfo(self.name, impasto.JobState.CANCELLED)

    def delete(self):
        self._tell("DeleteJob")
        with self.client.server.news:
            del self.client.server.jobs[self.name]
            self.client.server.news.notify_all()


def picture(width=4, height=3, pixel_format="rgb8", fill=7):
    """A result, raw."""
    layout = impasto.PixelFormat[pixel_format.upper()]
    size = {"rgb8": 3, "rgb16": 6, "rgb_float": 12}[pixel_format]
    data = bytes([fill]) * (width * height * size)
    return impasto.Picture(data, impasto.PictureFormat.RAW, width, height, layout, width * size)


def progress(iteration, iterations=10, loss=None):
    return impasto.Progress(iteration, iterations, 100.0 / iteration if loss is None else loss, 1.0, 2.0, remaining=5.0)
