"""What the clients do, told to a script instead of a server."""

import unittest

import impasto
from impasto import _operations, _wire
from impasto._operations import Environment, Operations, Sleep, Unary, Upload, upload_parts
from test_options import options


class Script:
    """Runs an operation: answers its effects in order, and notes them. Time passes by what it sleeps."""

    def __init__(self, *answers, uniform=0.5, **values):
        self.effects = []
        self.now = 0.0
        self._answers = list(answers)
        self.operations = Operations(
            options(**{"max_inline_picture_bytes": 10, **values}), Environment(lambda: self.now, lambda: uniform)
        )

    def run(self, operation):
        step, value = operation.send, None
        while True:
            try:
                effect = step(value)
            except StopIteration as stop:
                return stop.value
            self.effects.append(effect)
            step, value = operation.send, None
            if isinstance(effect, Sleep):
                self.now += effect.seconds
                continue
            value = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
            if isinstance(value, Exception):
                step = operation.throw

    def calls(self):
        return [effect.method for effect in self.effects if isinstance(effect, Unary)]


def info(**values):
    return _wire.message("ServerInfo")(**{"version": "0.0.9", "api_revision": 1, "min_client_revision": 1, **values})


GONE = impasto.Unavailable("nobody there")


class ConnectTest(unittest.TestCase):
    def test_it_learns_what_the_server_takes(self):
        script = Script(info(max_request_bytes=1000, client="me"), connect_timeout=2.0, wait_for_server=True)
        self.assertEqual(script.run(script.operations.connect()).client, "me")
        self.assertEqual(script.operations.max_request_bytes, 1000)
        (effect,) = script.effects
        self.assertEqual((effect.method, effect.timeout, effect.wait_for_ready), ("GetServerInfo", 2.0, True))

    def refused(self, answer, kind):
        script = Script(answer, address="h:1")
        with self.assertRaises(kind) as caught:
            script.run(script.operations.connect())
        self.assertEqual(len(script.effects), 1)
        return str(caught.exception)

    def test_versions_that_do_not_fit(self):
        self.assertEqual(
            self.refused(info(api_revision=0), impasto.FailedPrecondition),
            "the server at h:1 (impastod 0.0.9) speaks revision 0 of the API; this client needs 1: update the server",
        )
        self.assertEqual(
            self.refused(info(min_client_revision=2), impasto.FailedPrecondition),
            "the server at h:1 (impastod 0.0.9) no longer understands this client (revision 1): update the client",
        )
        self.assertEqual(
            self.refused(impasto.ImpastoError("", code=impasto.Code.UNIMPLEMENTED), impasto.FailedPrecondition),
            "h:1 is no Impasto server, or one older than API revision 1: update the server",
        )

    def test_a_later_server_is_fine(self):
        script = Script(info(api_revision=9))
        self.assertEqual(script.run(script.operations.connect()).api_revision, 9)

    def test_no_server(self):
        self.assertEqual(self.refused(GONE, impasto.Unavailable), "can't reach h:1: nobody there")
        self.assertEqual(
            self.refused(impasto.DeadlineExceeded("late"), impasto.Unavailable), "no answer from h:1 within 5 s"
        )

    def test_other_errors_come_through(self):
        self.assertEqual(self.refused(impasto.Unauthenticated("a token"), impasto.Unauthenticated), "a token")


class CallTest(unittest.TestCase):
    def test_a_short_call_has_its_time(self):
        script = Script(_wire.message("Job")(name="jobs/a"), timeout=7.0)
        self.assertEqual(script.run(script.operations.job("GetJob", "jobs/a")).name, "jobs/a")
        self.assertEqual(script.effects[0].timeout, 7.0)

    def test_loading_takes_its_time(self):
        script = Script(_wire.message("Model")(name="models/vgg19"))
        script.run(script.operations.model("LoadModel", "vgg19"))
        self.assertIsNone(script.effects[0].timeout)
        self.assertEqual(script.effects[0].request.name, "models/vgg19")

    def test_a_call_without_a_server_is_made_again(self):
        script = Script(GONE, GONE, _wire.message("Job")(name="jobs/a"))
        script.run(script.operations.job("GetJob", "jobs/a"))
        self.assertEqual([e.seconds for e in script.effects if isinstance(e, Sleep)], [0.05, 0.1])
        self.assertEqual(script.calls(), ["GetJob"] * 3)

    def test_the_server_says_when(self):
        script = Script(impasto.Unavailable("stopping", retry_after=4.0), _wire.message("Job")())
        script.run(script.operations.job("GetJob", "jobs/a"))
        self.assertEqual(script.now, 4.0)

    def test_it_gives_up_after_retry_timeout(self):
        script = Script(GONE, retry_timeout=1.0)
        with self.assertRaises(impasto.Unavailable) as caught:
            script.run(script.operations.job("GetJob", "jobs/a"))
        self.assertEqual(str(caught.exception), "nobody there")
        self.assertAlmostEqual(script.now, 0.05 + 0.1 + 0.2 + 0.4)

    def test_no_retries(self):
        script = Script(GONE, retry_timeout=0)
        with self.assertRaises(impasto.Unavailable):
            script.run(script.operations.job("GetJob", "jobs/a"))
        self.assertEqual(len(script.effects), 1)

    def test_other_errors_are_not_tried_again(self):
        script = Script(impasto.ResourceExhausted("full", retry_after=1.0))
        with self.assertRaises(impasto.ResourceExhausted):
            script.run(script.operations.job("GetJob", "jobs/a"))
        self.assertEqual(len(script.effects), 1)

    def test_pages(self):
        page = _wire.message("ListJobsResponse")
        script = Script(page(jobs=[{"name": "jobs/a"}], next_page_token="t"), page(jobs=[{"name": "jobs/b"}]))
        jobs = script.run(script.operations.jobs("state = RUNNING", "name desc"))
        self.assertEqual([job.name for job in jobs], ["jobs/a", "jobs/b"])
        first, second = (effect.request for effect in script.effects)
        self.assertEqual((first.filter, first.order_by, first.page_token), ("state = RUNNING", "name desc", ""))
        self.assertEqual((second.filter, second.page_token), ("state = RUNNING", "t"))

    def test_a_list_without_an_end(self):
        script = Script(_wire.message("ListStylesResponse")(next_page_token="again"))
        with self.assertRaisesRegex(impasto.Internal, "the server's list of styles has no end: 1000 pages"):
            script.run(script.operations.styles())


class UploadTest(unittest.TestCase):
    def picture(self, size, raw=False):
        picture = _wire.message("Picture")
        return (
            picture(raw={"format": 1, "width": 2, "height": 2, "data": b"x" * size})
            if raw
            else picture(encoded=b"x" * size)
        )

    def test_the_parts(self):
        parts = list(upload_parts(self.picture((1 << 20) + 3)))
        self.assertEqual([len(part.data) for part in parts], [1 << 20, 3])
        raw = list(upload_parts(self.picture(4, raw=True)))
        self.assertEqual((raw[0].raw.width, raw[0].raw.data, raw[0].data), (2, b"", b""))
        self.assertEqual(raw[1].data, b"xxxx")

    def stylize(self, *sizes):
        message = _wire.message("StylizeRequest")(content={"encoded": b"c" * sizes[0]})
        for size in sizes[1:]:
            message.styles.add(encoded=b"s" * size)
        return message

    def test_only_what_is_large_is_uploaded(self):
        script = Script(_wire.message("UploadPictureResponse")(name="uploads/1"))
        message = self.stylize(5, 11, 10)
        script.run(script.operations.upload_large_pictures(message))
        self.assertEqual([type(effect) for effect in script.effects], [Upload])
        self.assertEqual((message.styles[0].upload, message.styles[1].encoded), ("uploads/1", b"s" * 10))
        self.assertEqual(message.content.encoded, b"c" * 5)

    def test_the_largest_go_until_the_request_fits(self):
        script = Script(_wire.message("UploadPictureResponse")(name="uploads/1"))
        script.operations.max_request_bytes = 14
        message = self.stylize(5, 9, 8)
        script.run(script.operations.upload_large_pictures(message))
        self.assertEqual(message.styles[0].upload, "uploads/1")
        self.assertEqual((message.content.encoded, message.styles[1].encoded), (b"c" * 5, b"s" * 8))

    def test_names_are_left_alone(self):
        script = Script(None)
        message = _wire.message("StylizeRequest")(content={"upload": "uploads/x"}, styles=[{"style": "styles/y"}])
        script.run(script.operations.upload_large_pictures(message))
        self.assertEqual(script.effects, [])
        self.assertEqual(script.run(script.operations.upload(message.content)), "uploads/x")

    def test_a_refusal_is_told_in_terms_of_the_request(self):
        script = Script(impasto.InvalidArgument("data: not a picture", field="data", reason="R"))
        with self.assertRaises(impasto.InvalidArgument) as caught:
            script.run(script.operations.upload_large_pictures(self.stylize(1, 11)))
        error = caught.exception
        self.assertEqual((str(error), error.field, error.reason), ("styles[0]: not a picture", "styles[0]", "R"))

    def test_a_server_that_gives_no_name(self):
        script = Script(_wire.message("UploadPictureResponse")())
        with self.assertRaisesRegex(impasto.Internal, "gave an upload no name"):
            script.run(script.operations.upload(self.picture(1)))


class CancelTest(unittest.TestCase):
    def test_a_job_is_found_by_its_request(self):
        found = _wire.message("ListJobsResponse")(jobs=[{"name": "jobs/a"}])
        script = Script(found, _wire.message("Job")(), name="me")
        script.run(script.operations.cancel_request("id-1"))
        self.assertEqual(script.calls(), ["ListJobs", "CancelJob"])
        self.assertEqual(script.effects[0].request.filter, 'request_id = "id-1" AND client = "me"')
        self.assertEqual(script.effects[1].request.name, "jobs/a")

    def test_there_is_none(self):
        script = Script(_wire.message("ListJobsResponse")())
        script.run(script.operations.cancel_request("id-1"))
        self.assertEqual(script.calls(), ["ListJobs"])


class NamesTest(unittest.TestCase):
    def test_full_names(self):
        self.assertEqual(_operations.full_name("jobs", "a"), "jobs/a")
        self.assertEqual(_operations.full_name("jobs", "jobs/a"), "jobs/a")


if __name__ == "__main__":
    unittest.main()
