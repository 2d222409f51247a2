"""Following a job over streams that break."""

import unittest

import impasto
from fake_server import accepted, finished, picture, progress
from impasto import _wire
from impasto._attachment import Attachment
from impasto._operations import Environment
from test_options import options

GONE = impasto.Unavailable("gone")


class AttachmentTest(unittest.TestCase):
    def setUp(self):
        self.now = 0.0

    def attach(self, reattach_timeout=60.0, **start):
        environment = Environment(lambda: self.now, lambda: 0.5)
        limits = {"reattach_timeout": reattach_timeout, "max_received_picture_bytes": 1000}
        return Attachment(options(**limits), environment, **start)

    def take(self, attachment, *messages):
        return [attachment.delivered(numbered) for message in messages for numbered in attachment.add(message)]

    def test_before_accepted_the_same_request_is_sent_again(self):
        request = _wire.message("StylizeRequest")(request_id="r")
        attachment = self.attach(stylize=request)
        self.assertEqual(attachment.next_call(), ("Stylize", request))
        retry = attachment.stream_ended(GONE)
        self.assertEqual((retry.wait, retry.lost), (0.05, impasto.ConnectionLost(GONE)))
        self.assertEqual(attachment.next_call(), ("Stylize", request))

    def test_after_accepted_it_watches_from_the_last_whole_event(self):
        attachment = self.attach(stylize=_wire.message("StylizeRequest")())
        self.take(attachment, accepted(1, "jobs/x"), progress(2, 1), picture(3, "preview", b"abcd", parts=2)[0])
        attachment.stream_ended(GONE)
        method, request = attachment.next_call()
        self.assertEqual((method, request.name, request.after_event), ("WatchJob", "jobs/x", 2))

    def test_one_loss_is_told_once(self):
        attachment = self.attach(job="jobs/x")
        self.assertIsNotNone(attachment.stream_ended(GONE).lost)
        self.assertIsNone(attachment.stream_ended(GONE).lost)
        self.take(attachment, progress(1, 1))
        self.assertIsNotNone(attachment.stream_ended(GONE).lost)

    def test_what_came_starts_the_time_anew(self):
        attachment = self.attach(job="jobs/x", reattach_timeout=1.0)
        attachment.stream_ended(GONE)
        self.now = 0.9
        self.take(attachment, progress(1, 1))
        self.now = 1.8
        self.assertEqual(attachment.stream_ended(GONE).wait, 0.05)

    def test_it_gives_up_with_the_first_error(self):
        attachment = self.attach(job="jobs/x", reattach_timeout=1.0)
        attachment.stream_ended(GONE)
        self.now = 1.0
        self.assertIsNone(attachment.stream_ended(impasto.Unavailable("still gone")))
        self.assertTrue(attachment.over)
        self.assertIs(attachment.outcome(), GONE)

    def test_not_at_all(self):
        attachment = self.attach(job="jobs/x", reattach_timeout=0)
        self.assertIsNone(attachment.stream_ended(GONE))
        self.assertIs(attachment.outcome(), GONE)

    def test_another_error_ends_it(self):
        error = impasto.NotFound("no such job")
        attachment = self.attach(job="jobs/x")
        self.assertIsNone(attachment.stream_ended(error))
        self.assertIs(attachment.outcome(), error)
        self.assertEqual(attachment.last_events(), [])

    def test_a_job_that_failed_has_its_best_picture_and_its_own_error(self):
        attachment = self.attach(job="jobs/x")
        failed = finished(3, "STATE_FAILED", error={"code": 13, "message": "a step failed"})
        self.take(attachment, *picture(2, "result", b"abc"), failed)
        self.assertIsNone(attachment.stream_ended(impasto.Internal("of the call")))
        ((_, result),) = attachment.last_events()
        self.assertEqual(result.picture.data, b"abc")
        self.assertEqual(str(attachment.outcome()), "a step failed")

    def test_after_the_last_event_there_is_nothing_to_come_back_for(self):
        attachment = self.attach(job="jobs/x")
        self.take(attachment, *picture(2, "result", b"abc"), finished(3))
        self.assertIsNone(attachment.stream_ended(GONE))
        self.assertEqual(len(attachment.last_events()), 1)
        self.assertIsNone(attachment.outcome())

    def test_the_last_event_is_one_that_the_user_has_got(self):
        attachment = self.attach(job="jobs/x")
        self.take(attachment, progress(2, 1), *picture(3, "result", b"abc"), finished(4))
        self.assertEqual(attachment.last_event, 2)
        attachment.stream_ended(None)
        attachment.delivered(attachment.last_events()[0])
        self.assertEqual(attachment.last_event, 3)
        self.assertEqual(attachment.result.finished_elapsed, 7.0)

    def test_the_recipe_of_a_stream_that_begins_later(self):
        attachment = self.attach(job="jobs/x", after=5, recipe=impasto.Recipe(iterations=9))
        self.assertEqual(attachment.next_call()[1].after_event, 5)
        self.take(attachment, *picture(6, "result", b"abc"), finished(7))
        attachment.stream_ended(None)
        self.assertEqual(attachment.last_events()[0][1].recipe, impasto.Recipe(iterations=9))


if __name__ == "__main__":
    unittest.main()
