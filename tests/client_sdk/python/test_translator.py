"""From the API's events to the package's."""

import unittest

import impasto
from fake_server import accepted, event, finished, picture, progress
from impasto._translator import EventTranslator


def translator(after=0):
    return EventTranslator(max_picture_bytes=1000, after=after)


class TranslatorTest(unittest.TestCase):
    def add(self, follower, *messages):
        return [numbered for message in messages for numbered in follower.add(message)]

    def test_accepted(self):
        follower = translator()
        values = {"width": 4, "height": 3, "warnings": ["random"], "jobs_ahead": 2, "attached": True}
        memory = {"peak_bytes": 5, "budget_bytes": 9, "largest_max_size": 64}
        ((number, got),) = self.add(follower, accepted(7, "jobs/x", memory=memory, **values))
        self.assertEqual(number, 7)
        self.assertEqual(
            got,
            impasto.Accepted(
                job="jobs/x",
                recipe=impasto.Recipe(preset="painterly", iterations=3),
                width=4,
                height=3,
                warnings=("random",),
                jobs_ahead=2,
                memory=impasto.MemoryForecast(5, 9, 64),
                attached=True,
            ),
        )
        self.assertEqual(follower.job, "jobs/x")

    def test_progress(self):
        values = {
            "iteration": 5,
            "iterations": 10,
            "total_loss": 6.5,
            "content_loss": 1.0,
            "style_loss": 5.0,
            "tv_loss": 0.5,
            "elapsed": {"seconds": 1, "nanos": 500_000_000},
            "remaining": {"seconds": 3},
            "content_layer_losses": [1.0],
            "style_layer_losses": [2.0, 3.0],
            "level": 1,
            "levels": 2,
        }
        ((_, got),) = self.add(translator(), event(2, progress=values))
        self.assertEqual(got, impasto.Progress(5, 10, 6.5, 1.0, 5.0, 0.5, 1.5, 3.0, (1.0,), (2.0, 3.0), 1, 2))
        self.assertEqual(str(got), "step 5 of 10, loss 6.5, 3 s left")

    def test_changes_and_states(self):
        got = self.add(
            translator(),
            event(2, changed={"iteration": 4, "style_weight": 0.5}),
            event(3, state_changed={"state": 4, "iteration": 5, "reason": "a client"}),
            event(4, state_changed={"state": 99}),
        )
        self.assertEqual(got[0], (2, impasto.RecipeChange(4, style_weight=0.5)))
        self.assertEqual(got[1], (3, impasto.StateChanged(impasto.JobState.PAUSED, 5, "a client")))
        self.assertEqual(got[2], (4, impasto.StateChanged(impasto.JobState.UNSPECIFIED)))

    def test_the_result_comes_with_the_end_and_its_time(self):
        follower = translator()
        change = {"iteration": 2, "tv_weight": 1.0}
        self.add(follower, accepted(), event(2, changed=change), event(3, changed=change))
        self.assertEqual(self.add(follower, *picture(4, "result", b"abc", parts=2), finished(5)), [])
        follower.stream_ended()
        ((number, result),) = follower.result()
        self.assertEqual(number, 4)
        self.assertEqual(
            (result.picture.data, result.iteration, result.job, result.finished_elapsed), (b"abc", 3, "jobs/a", 7.0)
        )
        self.assertEqual(result.recipe.changes, (impasto.RecipeChange(2, tv_weight=1.0),))
        self.assertIsNone(follower.error())
        self.assertEqual(follower.result(), [])

    def test_what_was_seen_is_passed_over(self):
        follower = translator(after=2)
        self.assertEqual(self.add(follower, progress(1, 1), progress(2, 2)), [])
        self.assertEqual(len(self.add(follower, progress(3, 3))), 1)
        self.assertEqual(follower.last_event, 3)

    def test_a_picture_counts_once_it_is_whole(self):
        follower = translator()
        first, second = picture(2, "preview", b"abcd", parts=2)
        self.add(follower, accepted(), first)
        self.assertEqual(follower.last_event, 1)
        follower.stream_ended()
        ((number, preview),) = self.add(follower, first, second)
        self.assertEqual((number, preview.iteration, preview.picture.data), (2, 3, b"abcd"))
        self.assertEqual(follower.last_event, 2)

    def test_a_later_servers_event_is_passed_over(self):
        follower = translator()
        self.assertEqual(self.add(follower, event(5)), [])
        self.assertEqual(follower.last_event, 5)

    def test_two_results(self):
        follower = translator()
        self.add(follower, *picture(2, "result", b"abc"))
        with self.assertRaisesRegex(impasto.Internal, "two results"):
            self.add(follower, *picture(3, "result", b"abc"))

    def test_a_picture_within_another(self):
        follower = translator()
        self.add(follower, picture(2, "preview", b"abcd", parts=2)[0])
        with self.assertRaisesRegex(impasto.Internal, "the result of iteration 3 begins within another"):
            self.add(follower, *picture(3, "result", b"abc"))

    def test_how_it_ended(self):
        def error(*messages, after=0):
            follower = translator(after)
            self.add(follower, *messages)
            return follower.error()

        result = picture(2, "result", b"abc")
        self.assertIsNone(error(*result, finished(3)))
        self.assertIsInstance(error(*result, finished(3, "STATE_CANCELLED")), impasto.Cancelled)
        failed = error(finished(3, "STATE_FAILED", error={"code": 8, "message": "no memory"}))
        self.assertIsInstance(failed, impasto.ResourceExhausted)
        self.assertEqual(str(failed), "no memory")
        self.assertEqual(str(error(finished(3, "STATE_FAILED"))), "the server says that the job failed, and not why")
        self.assertEqual(str(error(progress(2, 1))), "the server ended the job without saying how")
        self.assertEqual(str(error(finished(3))), "the server ended the job without a whole result")
        self.assertIsNone(error(finished(9), after=8))
        self.assertIsNone(error(after=9))


if __name__ == "__main__":
    unittest.main()
