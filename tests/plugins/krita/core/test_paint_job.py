import unittest
import unittest.mock

import core_testing  # first
import impasto
from core_testing import progress
from impasto import JobState
from impasto_docker.core.paint_job import PaintJob

ADDRESS = "127.0.0.1:7"
NAME = "jobs/1"


class Settings:
    """Of a server, as far as a fake connection wants them."""

    def full_address(self):
        return ADDRESS


class PaintJobTest(unittest.TestCase):
    def setUp(self):
        self.server = core_testing.FakeServer()
        self.heard = core_testing.Heard()
        self.accepted = []
        self.finished = []
        self.kept = True
        self.sent = 0

    def start(self, **options):
        options.setdefault("send", self.send if not options.get("job") else None)
        self.job = PaintJob(
            lambda: self.server.connect(Settings()),
            address=ADDRESS,
            request_id="r",
            accepted=lambda job: self.accepted.append(job.name),
            finished=self.finish,
            changed=self.heard,
            **options,
        )
        self.addCleanup(self.job.close)
        self.job.start()

    def send(self, client):
        self.sent += 1
        return client.start("content", "style", request_id="r")

    def finish(self, state):
        self.finished.append(state)
        return self.kept

    def wait_for(self, condition):
        self.heard.wait_for(lambda: condition(self.job.state()))
        return self.job.state()

    def wait_for_phase(self, phase):
        return self.wait_for(lambda state: state.phase == phase)

    def painting(self, *, steps=1):
        """A job that has made some steps."""
        self.start()
        self.wait_for_phase("waiting")
        self.server.say(NAME, *(progress(i + 1) for i in range(steps)))
        return self.wait_for(lambda state: state.iteration == steps)

    def test_from_the_request_to_the_painting(self):
        self.start()
        state = self.wait_for(lambda state: state.jobs_ahead == 2)
        self.assertEqual((state.phase, state.job, state.iterations), ("waiting", NAME, 10))
        preview = core_testing.picture(fill=1)
        self.server.say(NAME, progress(1), impasto.Preview(1, preview), progress(2))
        state = self.wait_for(lambda state: state.iteration == 2)
        self.assertEqual((state.phase, state.jobs_ahead, state.total_losses), ("painting", 0, (100.0, 50.0)))
        self.assertEqual((state.total_loss, state.content_loss, state.style_loss), (50.0, 1.0, 2.0))
        self.assertEqual((state.preview, state.preview_number, state.remaining), (preview, 1, 5.0))
        self.server.finish(NAME, core_testing.picture())
        state = self.wait_for_phase("done")
        self.assertEqual((state.recipe.seed, state.words, state.total_losses), (7, "", (100.0, 50.0)))
        self.assertEqual((self.accepted, len(self.finished)), ([NAME], 1))
        self.assertEqual(self.finished[0].result, core_testing.picture())
        self.assertIsNone(state.result)  # it is kept elsewhere

    def test_a_result_that_cant_be_kept_stays_in_memory(self):
        self.kept = False
        self.painting()
        self.server.finish(NAME, core_testing.picture())
        self.assertEqual(self.wait_for_phase("done").result, core_testing.picture())

    def test_paused_jobs_wait(self):
        self.painting()
        self.server.say(NAME, impasto.StateChanged(JobState.PAUSED))
        self.wait_for_phase("waiting")
        self.server.say(NAME, impasto.StateChanged(JobState.RUNNING))
        self.wait_for_phase("painting")

    def test_the_last_losses_are_of_the_picture_after_the_last_step(self):
        self.painting(steps=10)
        self.server.say(NAME, progress(11))
        self.assertEqual(self.wait_for(lambda state: len(state.total_losses) == 11).iteration, 10)

    def test_a_lost_connection_is_told_and_made_again(self):
        self.painting(steps=2)
        self.server.set_up(False)
        state = self.wait_for_phase("reconnecting")
        self.assertIn("127.0.0.1:7", state.words)
        self.assertEqual(state.total_losses, (100.0, 50.0))
        self.server.set_up(True)
        self.job.try_now()
        self.server.say(NAME, progress(3))
        state = self.wait_for(lambda state: state.iteration == 3)
        self.assertEqual((state.phase, state.words), ("painting", ""))
        self.assertEqual(len(state.total_losses), 3)  # none is missed, and none comes twice
        self.assertEqual(self.sent, 1)

    def test_a_server_that_breaks_off_each_time_is_left_alone_for_a_while(self):
        with unittest.mock.patch("impasto_docker.core.paint_job._WAITS", (0.0, 3600.0)):
            self.painting()
            broken = unittest.mock.patch.object(
                core_testing.FakeJob, "events", side_effect=impasto.Unavailable("stopping", retry_after=2.0)
            )
            with broken:
                self.server.set_up(False)
                self.wait_for(lambda state: "No Impasto server runs" in state.words)
                self.server.set_up(True)
                self.job.try_now()
                words = "stopping. Try again in 2 s."
                self.assertEqual(self.wait_for(lambda state: state.words == words).phase, "reconnecting")
            # The first, the one that was refused, and the one that broke off: nothing has been tried since.
            self.assertEqual(self.server.connections, 3)
            self.job.try_now()
            self.wait_for_phase("painting")

    def test_a_server_that_goes_on_from_before_what_was_heard(self):
        self.painting(steps=3)
        self.server.set_up(False)
        self.wait_for_phase("reconnecting")
        with self.server.news:
            del self.server.jobs[NAME].events[3:]
        self.server.set_up(True)
        self.job.try_now()
        self.wait_for(lambda state: len(state.total_losses) == 2)
        self.server.say(NAME, progress(3, loss=30.0))
        self.assertEqual(self.wait_for(lambda state: len(state.total_losses) == 3).total_losses, (100.0, 50.0, 30.0))

    def test_access_that_is_refused_ends_no_job_that_was_accepted(self):
        self.painting()
        self.server.refusal = impasto.Unauthenticated("the server doesn't know this token")
        self.server.set_up(False)
        self.assertIn("access token", self.wait_for(lambda state: "token" in state.words).words)
        self.server.refusal = None
        self.server.set_up(True)
        self.job.try_now()
        self.wait_for_phase("painting")

    def test_before_it_is_accepted_a_refusal_is_final(self):
        self.server.refusal = impasto.Unauthenticated("an access token is wanted")
        self.start()
        self.assertIn("wants an access token", self.wait_for_phase("failed").words)
        self.assertEqual(self.finished[0].phase, "failed")

    def test_nobody_there_is_waited_for(self):
        self.server.set_up(False)
        self.start()
        self.assertIn("No Impasto server runs on this computer", self.wait_for_phase("reconnecting").words)
        self.server.set_up(True)
        self.job.try_now()
        self.wait_for_phase("waiting")

    def test_a_lost_answer_makes_no_second_job(self):
        self.server.answer_lost = True
        self.start()
        self.wait_for_phase("waiting")
        self.assertEqual((list(self.server.jobs), self.sent, self.accepted), ([NAME], 1, [NAME]))

    def test_a_request_that_never_arrived_is_sent_again(self):
        def broken(client):
            self.sent += 1
            if self.sent == 1:
                raise impasto.Unavailable("the connection broke")
            return client.start("content", "style", request_id="r")

        self.start(send=broken)
        self.wait_for_phase("waiting")
        self.assertEqual(self.sent, 2)

    def test_a_job_that_is_there_is_found_by_its_name(self):
        self.server.job()
        self.server.say(NAME, progress(1))
        self.start(job=NAME)
        self.assertEqual(self.wait_for(lambda state: state.iteration == 1).phase, "painting")
        self.assertEqual(self.accepted, [])

    def test_or_by_its_request(self):
        self.server.job("jobs/7", request_id="other")
        self.server.job("jobs/8")
        self.start(send=None)
        self.assertEqual(self.wait_for_phase("waiting").job, "jobs/8")
        self.assertEqual(self.accepted, ["jobs/8"])

    def test_a_request_that_the_server_never_had(self):
        self.start(send=None)
        self.assertEqual(self.wait_for_phase("failed").words, "The server never had the picture. Paint it again.")

    def test_a_job_that_is_gone(self):
        self.start(job="jobs/9")
        self.assertIn("doesn't know this job any more", self.wait_for_phase("failed").words)

    def test_a_failed_job_keeps_its_best_picture(self):
        self.painting()
        self.server.say(NAME, impasto.Result(core_testing.picture()), error=impasto.Internal("out of paint"))
        state = self.wait_for_phase("failed")
        self.assertEqual(state.words, "Something went wrong at the server; its log may say more. (out of paint)")
        self.assertEqual(self.finished[0].result, core_testing.picture())

    def test_an_end_without_a_result(self):
        self.painting()
        self.server.say(NAME, end=True)
        self.assertIn("without a whole result", self.wait_for_phase("failed").words)

    def test_our_own_faults_are_told(self):
        def fault(client):
            raise FileNotFoundError(2, "No such file or directory", "/gone.png")

        self.start(send=fault)
        self.assertIn('"/gone.png"', self.wait_for_phase("failed").words)

    # What the user wants.

    def test_weights(self):
        self.painting()
        self.job.change_weights(2.0, None)
        self.server.wait_for(lambda: self.server.told == [(NAME, {"content_weight": 2.0})])

    def test_weights_that_are_refused(self):
        self.painting()
        self.server.jobs[NAME].refuse = [
            impasto.InvalidArgument("recipe.style_weight: too much", field="recipe.style_weight")
        ]
        self.job.change_weights(None, 9.0)
        self.assertEqual(self.wait_for(lambda state: state.change_refused).change_refused, "Style weight: too much")
        self.job.change_weights(None, 8.0)
        self.wait_for(lambda state: not state.change_refused)

    def test_weights_wait_for_the_server_to_be_back_and_the_newest_wins(self):
        self.painting()
        self.server.set_up(False)
        self.wait_for_phase("reconnecting")
        for weight in (1.0, 2.0, 3.0):
            self.job.change_weights(None, weight)
        self.server.set_up(True)
        self.job.try_now()
        self.server.wait_for(lambda: self.server.told and self.server.told[-1] == (NAME, {"style_weight": 3.0}))

    def test_weights_that_the_lost_connection_took_along_are_told_again(self):
        self.painting()
        update = core_testing.FakeJob.update
        gone = core_testing.threading.Event()

        def break_once(job, **changes):
            if not gone.is_set():
                self.server.set_up(False)
                gone.wait(core_testing.PATIENCE)
                raise impasto.Cancelled("the channel is closed")  # as gRPC has it
            return update(job, **changes)

        with unittest.mock.patch.object(core_testing.FakeJob, "update", break_once):
            self.job.change_weights(2.0, None)
            self.wait_for_phase("reconnecting")
            gone.set()
            self.server.set_up(True)
            self.job.try_now()
            self.server.wait_for(lambda: self.server.told == [(NAME, {"content_weight": 2.0})])
        self.assertEqual(self.job.state().change_refused, "")

    def test_stopping_ends_it_with_the_next_step(self):
        self.painting(steps=3)
        self.job.stop()
        self.assertEqual(self.job.phase(), "stopping")
        self.server.wait_for(lambda: self.server.told == [(NAME, {"iterations": 4})])
        self.server.finish(NAME, core_testing.picture())
        self.wait_for_phase("done")

    def test_a_server_that_is_faster_gets_more_steps(self):
        self.painting(steps=3)
        self.server.jobs[NAME].refuse = [impasto.InvalidArgument("it has made 4 steps")] * 2
        self.job.stop()
        self.server.wait_for(lambda: len(self.server.told) == 3)
        self.assertEqual([what["iterations"] for _, what in self.server.told], [4, 5, 7])

    def test_a_paused_job_is_resumed_to_stop(self):
        self.painting()
        self.server.jobs[NAME].state = JobState.PAUSED
        self.job.stop()
        self.server.wait_for(lambda: self.server.told == [(NAME, {"iterations": 2}), (NAME, "ResumeJob")])

    def test_where_steps_cant_be_changed_it_is_cancelled_and_its_best_picture_is_the_result(self):
        self.painting()
        self.server.jobs[NAME].refuse = [impasto.Internal("a bug")]
        self.server.say(NAME, impasto.Result(core_testing.picture()))
        self.job.stop()
        self.wait_for_phase("done")
        self.assertEqual(self.server.told[-1], (NAME, "CancelJob"))

    def test_without_a_step_stopping_cancels(self):
        self.start()
        self.wait_for_phase("waiting")
        self.job.stop()
        self.wait_for_phase("cancelled")
        self.assertEqual(self.server.told, [(NAME, "CancelJob")])

    def test_stopping_what_was_just_found_again_keeps_the_best(self):
        self.server.job()
        self.server.say(NAME, *(progress(i + 1) for i in range(5)))
        self.server.set_up(False)
        self.start(job=NAME)
        self.wait_for_phase("reconnecting")
        self.job.stop()  # nothing has been heard of it yet
        self.server.set_up(True)
        self.job.try_now()
        self.server.wait_for(lambda: self.server.told == [(NAME, {"iterations": 6})])
        self.server.finish(NAME, core_testing.picture())
        self.wait_for_phase("done")

    def test_where_the_last_step_is_made_anyway_nothing_is_told(self):
        self.painting(steps=9)
        self.job.stop()
        self.server.finish(NAME, core_testing.picture())
        self.wait_for_phase("done")
        self.assertEqual(self.server.told, [])

    def test_cancelling_tells_the_server_and_deletes_the_job(self):
        self.painting()
        self.job.cancel()
        self.assertEqual(self.job.phase(), "cancelled")
        self.server.wait_for(lambda: NAME not in self.server.jobs)
        self.assertEqual(self.server.told, [(NAME, "CancelJob"), (NAME, "DeleteJob")])
        self.heard.wait_for(lambda: self.finished)
        self.assertEqual((self.finished[0].phase, self.finished[0].result), ("cancelled", None))

    def test_cancelling_while_the_server_is_away(self):
        self.painting()
        self.server.set_up(False)
        self.wait_for_phase("reconnecting")
        self.job.cancel()
        self.assertEqual(self.job.phase(), "cancelled")
        self.server.set_up(True)
        self.server.wait_for(lambda: NAME not in self.server.jobs)

    def test_what_was_cancelled_before_it_was_sent_isnt(self):
        self.server.set_up(False)
        self.start()
        self.wait_for_phase("reconnecting")
        self.job.cancel()
        self.server.set_up(True)
        self.heard.wait_for(lambda: self.finished)
        self.assertEqual((self.sent, self.job.phase()), (0, "cancelled"))

    def test_cancelled_by_somebody_else(self):
        self.painting()
        self.server.say(NAME, error=impasto.Cancelled("the job was cancelled"))
        self.assertEqual(self.wait_for_phase("cancelled").words, "")

    def test_closing_leaves_the_job_and_ends_the_threads(self):
        self.painting()
        self.job.close()
        core_testing.wait_for_threads_to_end()
        self.assertEqual((self.finished, self.server.told, list(self.server.jobs)), ([], [], [NAME]))

    def test_closing_while_it_waits_for_the_server(self):
        self.server.set_up(False)
        self.start()
        self.wait_for_phase("reconnecting")
        self.job.change_weights(1.0, 1.0)
        self.job.close()
        core_testing.wait_for_threads_to_end()


if __name__ == "__main__":
    unittest.main()
