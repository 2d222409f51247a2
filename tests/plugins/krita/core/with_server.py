"""The session against the real impastod, with small networks and pictures. IMPASTO_IMPASTOD names the program."""

import os
import random
import shutil
import signal
import sys
import tempfile
import time
import unittest
import unittest.mock
from dataclasses import replace
from pathlib import Path

import core_testing  # first
import impasto
from impasto_docker.core.connection import client_name, connect
from impasto_docker.core.history import Entry, History, Place
from impasto_docker.core.session import Folders, Session
from impasto_docker.core.settings import ServerSettings, Settings, Style

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "conformance"))
from bench.certificates import make_certificates
from bench.servers import Impastod
from bench.weights import write_small_vgg19

WIDTH, HEIGHT = 72, 60
PLACE = Place("Photo", width=WIDTH, height=HEIGHT)
QUICK = Settings(Style("picture", "document", "Sketch"), quality="iterations", iterations=6, size=48)
# It takes seconds until such a picture gets no better, which ends a job.
LONG_WIDTH, LONG_HEIGHT = 640, 512
LONG = Settings(QUICK.style, quality="iterations", iterations=100_000, size=LONG_WIDTH)


def noise(pixel_format, size, width=WIDTH, height=HEIGHT):
    return impasto.RawPixels(random.Random(1).randbytes(width * height * size), pixel_format, width, height)


STYLE = noise("rgb8", 3, 32, 32)


class WithServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = Path(tempfile.mkdtemp(prefix="impasto-krita-core-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        write_small_vgg19(str(cls.folder / "weights"))

    def setUp(self):
        self.own = Path(tempfile.mkdtemp(dir=self.folder))
        self.address = f"unix:{self.own}/server"
        self.settings = ServerSettings(self.address)
        self.folders = Folders(self.own / "config", self.own / "state")
        self.heard = core_testing.Heard()
        environment = unittest.mock.patch.dict("os.environ", {"IMPASTO_SERVER": self.address})
        environment.start()
        self.addCleanup(environment.stop)

    def serve(self, *flags):
        if not flags:
            flags = ("--state-dir", "none")
        flags = ["--weights-dir", str(self.folder / "weights"), "--models", "vgg19", *flags]
        self.server = Impastod(os.environ["IMPASTO_IMPASTOD"], flags, self.address)
        self.addCleanup(self.server.kill)

    def open(self):
        self.session = Session(self.folders, self.heard)
        self.addCleanup(self.session.close)

    def ready(self, *flags):
        self.serve(*flags)
        self.open()
        self.heard.wait_for(lambda: self.session.status().light == "ready")

    def start(self, settings=QUICK, content=None):
        content = content or noise("rgb8", 3)
        return self.session.start(
            content, STYLE, settings, Place("Photo", width=content.width, height=content.height), {}
        )

    def wait_for(self, entry_id, condition):
        self.heard.wait_for(lambda: condition(self.session.item(entry_id)))
        return self.session.item(entry_id)

    def wait_for_phase(self, entry_id, phase):
        return self.wait_for(entry_id, lambda item: item.phase == phase)

    def painting(self):
        """A job that has made some steps of many."""
        entry_id = self.start(LONG, noise("rgb8", 3, LONG_WIDTH, LONG_HEIGHT))
        self.wait_for(entry_id, lambda item: item.live.iteration > 3)
        return entry_id

    def jobs(self):
        with connect(self.settings) as client:
            return client.jobs()

    def check_result(self, entry_id):
        """That of `painting`."""
        self.assertEqual(len(self.session.result(entry_id).data), LONG_WIDTH * LONG_HEIGHT * 3)

    def check_losses_have_no_gap(self, item):
        """One for each step, and the last step's end."""
        self.assertEqual(len(item.live.total_losses), item.live.iterations + 1)

    def test_every_depth_comes_back_as_it_went(self):
        self.ready()
        for sent, size, expected, sample in [
            ("gray8", 1, "gray8", 1),
            ("rgba8", 4, "rgb8", 3),
            ("gray_alpha16", 4, "gray16", 2),
            ("rgba16", 8, "rgb16", 6),
        ]:
            entry_id = self.start(content=noise(sent, size))
            item = self.wait_for_phase(entry_id, "done")
            picture = self.session.result(entry_id)
            self.assertEqual((str(picture.pixel_format), picture.width, picture.height), (expected, WIDTH, HEIGHT))
            self.assertEqual(len(picture.data), WIDTH * HEIGHT * sample)
            self.assertIsNone(item.live.result)
            self.check_losses_have_no_gap(item)
            self.assertEqual(impasto.Recipe.from_json(self.session.recipe(entry_id)).iterations, 6)

    def test_floats(self):
        self.ready()
        import array

        values = array.array("f", [random.Random(2).random() for _ in range(WIDTH * HEIGHT * 4)])
        entry_id = self.start(content=impasto.RawPixels(values.tobytes(), "rgba_float", WIDTH, HEIGHT))
        self.wait_for_phase(entry_id, "done")
        picture = self.session.result(entry_id)
        painted = array.array("f", picture.data)
        self.assertEqual((str(picture.pixel_format), len(painted)), ("rgb_float", WIDTH * HEIGHT * 3))
        self.assertTrue(all(0.0 <= value <= 1.0 for value in painted))

    def test_previews_come_while_it_paints(self):
        self.ready()
        entry_id = self.painting()
        preview = self.wait_for(entry_id, lambda item: item.live.preview_number >= 2).live.preview
        self.assertEqual((str(preview.pixel_format), preview.width, preview.height), ("rgb8", 512, 410))
        self.session.cancel(entry_id)

    def test_weights_change_on_the_way(self):
        self.ready()
        entry_id = self.painting()
        self.session.change_weights(entry_id, 3.0, 4.0)
        self.heard.wait_for(lambda: self.jobs()[0].recipe.style_weight == 4.0)
        self.session.stop(entry_id)
        self.wait_for_phase(entry_id, "done")
        change = impasto.Recipe.from_json(self.session.recipe(entry_id)).changes[0]
        self.assertEqual((change.content_weight, change.style_weight), (3.0, 4.0))

    def test_stopping_keeps_the_best(self):
        self.ready()
        entry_id = self.painting()
        self.session.stop(entry_id)
        item = self.wait_for_phase(entry_id, "done")
        self.assertLess(item.live.iterations, LONG.iterations)
        self.check_losses_have_no_gap(item)
        self.check_result(entry_id)
        self.assertEqual([job.state for job in self.jobs()], [impasto.JobState.SUCCEEDED])

    def test_cancelling_leaves_nothing_at_the_server(self):
        self.ready()
        entry_id = self.painting()
        self.session.cancel(entry_id)
        self.assertEqual(self.session.item(entry_id).phase, "cancelled")
        self.wait_for(entry_id, lambda item: item.entry.state == "cancelled")
        self.assertEqual(self.jobs(), [])

    def test_a_server_that_is_killed_and_restarted_goes_on(self):
        kept = ["--state-dir", str(self.own / "kept"), "--checkpoint-every", "1s"]
        self.ready(*kept)
        entry_id = self.painting()
        self.server.kill()
        item = self.wait_for(entry_id, lambda item: "No Impasto server runs" in item.live.words)
        self.assertEqual(item.phase, "reconnecting")
        # The watch looks at once, not only after ten seconds.
        self.heard.wait_for(lambda: self.session.status().nobody_there)
        self.serve(*kept)
        heard = item.live.iteration
        self.wait_for(entry_id, lambda item: item.phase == "painting" and item.live.iteration > heard)
        self.session.stop(entry_id)
        self.check_losses_have_no_gap(self.wait_for_phase(entry_id, "done"))
        self.assertEqual(len(self.jobs()), 1)

    def test_a_server_that_forgot_the_job(self):
        self.ready()
        entry_id = self.painting()
        self.server.kill()
        self.wait_for_phase(entry_id, "reconnecting")
        self.serve()
        self.assertIn("doesn't know this job any more", self.wait_for_phase(entry_id, "failed").live.words)

    def test_a_server_that_hangs_holds_nobody_up(self):
        self.ready()
        entry_id = self.painting()
        self.server.signal(signal.SIGSTOP)
        began = time.monotonic()
        other = self.start()
        self.session.change_weights(entry_id, 2.0, 3.0)
        self.session.stop(entry_id)
        self.session.look_now()
        self.session.estimate(100, 80, QUICK, lambda words, fits: None)
        self.session.cancel(other)
        self.session.discard(other)
        items = self.session.items()
        # The least that a call to it would have taken is the 3 seconds for which it is made again.
        self.assertLess(time.monotonic() - began, 1.0)
        self.assertEqual([item.phase for item in items], ["stopping"])
        self.server.signal(signal.SIGCONT)
        self.wait_for_phase(entry_id, "done")
        self.heard.wait_for(lambda: len(self.jobs()) == 1)

    def test_the_next_session_attaches(self):
        self.ready()
        entry_id = self.painting()
        self.session.close()
        core_testing.wait_for_threads_to_end()
        self.open()
        self.wait_for_phase(entry_id, "painting")
        self.session.stop(entry_id)
        self.check_losses_have_no_gap(self.wait_for_phase(entry_id, "done"))
        self.assertEqual(len(self.jobs()), 1)

    def test_the_next_session_gets_what_was_finished_meanwhile(self):
        self.ready()
        entry_id = self.painting()
        job = self.session.item(entry_id).entry.job
        self.session.close()
        with connect(self.settings) as client:
            steps = client.job(job).info().iteration
            client.job(job).update(iterations=steps + 10)
            client.job(job).result()
        self.open()
        self.check_losses_have_no_gap(self.wait_for_phase(entry_id, "done"))
        self.check_result(entry_id)

    def test_krita_ended_between_sending_and_the_answer(self):
        self.serve()
        entry = Entry("abc-1", request_id="abc-1", server=self.settings, created=time.time(), place=PLACE)
        History(self.folders.state).put(entry)
        with connect(self.settings) as client:
            recipe = impasto.Recipe(iterations=5, max_size=48)
            job = client.start(
                noise("rgb8", 3),
                STYLE,
                recipe=recipe,
                output=impasto.OutputOptions(format="raw", size="original"),
                request_id="abc-1",
                detached=True,
            ).name
        self.open()
        item = self.wait_for_phase("abc-1", "done")
        self.assertEqual((item.entry.job, len(self.jobs())), (job, 1))
        self.assertEqual(len(self.session.result("abc-1").data), WIDTH * HEIGHT * 3)

    def test_what_the_server_refuses_is_told_in_words(self):
        self.ready("--state-dir", "none", "--memory-budget", "300M")
        big = impasto.RawPixels(bytes(4000 * 3000 * 3), "rgb8", 4000, 3000)
        settings = Settings(QUICK.style, quality="iterations", iterations=3, size=4000)
        words = self.wait_for_phase(self.start(settings, big), "failed").live.words
        self.assertRegex(
            words, r"^The picture would need .* and there are 315 MB for it\. Choose a size of at most \d+\.$"
        )
        told = []
        self.session.estimate(4000, 3000, settings, lambda *answer: (told.append(answer), self.heard()))
        self.heard.wait_for(lambda: told)
        # Its style isn't this one, so that it may need some bytes less.
        self.assertRegex(told[0][0], r"and there are 315 MB for it\. Choose a size of at most \d+\.$")
        self.assertFalse(told[0][1])
        self.session.estimate(100, 80, QUICK, lambda *answer: (told.append(answer), self.heard()))
        self.heard.wait_for(lambda: len(told) == 2)
        self.assertRegex(told[1][0], r"^Needs \d+ MB of the server's memory\.$")
        self.assertTrue(told[1][1])

    def test_a_server_is_started_here(self):
        self.open()
        self.heard.wait_for(lambda: self.session.status().nobody_there)
        program, process = self.own / "impastod", self.own / "process"
        program.write_text(
            f'#!/bin/sh\necho $$ > "{process}"\n'
            f'exec "{os.environ["IMPASTO_IMPASTOD"]}" "$@" --state-dir none --weights-dir "{self.folder}/weights"\n'
        )
        program.chmod(0o755)
        with unittest.mock.patch.dict("os.environ", {"IMPASTO_IMPASTOD": str(program)}):
            self.session.start_server()
        self.heard.wait_for(lambda: self.session.status().light == "ready")
        self.addCleanup(os.kill, int(process.read_text()), signal.SIGKILL)
        self.wait_for_phase(self.start(), "done")

    def test_an_encrypted_server_with_tokens(self):
        certificates = make_certificates(str(self.own))
        tokens, mine, another = (self.own / name for name in ("tokens", "mine", "another"))
        tokens.write_text("sesame sesame-open-0123456789\n")
        mine.write_text("sesame-open-0123456789\n")
        another.write_text("barley-open-0123456789\n")
        flags = ("--tls-cert", certificates["server"], "--tls-key", certificates["server_key"])
        flags = ["--weights-dir", str(self.folder / "weights"), "--models", "vgg19", "--state-dir", "none", *flags]
        server = Impastod(os.environ["IMPASTO_IMPASTOD"], [*flags, "--token-file", str(tokens)])
        self.addCleanup(server.kill)
        right = ServerSettings(server.address, certificates["right"], str(mine))
        self.open()
        for settings, words in (
            (ServerSettings(server.address), "The server at {} closed the connection at once"),
            (replace(right, tls_ca=certificates["wrong"]), "The certificate of the server at {} isn't trusted"),
            (replace(right, token_file=""), "The server at {} wants an access token."),
            (replace(right, token_file=str(another)), "The server at {} doesn't know your access token."),
        ):
            with self.subTest(words):
                self.session.use_server(settings)
                self.heard.wait_for(lambda: self.session.status().light == "unreachable")
                self.assertIn(words.format(server.address), self.session.status().words)
        self.session.use_server(right)
        self.heard.wait_for(lambda: self.session.status().light == "ready")
        self.wait_for_phase(self.start(), "done")
        entry_id = self.painting()
        self.session.close()
        self.open()  # as it was left
        self.wait_for(entry_id, lambda item: item.live.iteration > 3)
        self.session.stop(entry_id)
        self.wait_for_phase(entry_id, "done")
        self.check_result(entry_id)

    def test_the_server_knows_whose_jobs_they_are(self):
        self.ready()
        self.wait_for_phase(self.start(), "done")
        self.assertEqual([job.client for job in self.jobs()], [client_name()])


if __name__ == "__main__":
    unittest.main()
