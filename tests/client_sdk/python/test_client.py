"""The client that blocks, against a server that says what a test tells it to."""

import threading
import unittest
from unittest import mock

import grpc
import impasto
from fake_server import Fail, FakeServer, accepted, event, finished, picture, progress, server_info, whole_run
from fake_time import FakeTime
from impasto import Accepted, ConnectionLost, Preview, Progress, RecipeChange, Result, StateChanged, _wire

GONE = Fail(grpc.StatusCode.UNAVAILABLE, "gone")


def job(**values):
    return _wire.message("Job")(**{"name": "jobs/a", **values})


def names(events):
    return [type(event).__name__ for event in events]


class ClientTest(unittest.TestCase):
    def setUp(self):
        self.server = FakeServer()
        self.addCleanup(self.server.stop)
        self.time = FakeTime()
        self.client = self.connect()

    def connect(self, **options):
        client = self.time.client(options.pop("address", self.server.address), **options)
        self.addCleanup(client.close)
        return client


class ConnectTest(ClientTest):
    def test_nothing_is_sent_before_it_is_needed(self):
        self.assertEqual(self.server.calls, [])
        self.client.job("a")
        self.assertEqual(self.server.calls, [])
        with self.client as client:
            self.assertIs(client, self.client)
            self.assertEqual([call.method for call in self.server.calls], ["GetServerInfo"])

    def test_once_also_by_several_threads(self):
        self.server.on("GetJob", job())
        threads = [threading.Thread(target=self.client.job("a").info) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.server.requests("GetServerInfo")), 1)
        self.assertEqual(len(self.server.requests("GetJob")), 8)

    def test_who_answers(self):
        self.server.on("GetServerInfo", server_info(client="me", max_picture_bytes=5, requires_token=True))
        info = self.client.server_info()
        self.assertEqual((info.version, info.api_revision, info.client), ("0.1.0", _wire.API_REVISION, "me"))
        self.assertEqual((info.max_picture_bytes, info.requires_token), (5, True))

    def test_a_server_of_another_revision(self):
        self.server.on("GetServerInfo", server_info(version="0.0.9", api_revision=0))
        with self.assertRaises(impasto.FailedPrecondition) as caught, self.client:
            pass
        self.assertEqual(
            str(caught.exception),
            f"the server at {self.server.address} (impastod 0.0.9) speaks revision 0 of the API; this client needs 1: "
            "update the server",
        )

    def test_another_server(self):
        self.server.on("GetServerInfo", Fail(grpc.StatusCode.UNIMPLEMENTED))
        with self.assertRaisesRegex(
            impasto.FailedPrecondition, "is no Impasto server, or one older than API revision 1"
        ):
            self.client.connect()

    def test_no_server(self):
        self.server.stop()
        with self.assertRaisesRegex(impasto.Unavailable, f"^can't reach {self.server.address}: "):
            self.client.connect()
        self.assertEqual(self.time.slept, [])

    def test_metadata(self):
        client = self.connect(name="me", token="0123456789abcdef")
        client.server_info()
        metadata = self.server.metadata("GetServerInfo")
        self.assertEqual((metadata["impasto-client"], metadata["authorization"]), ("me", "Bearer 0123456789abcdef"))
        self.assertTrue(metadata["user-agent"].startswith("impasto-python/0.1.0 "))

    def test_a_server_that_wants_a_token(self):
        self.server.on("GetServerInfo", Fail(grpc.StatusCode.UNAUTHENTICATED, "an access token is needed"))
        with self.assertRaises(impasto.Unauthenticated) as caught:
            self.client.connect()
        self.assertEqual(str(caught.exception), "an access token is needed")

    def test_a_closed_client(self):
        self.client.connect()
        self.client.close()
        self.client.close()
        for call in (self.client.models, self.client.job("a").info, lambda: list(self.client.job("a"))):
            with self.assertRaisesRegex(impasto.FailedPrecondition, "the client is closed"):
                call()


class CallTest(ClientTest):
    def test_errors_with_all_that_the_server_said(self):
        self.server.on(
            "GetModel",
            Fail(
                grpc.StatusCode.NOT_FOUND,
                "no model 'x'",
                _wire.message("google.rpc.ErrorInfo")(reason="NO_MODEL", metadata={"known": "vgg19"}),
                _wire.message("google.rpc.BadRequest")(field_violations=[{"field": "name"}]),
            ),
        )
        with self.assertRaises(impasto.NotFound) as caught:
            self.client.model("x")
        error = caught.exception
        self.assertEqual((str(error), error.reason, error.field), ("no model 'x'", "NO_MODEL", "name"))
        self.assertEqual(error.facts, {"known": "vgg19"})

    def test_a_call_is_made_again_where_no_server_answers(self):
        self.server.on("GetJob", GONE, GONE, job(state=3))
        self.assertEqual(self.client.job("a").info().state, impasto.JobState.RUNNING)
        self.assertEqual(self.time.slept, [0.05, 0.1])

    def test_jobs(self):
        pages = [
            _wire.message("ListJobsResponse")(jobs=[{"name": "jobs/a"}], next_page_token="2"),
            _wire.message("ListJobsResponse")(jobs=[{"name": "jobs/b"}]),
        ]
        self.server.on("ListJobs", *pages)
        found = self.client.jobs(filter="state = RUNNING", order_by="name")
        self.assertEqual([info.name for info in found], ["jobs/a", "jobs/b"])

    def test_models(self):
        model = _wire.message("Model")(
            name="models/vgg19",
            state=3,
            layers=[
                {"name": "block1_conv1", "op": "conv2d", "channels": 64, "height": 5, "width": 6, "available": True}
            ],
            default_recipe={"preset": "painterly"},
        )
        for method in ("GetModel", "LoadModel", "UnloadModel"):
            self.server.on(method, model)
        self.server.on("ListModels", _wire.message("ListModelsResponse")(models=[model]))
        expected = impasto.ModelInfo(
            "models/vgg19",
            impasto.ModelState.LOADED,
            layers=(impasto.LayerInfo("block1_conv1", "conv2d", 64, 5, 6, True),),
            default_recipe=impasto.Recipe(preset="painterly"),
        )
        self.assertEqual(self.client.models(), [expected])
        for call in (self.client.model, self.client.load_model, self.client.unload_model):
            self.assertEqual(call("vgg19"), expected)
        self.assertEqual(self.server.requests("LoadModel")[0].name, "models/vgg19")

    def test_styles(self):
        style = _wire.message("Style")(name="styles/a", width=3, thumbnail=b"jpeg", create_time={"seconds": 86400})
        self.server.on("CreateStyle", style)
        self.server.on("GetStyle", style)
        self.server.on("ListStyles", _wire.message("ListStylesResponse")(styles=[style]))
        self.server.on("DeleteStyle", _wire.message("google.protobuf.Empty")())
        created = self.client.create_style(b"a painting", "Starry")
        self.assertEqual((created.name, created.create_time.isoformat()), ("styles/a", "1970-01-02T00:00:00+00:00"))
        self.assertEqual(created._repr_jpeg_(), b"jpeg")
        self.assertEqual(self.client.styles(), [created])
        self.assertEqual(self.client.style("a"), created)
        self.assertIsNone(self.client.delete_style("a"))
        request = self.server.requests("CreateStyle")[0]
        self.assertEqual((request.picture.encoded, request.display_name), (b"a painting", "Starry"))
        self.assertEqual(self.server.requests("DeleteStyle")[0].name, "styles/a")

    def test_uploads_and_estimates(self):
        client = self.connect(max_inline_picture_bytes=10)
        self.server.on("UploadPicture", _wire.message("UploadPictureResponse")(name="uploads/1"))
        answer = _wire.message("EstimateJobResponse")(memory={"peak_bytes": 5}, width=2, height=1, warnings=["w"])
        self.server.on("EstimateJob", answer)
        self.assertEqual(client.upload(b"x" * 3), "uploads/1")
        estimate = client.estimate(b"y" * 11, b"z", recipe=impasto.Recipe(max_size=64))
        self.assertEqual((estimate.memory.peak_bytes, estimate.width, estimate.warnings), (5, 2, ("w",)))
        sent = self.server.requests("EstimateJob")[0].request
        self.assertEqual((sent.content.upload, sent.styles[0].encoded, sent.recipe.max_size), ("uploads/1", b"z", 64))
        self.assertEqual([part.data for part in self.server.requests("UploadPicture")[1]], [b"y" * 11])


class StylizeTest(ClientTest):
    def test_a_run(self):
        change = event(3, changed={"iteration": 1, "style_weight": 2.0})
        paused = event(4, state_changed={"state": 4, "reason": "somebody"})
        preview = picture(5, "preview", b"JPEG of it", parts=2, iteration=1, format=2)
        result = picture(6, "result", b"PNG of a picture", parts=3)
        self.server.on("Stylize", [accepted(), progress(2, 1), change, paused, *preview, *result, finished(7)])
        events, steps, previews = [], [], []
        result = self.client.stylize(
            b"photo", b"painting", on_event=events.append, on_progress=steps.append, on_preview=previews.append
        )
        self.assertEqual(names(events), ["Accepted", "Progress", "RecipeChange", "StateChanged", "Preview", "Result"])
        self.assertEqual([step.iteration for step in steps], [1])
        self.assertEqual([(p.iteration, p.picture.data) for p in previews], [(1, b"JPEG of it")])
        self.assertEqual(
            (result.picture.data, result.job, result.finished_elapsed), (b"PNG of a picture", "jobs/a", 7.0)
        )
        self.assertEqual(result.recipe.changes, (RecipeChange(1, style_weight=2.0),))
        self.assertEqual(self.server.methods(), ["Stylize"])

    def test_a_refusal(self):
        detail = _wire.message("google.rpc.BadRequest")(field_violations=[{"field": "recipe.style_layers[0].layer"}])
        self.server.on("Stylize", Fail(grpc.StatusCode.INVALID_ARGUMENT, "unknown layer", detail))
        with self.assertRaises(impasto.InvalidArgument) as caught:
            self.client.stylize(b"photo", b"painting")
        self.assertEqual(caught.exception.field, "recipe.style_layers[0].layer")
        self.assertEqual(self.server.methods(), ["Stylize"])

    def test_what_the_client_refuses_is_not_sent(self):
        with self.assertRaises(FileNotFoundError):
            self.client.stylize("no such file.jpg", b"painting")
        self.assertEqual(self.server.calls, [])

    def test_a_broken_connection(self):
        run = whole_run()
        self.server.on("Stylize", [run[0], run[1], GONE])
        self.server.on("WatchJob", [GONE], [run[2], run[3], GONE], run[3:])
        events = []
        result = self.client.stylize(b"photo", b"painting", on_event=events.append)
        self.assertEqual(
            names(events), ["Accepted", "Progress", "ConnectionLost", "Progress", "ConnectionLost", "Result"]
        )
        self.assertEqual(str(events[2].error), "gone")
        self.assertEqual(result.picture.data, b"PNG of a picture")
        self.assertEqual([request.after_event for request in self.server.requests("WatchJob")], [2, 2, 3])
        self.assertEqual(self.time.slept, [0.05, 0.1, 0.05])

    def test_it_breaks_before_the_job_is_accepted(self):
        self.server.on("Stylize", [GONE], whole_run())
        self.client.stylize(b"photo", b"painting")
        first, second = self.server.requests("Stylize")
        self.assertEqual(first, second)
        self.assertNotEqual(first.request_id, "")

    def test_a_server_that_stays_away(self):
        client = self.connect(reattach_timeout=1.0)
        self.server.on("Stylize", [accepted(), GONE])
        self.server.on("WatchJob", [Fail(grpc.StatusCode.UNAVAILABLE, "still gone")])
        with self.assertRaises(impasto.Unavailable) as caught:
            client.stylize(b"photo", b"painting")
        self.assertEqual(str(caught.exception), "gone")
        self.assertLess(self.time.now, 1.0)
        self.assertNotIn("CancelJob", self.server.methods())

    def test_a_server_that_restarts_at_its_address(self):
        self.server.on("Stylize", [accepted(), progress(2, 1), GONE])
        others = []

        def restart(_):
            self.server.stop()
            others.append(FakeServer(self.server.address))
            others[0].on("WatchJob", whole_run()[2:])
            self.time.then = None

        self.time.then = restart
        result = self.client.stylize(b"photo", b"painting")
        self.addCleanup(others[0].stop)
        self.assertEqual(result.picture.data, b"PNG of a picture")
        self.assertEqual(others[0].requests("WatchJob")[-1].after_event, 2)

    def test_a_job_that_fails(self):
        error = {"code": 13, "message": "a step failed"}
        self.server.on(
            "Stylize", [accepted(), *picture(2, "result", b"best"), finished(3, "STATE_FAILED", error=error)]
        )
        events = []
        with self.assertRaises(impasto.Internal) as caught:
            self.client.stylize(b"photo", b"painting", on_event=events.append)
        self.assertEqual(str(caught.exception), "a step failed")
        self.assertEqual(events[-1].picture.data, b"best")

    def test_a_job_that_somebody_cancels(self):
        self.server.on("Stylize", [accepted(), finished(2, "STATE_CANCELLED")])
        with self.assertRaisesRegex(impasto.Cancelled, "the job was cancelled"):
            self.client.stylize(b"photo", b"painting")

    def test_a_server_that_breaks_the_protocol(self):
        self.server.on("Stylize", [accepted(), *picture(2, "result", b"abc", total_bytes=1 << 40)])
        self.server.on("CancelJob", job())
        with self.assertRaisesRegex(impasto.Internal, "a broken picture: it has 1099511627776 bytes"):
            self.client.stylize(b"photo", b"painting")
        self.assertEqual(self.server.methods(), ["Stylize", "CancelJob"])

    def test_ctrl_c_cancels_the_job(self):
        self.server.on("Stylize", [accepted(), progress(2, 1), lambda context: threading.Event().wait(30)])
        self.server.on("CancelJob", job())

        def interrupt(_):
            raise KeyboardInterrupt

        with self.assertRaises(KeyboardInterrupt):
            self.client.stylize(b"photo", b"painting", on_progress=interrupt)
        self.assertEqual(self.server.requests("CancelJob")[0].name, "jobs/a")

    def test_ctrl_c_before_the_job_is_accepted(self):
        self.server.on("Stylize", GONE)
        self.server.on("ListJobs", _wire.message("ListJobsResponse")(jobs=[{"name": "jobs/a"}]))
        self.server.on("CancelJob", job())
        self.time.then = mock.Mock(side_effect=[KeyboardInterrupt, None, None])
        with self.assertRaises(KeyboardInterrupt):
            self.client.stylize(b"photo", b"painting", request_id="id-7")
        self.assertEqual(self.server.methods(), ["Stylize", "ListJobs", "CancelJob"])
        self.assertEqual(self.server.requests("ListJobs")[0].filter, 'request_id = "id-7"')

    def test_a_callback_that_raises_cancels_the_job_and_comes_through(self):
        self.server.on("Stylize", whole_run())
        self.server.on("CancelJob", Fail(grpc.StatusCode.INTERNAL, "can't"))
        with self.assertRaises(ZeroDivisionError):
            self.client.stylize(b"photo", b"painting", on_progress=lambda _: 1 / 0)
        self.assertIn("CancelJob", self.server.methods())


class JobTest(ClientTest):
    def test_start_returns_once_it_is_accepted(self):
        go_on = threading.Event()
        self.addCleanup(go_on.set)

        def wait(context):
            go_on.wait(30)

        run = whole_run()
        self.server.on("Stylize", [run[0], wait, *run[1:]])
        started = self.client.start(b"photo", [b"one", b"two"], priority="batch", display_name="name")
        self.assertEqual((started.name, started.accepted.job, started.last_event), ("jobs/a", "jobs/a", 0))
        go_on.set()
        self.assertEqual(names(started), ["Accepted", "Progress", "Progress", "Result"])
        self.assertEqual(started.last_event, 4)
        self.assertEqual(started.result().picture.data, b"PNG of a picture")
        self.assertEqual(self.server.methods(), ["Stylize"])

    def test_a_detached_job_needs_no_stream(self):
        self.server.on("Stylize", whole_run())
        self.server.on("WatchJob", whole_run())
        started = self.client.start(b"photo", b"painting", detached=True)
        self.assertTrue(self.server.requests("Stylize")[0].detached)
        self.assertEqual(names(started.events()), ["Accepted", "Progress", "Progress", "Result"])
        self.assertEqual(self.server.methods(), ["Stylize", "WatchJob"])

    def test_watching_from_the_start_and_again(self):
        self.server.on("WatchJob", whole_run())
        handle = self.client.job("jobs/a")
        self.assertEqual(names(handle), ["Accepted", "Progress", "Progress", "Result"])
        self.assertEqual(handle.accepted.job, "jobs/a")
        self.assertEqual(names(handle), ["Accepted", "Progress", "Progress", "Result"])
        self.assertEqual([request.after_event for request in self.server.requests("WatchJob")], [0, 0])

    def test_watching_from_where_one_left_off(self):
        run = whole_run()
        self.server.on("WatchJob", run, run[2:])
        self.server.on("GetJob", job(original_recipe={"iterations": 77}))
        handle = self.client.job("a")
        for seen in handle:
            if isinstance(seen, Progress):
                break
        self.assertEqual(handle.last_event, 2)
        later = self.client.job("a")
        events = list(later.events(after=handle.last_event))
        self.assertEqual(names(events), ["Progress", "Result"])
        self.assertEqual(events[-1].recipe, impasto.Recipe(iterations=77))
        self.assertEqual(handle.result().recipe, impasto.Recipe(preset="painterly", iterations=3))

    def test_a_result_that_was_had_elsewhere(self):
        self.server.on("WatchJob", [finished(5)], whole_run())
        self.server.on("GetJob", job())
        handle = self.client.job("a")
        handle._last_event = 4
        self.assertEqual(handle.result().picture.data, b"PNG of a picture")
        self.assertEqual([request.after_event for request in self.server.requests("WatchJob")], [4, 0])

    def test_leaving_the_loop_ends_the_stream_and_not_the_job(self):
        ended = threading.Event()

        def note_the_end(context):
            context.add_callback(ended.set)

        self.server.on("WatchJob", [accepted(), note_the_end, progress(2, 1), lambda context: ended.wait(30)])
        for seen in self.client.job("a"):
            if isinstance(seen, Progress):
                break
        del seen
        self.assertTrue(ended.wait(30))
        self.assertEqual(self.server.methods(), ["WatchJob"])

    def test_no_such_job_and_no_such_event(self):
        self.server.on("WatchJob", Fail(grpc.StatusCode.NOT_FOUND, "no such job"))
        with self.assertRaises(impasto.NotFound):
            self.client.job("a").result()
        self.server.on("GetJob", job())
        self.server.on("WatchJob", Fail(grpc.StatusCode.OUT_OF_RANGE, "not there yet"))
        with self.assertRaises(impasto.OutOfRange):
            list(self.client.job("a").events(after=99))

    def test_changes(self):
        for method in ("UpdateJob", "PauseJob", "ResumeJob", "CancelJob", "GetJob"):
            self.server.on(method, job(state=4, iteration=5, device_time={"seconds": 2}, error={"code": 0}))
        self.server.on("DeleteJob", _wire.message("google.protobuf.Empty")())
        handle = self.client.job("a")
        for call in (handle.pause, handle.resume, handle.cancel, handle.info):
            info = call()
            self.assertEqual((info.state, info.iteration, info.device_time), (impasto.JobState.PAUSED, 5, 2.0))
            self.assertIsNone(info.error)
            self.assertIsNone(info.remaining)
        handle.update(style_weight=2.0, display_name="x")
        request = self.server.requests("UpdateJob")[0]
        self.assertEqual(list(request.update_mask.paths), ["recipe.style_weight", "display_name"])
        self.assertIsNone(handle.delete())

    def test_detaching(self):
        self.server.on("Stylize", [accepted(), lambda context: threading.Event().wait(1)])
        self.server.on("UpdateJob", job(), Fail(grpc.StatusCode.FAILED_PRECONDITION, "it has ended"))
        started = self.client.start(b"photo", b"painting")
        started.detach()
        request = self.server.requests("UpdateJob")[0]
        self.assertEqual((request.job.detached, list(request.update_mask.paths)), (True, ["detached"]))
        started.detach()

    def test_an_error_of_the_job_is_told_each_time(self):
        self.server.on("WatchJob", [accepted(), finished(2, "STATE_FAILED", error={"code": 8, "message": "no memory"})])
        handle = self.client.job("a")
        for _ in range(2):
            with self.assertRaisesRegex(impasto.ResourceExhausted, "no memory"):
                handle.result()


class EventsTest(unittest.TestCase):
    def test_every_event_is_one(self):
        kinds = (Accepted, Progress, Preview, Result, RecipeChange, StateChanged, ConnectionLost)
        self.assertEqual(set(impasto.Event.__args__), set(kinds))


if __name__ == "__main__":
    unittest.main()
