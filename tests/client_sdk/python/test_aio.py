"""The client for asyncio, against a server that says what a test tells it to."""

import asyncio
import inspect
import threading
import unittest

import grpc
import impasto
from fake_server import Fail, FakeServer, accepted, finished, picture, progress, server_info, whole_run
from fake_time import FakeTime
from impasto import Progress, _wire, aio

GONE = Fail(grpc.StatusCode.UNAVAILABLE, "gone")


def job(**values):
    return _wire.message("Job")(**{"name": "jobs/a", **values})


def names(events):
    return [type(event).__name__ for event in events]


def hang(context):
    """Until the client goes away."""
    ended = threading.Event()
    context.add_callback(ended.set)
    ended.wait(30)


class AioTest(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.server = FakeServer()
        self.addCleanup(self.server.stop)
        self.time = FakeTime()
        self.client = self.connect()

    def connect(self, **options):
        client = self.time.aio_client(self.server.address, **options)
        self.addAsyncCleanup(client.close)
        return client

    async def test_connecting(self):
        client = self.connect(name="me", token="0123456789abcdef")
        self.assertEqual(self.server.calls, [])
        async with client as entered:
            self.assertIs(entered, client)
            self.assertEqual((await client.server_info()).version, "0.1.0")
        self.assertEqual(self.server.metadata("GetServerInfo")["authorization"], "Bearer 0123456789abcdef")
        with self.assertRaisesRegex(impasto.FailedPrecondition, "the client is closed"):
            await client.models()

    async def test_many_tasks_connect_once(self):
        self.server.on("GetJob", job())
        await asyncio.gather(*(self.client.job("a").info() for _ in range(8)))
        self.assertEqual(len(self.server.requests("GetServerInfo")), 1)

    async def test_a_server_of_another_revision(self):
        self.server.on("GetServerInfo", server_info(min_client_revision=9))
        with self.assertRaisesRegex(impasto.FailedPrecondition, r"no longer understands this client \(revision 1\)"):
            await self.client.connect()

    async def test_no_server(self):
        self.server.stop()
        with self.assertRaisesRegex(impasto.Unavailable, "^can't reach "):
            await self.client.connect()

    async def test_a_run(self):
        self.server.on("Stylize", whole_run())
        events, steps = [], []
        result = await self.client.stylize(
            b"photo", b"painting", recipe=impasto.Recipe(iterations=3), on_event=events.append, on_progress=steps.append
        )
        self.assertEqual(names(events), ["Accepted", "Progress", "Progress", "Result"])
        self.assertEqual([step.iteration for step in steps], [1, 2])
        self.assertEqual((result.picture.data, result.finished_elapsed), (b"PNG of a picture", 7.0))
        self.assertEqual(self.server.methods(), ["Stylize"])

    async def test_a_broken_connection(self):
        run = whole_run()
        self.server.on("Stylize", [GONE], [run[0], run[1], GONE])
        self.server.on("WatchJob", [GONE], run[2:])
        started = await self.client.start(b"photo", b"painting")
        events = [event async for event in started]
        self.assertEqual(names(events), ["Accepted", "Progress", "ConnectionLost", "Progress", "Result"])
        self.assertEqual(self.time.slept, [0.05, 0.05, 0.1])
        self.assertIs(await started.result(), events[-1])
        first, second = self.server.requests("Stylize")
        self.assertEqual(first, second)

    async def test_a_refusal(self):
        detail = _wire.message("google.rpc.BadRequest")(field_violations=[{"field": "content"}])
        self.server.on("Stylize", Fail(grpc.StatusCode.INVALID_ARGUMENT, "no picture", detail))
        with self.assertRaises(impasto.InvalidArgument) as caught:
            await self.client.stylize(b"photo", b"painting")
        self.assertEqual((str(caught.exception), caught.exception.field), ("no picture", "content"))

    async def test_a_job_that_fails(self):
        error = {"code": 13, "message": "a step failed"}
        self.server.on("Stylize", [accepted(), finished(3, "STATE_FAILED", error=error)])
        with self.assertRaisesRegex(impasto.Internal, "a step failed"):
            await self.client.stylize(b"photo", b"painting")
        self.assertEqual(self.server.methods(), ["Stylize"])

    async def test_a_task_that_is_cancelled_cancels_its_job(self):
        self.server.on("Stylize", [accepted(), progress(2, 1), hang])
        self.server.on("CancelJob", job())
        painting = asyncio.Event()
        task = asyncio.create_task(self.client.stylize(b"photo", b"painting", on_progress=lambda _: painting.set()))
        await painting.wait()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(self.server.requests("CancelJob")[0].name, "jobs/a")

    async def test_also_before_the_job_is_accepted(self):
        arrived = asyncio.Event()
        loop = asyncio.get_running_loop()

        def note(context):
            loop.call_soon_threadsafe(arrived.set)

        self.server.on("Stylize", [note, hang])
        self.server.on("ListJobs", _wire.message("ListJobsResponse")(jobs=[{"name": "jobs/a"}]))
        self.server.on("CancelJob", job())
        task = asyncio.create_task(self.client.start(b"photo", b"painting", request_id="id-7"))
        await arrived.wait()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(self.server.methods(), ["Stylize", "ListJobs", "CancelJob"])

    async def test_a_task_that_waits_for_a_job_leaves_it_alone(self):
        self.server.on("WatchJob", [accepted(), progress(2, 1), hang])
        handle = self.client.job("a")
        seen = asyncio.Event()

        async def watch():
            async for event in handle:
                if isinstance(event, Progress):
                    seen.set()

        task = asyncio.create_task(watch())
        await seen.wait()
        task.cancel()
        with self.assertRaises(asyncio.CancelledError):
            await task
        self.assertEqual(self.server.methods(), ["WatchJob"])
        self.assertEqual(handle.last_event, 2)

    async def test_watching_from_where_one_left_off(self):
        self.server.on("WatchJob", whole_run()[2:])
        self.server.on("GetJob", job(original_recipe={"iterations": 77}))
        events = [event async for event in self.client.job("a").events(after=2)]
        self.assertEqual(names(events), ["Progress", "Result"])
        self.assertEqual(events[-1].recipe, impasto.Recipe(iterations=77))

    async def test_a_detached_job(self):
        self.server.on("Stylize", [accepted(), hang])
        self.server.on("WatchJob", whole_run())
        started = await self.client.start(b"photo", b"painting", detached=True)
        self.assertEqual((await started.result()).picture.data, b"PNG of a picture")

    async def test_detaching(self):
        self.server.on("Stylize", [accepted(), hang])
        self.server.on("UpdateJob", job())
        started = await self.client.start(b"photo", b"painting")
        await started.detach()
        self.assertTrue(self.server.requests("UpdateJob")[0].job.detached)

    async def test_calls(self):
        for method in ("UpdateJob", "PauseJob", "ResumeJob", "CancelJob", "GetJob"):
            self.server.on(method, job(state=4))
        for method in ("DeleteJob", "DeleteStyle"):
            self.server.on(method, _wire.message("google.protobuf.Empty")())
        model = _wire.message("Model")(name="models/a", state=3)
        for method in ("GetModel", "LoadModel", "UnloadModel"):
            self.server.on(method, model)
        style = _wire.message("Style")(name="styles/a")
        self.server.on("CreateStyle", style)
        self.server.on("GetStyle", style)
        self.server.on("ListStyles", _wire.message("ListStylesResponse")(styles=[style]))
        self.server.on("ListModels", _wire.message("ListModelsResponse")(models=[model]))
        self.server.on("ListJobs", _wire.message("ListJobsResponse")(jobs=[job()]))
        self.server.on("UploadPicture", _wire.message("UploadPictureResponse")(name="uploads/1"))
        self.server.on("EstimateJob", _wire.message("EstimateJobResponse")(width=3))
        client, handle = self.client, self.client.job("a")
        for call in (handle.pause, handle.resume, handle.cancel, handle.info):
            self.assertEqual((await call()).state, impasto.JobState.PAUSED)
        self.assertEqual((await handle.update(iterations=9)).name, "jobs/a")
        self.assertIsNone(await handle.delete())
        for call in (client.model, client.load_model, client.unload_model):
            self.assertEqual((await call("a")).name, "models/a")
        self.assertEqual((await client.create_style(b"painting", "x")).name, "styles/a")
        self.assertEqual((await client.style("a")).name, "styles/a")
        self.assertIsNone(await client.delete_style("a"))
        self.assertEqual([len(await call()) for call in (client.styles, client.models, client.jobs)], [1, 1, 1])
        self.assertEqual(await client.upload(b"x" * (3 << 20)), "uploads/1")
        self.assertEqual(len(self.server.requests("UploadPicture")[0]), 3)
        self.assertEqual((await client.estimate(b"photo", b"painting")).width, 3)

    async def test_a_picture_in_parts(self):
        self.server.on("Stylize", [accepted(), *picture(2, "result", b"x" * 2_000_000, parts=5), finished(3)])
        result = await self.client.stylize(b"photo", b"painting")
        self.assertEqual(len(result.picture.data), 2_000_000)

    async def test_display_without_ipython(self):
        self.server.on("WatchJob", whole_run())
        self.assertEqual((await self.client.job("a").display()).iteration, 3)


class SameTest(unittest.TestCase):
    def test_both_clients_have_the_same_methods(self):
        for blocking, waiting in ((impasto.Client, aio.Client), (impasto.Job, aio.Job)):
            public = {name for name in vars(blocking) if not name.startswith("_")}
            self.assertEqual({name for name in vars(waiting) if not name.startswith("_")}, public)
            for name in public | {"__init__"}:
                one, other = getattr(blocking, name), getattr(waiting, name)
                if callable(one) and (blocking is impasto.Client or name != "__init__"):
                    parameters = [list(inspect.signature(method).parameters.values()) for method in (one, other)]
                    self.assertEqual(*parameters, name)


if __name__ == "__main__":
    unittest.main()
