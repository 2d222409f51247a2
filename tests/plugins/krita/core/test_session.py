import errno
import json
import tempfile
import threading
import unittest
import unittest.mock
from dataclasses import replace
from pathlib import Path

import core_testing  # first
import impasto
from core_testing import progress
from impasto_docker.core.history import Entry, History, Place
from impasto_docker.core.session import Folders, Session
from impasto_docker.core.settings import ServerSettings, SettingError, Settings, Style

PLACE = Place("Photo", layer_name="Sky", width=4, height=3)
SETTINGS = Settings(Style("library", "styles/1", "Waves"), strength=75.0)
HERE = ServerSettings("127.0.0.1:7")
FULL = OSError(errno.ENOSPC, "No space left on device")


def content(pixel_format="rgba16", size=8):
    return impasto.RawPixels(bytes(4 * 3 * size), pixel_format, 4, 3)


class SessionTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folders = Folders(Path(folder.name) / "config", Path(folder.name) / "state")
        self.server = core_testing.FakeServer()
        defaults = impasto.Recipe(content_weight=1.0, style_weight=2.0)
        self.server.models_there = [replace(self.server.models_there[0], default_recipe=defaults)]
        self.heard = core_testing.Heard()
        self.time = 100.0
        self.addCleanup(core_testing.wait_for_threads_to_end)
        environment = unittest.mock.patch.dict("os.environ", {"IMPASTO_SERVER": HERE.address})
        environment.start()
        self.addCleanup(environment.stop)
        self.session = self.open()

    def open(self):
        session = Session(self.folders, self.heard, self.server.connect, lambda: self.time)
        self.addCleanup(session.close)
        self.heard.wait_for(lambda: session.status().light != "connecting")
        return session

    def reopen(self):
        self.session.close()
        core_testing.wait_for_threads_to_end()
        self.session = self.open()

    def start(self, settings=SETTINGS, side=None, **options):
        return self.session.start(content(**options), None, settings, PLACE, side or {})

    def wait_for_phase(self, entry_id, phase):
        self.heard.wait_for(lambda: self.session.item(entry_id).phase == phase)
        return self.session.item(entry_id)

    def accepted(self, **options):
        """An entry whose job is accepted, and the job's name."""
        entry_id = self.start(**options)
        self.heard.wait_for(lambda: self.session.item(entry_id).entry.job)
        self.wait_for_phase(entry_id, "waiting")
        return entry_id, self.session.item(entry_id).entry.job

    def on_disk(self):
        return {entry.id: entry for entry in History(self.folders.state).entries()}

    # From the start to the end.

    def test_what_is_sent(self):
        entry_id, name = self.accepted()
        job = self.server.jobs[name]
        recipe = impasto.Recipe(style_weight=20.0, quality="good", max_size=512)
        self.assertEqual((job.content, job.style), (content(), "styles/1"))
        self.assertEqual(
            job.options,
            {
                "recipe": recipe,
                "preview": impasto.PreviewOptions(interval=0.1, format="raw", pixel_format="rgb8", max_size=512),
                "output": impasto.OutputOptions(format="raw", size="original", pixel_format=impasto.PixelFormat.RGB16),
                "priority": "interactive",
                "display_name": "Photo, Sky, Waves",
                "request_id": entry_id,
                "detached": True,
            },
        )

    def test_the_depth_stays_and_alpha_doesnt_travel_back(self):
        for sent, size, expected in [
            ("gray_alpha8", 2, "gray8"),
            ("rgb8", 3, "rgb8"),
            ("bgra16", 8, "rgb16"),
            ("rgba_float", 16, "rgb_float"),
        ]:
            _, name = self.accepted(pixel_format=sent, size=size)
            self.assertEqual(str(self.server.jobs[name].options["output"].pixel_format), expected)

    def test_it_is_on_disk_before_it_is_sent(self):
        seen = []
        start = core_testing.FakeClient.start

        def look(client, *arguments, **options):
            seen.append((self.on_disk(), History(self.folders.state).side(options["request_id"])))
            return start(client, *arguments, **options)

        with unittest.mock.patch.object(core_testing.FakeClient, "start", look):
            entry_id, _ = self.accepted(side={"mask": b"m", "alpha": b"a"})
        entries, side = seen[0]
        server = ServerSettings("127.0.0.1:7")
        expected = Entry(entry_id, entry_id, server=server, created=100.0, place=PLACE, settings=SETTINGS)
        self.assertEqual(entries, {entry_id: expected})
        self.assertEqual(side, {"mask": b"m", "alpha": b"a"})

    def test_a_painting(self):
        for pixel_format in ("rgb8", "rgb16", "rgb_float"):
            entry_id, name = self.accepted(side={"mask": b"m"})
            picture = core_testing.picture(pixel_format=pixel_format)
            self.server.finish(name, picture)
            item = self.wait_for_phase(entry_id, "done")
            self.assertEqual(item.entry, self.on_disk()[entry_id])
            self.assertEqual((item.entry.state, item.entry.result.pixel_format), ("done", pixel_format))
            self.assertIsNone(item.live.result)  # it is on disk, and not in memory as well
            self.assertEqual(self.session.result(entry_id), picture)
            self.assertEqual(self.session.side(entry_id), {"mask": b"m"})
            self.assertEqual(json.loads(self.session.recipe(entry_id)), {"iterations": 10, "seed": "7"})

    def test_the_result_is_on_disk_before_it_counts_as_done(self):
        entry_id, name = self.accepted()
        phases = []
        put = History.put_result

        def look(history, entry, *arguments):
            phases.append((self.session.item(entry_id).phase, self.session.item(entry_id).entry.state))
            return put(history, entry, *arguments)

        with unittest.mock.patch.object(History, "put_result", look):
            self.server.finish(name, core_testing.picture())
            self.wait_for_phase(entry_id, "done")
        self.assertEqual(phases, [("waiting", "waiting")])

    def test_no_painting_yet(self):
        entry_id, _ = self.accepted()
        for unfinished in (entry_id, "other"):
            with self.assertRaisesRegex(OSError, "There is no painting yet"):
                self.session.result(unfinished)
        self.assertEqual((self.session.recipe("other"), self.session.side("other")), ("", {}))

    def test_a_result_that_somebody_removed(self):
        entry_id, name = self.accepted()
        self.server.finish(name, core_testing.picture())
        self.wait_for_phase(entry_id, "done")
        (self.folders.state / f"{entry_id}.pixels").unlink()
        with self.assertRaisesRegex(OSError, "is gone, or broken. Paint the picture again."):
            self.session.result(entry_id)

    def test_what_cant_be_painted(self):
        with self.assertRaisesRegex(SettingError, "Choose a style first"):
            self.start(Settings())
        with self.assertRaisesRegex(SettingError, "Choose a style first"):
            self.start(Settings(Style("picture", "document")))
        with self.assertRaisesRegex(SettingError, "Size"):
            self.start(replace(SETTINGS, size=3))
        self.assertEqual(self.session.items(), [])

    def test_a_picture_as_style(self):
        style = impasto.RawPixels(bytes(12), "rgb8", 2, 2)
        settings = Settings(Style("picture", "document", "Sketch"))
        entry_id = self.session.start(content(), style, settings, PLACE, {})
        self.wait_for_phase(entry_id, "waiting")
        self.assertEqual(self.server.jobs["jobs/1"].style, style)

    def test_the_newest_first(self):
        ids = []
        for self.time in (1.0, 3.0, 2.0):
            ids.append(self.start())
        self.assertEqual([item.entry.id for item in self.session.items()], [ids[1], ids[2], ids[0]])

    def test_no_call_waits_for_the_server(self):
        gate = threading.Event()
        self.addCleanup(gate.set)

        def hang(client, *arguments, **options):
            gate.wait(core_testing.PATIENCE)
            raise impasto.Unavailable("closed")

        with unittest.mock.patch.object(core_testing.FakeClient, "start", hang):
            entry_id = self.start()
            self.session.change_weights(entry_id, 1.0, 2.0)
            self.session.stop(entry_id)
            self.session.cancel(entry_id)
            self.session.mark_applied(entry_id)
            self.session.discard(entry_id)
            self.assertEqual(self.session.items(), [])
            gate.set()

    # What the user wants.

    def test_weights_and_stopping(self):
        entry_id, name = self.accepted()
        self.session.change_weights(entry_id, 1.5, 2.5)
        self.server.wait_for(lambda: (name, {"content_weight": 1.5, "style_weight": 2.5}) in self.server.told)
        self.server.say(name, progress(1))
        self.wait_for_phase(entry_id, "painting")
        self.session.stop(entry_id)
        self.server.wait_for(lambda: (name, {"iterations": 2}) in self.server.told)
        self.assertEqual(self.session.item(entry_id).phase, "stopping")

    def test_cancelling(self):
        entry_id, name = self.accepted()
        self.session.cancel(entry_id)
        self.assertEqual(self.session.item(entry_id).phase, "cancelled")
        self.server.wait_for(lambda: name not in self.server.jobs)
        self.heard.wait_for(lambda: self.session.item(entry_id).entry.state == "cancelled")
        self.assertEqual(self.on_disk()[entry_id].state, "cancelled")

    def test_what_failed_or_was_cancelled_elsewhere_keeps_its_best_picture(self):
        for error, state, words in [
            (impasto.Internal("out of paint"), "failed", "Something went wrong at the server; its log may say more."),
            (impasto.Cancelled("the job was cancelled"), "cancelled", ""),
        ]:
            entry_id, name = self.accepted()
            self.server.say(name, impasto.Result(core_testing.picture()), error=error)
            entry = self.wait_for_phase(entry_id, state).entry
            self.assertEqual((entry, entry.words[: len(words)]), (self.on_disk()[entry_id], words))
            self.assertEqual(self.session.result(entry_id), core_testing.picture())

    def test_discarding_a_running_job_cancels_it(self):
        entry_id, name = self.accepted(side={"mask": b"m"})
        self.session.discard(entry_id)
        self.assertEqual(self.session.items(), [])
        self.server.wait_for(lambda: name not in self.server.jobs)
        self.session.close()
        self.assertEqual(list(self.folders.state.iterdir()), [])

    def test_discarding_a_painting(self):
        entry_id, name = self.accepted()
        self.server.finish(name, core_testing.picture())
        self.wait_for_phase(entry_id, "done")
        self.session.discard(entry_id)
        self.session.close()
        self.assertEqual(list(self.folders.state.iterdir()), [])
        self.assertEqual(list(self.server.jobs), [name])  # its server deletes it in time

    def test_applied(self):
        entry_id, name = self.accepted()
        self.server.finish(name, core_testing.picture())
        self.wait_for_phase(entry_id, "done")
        self.session.mark_applied(entry_id)
        self.assertTrue(self.session.item(entry_id).entry.applied)
        self.session.close()
        self.assertTrue(self.on_disk()[entry_id].applied)

    # After Krita or the server were away.

    def test_the_next_session_takes_a_job_up(self):
        entry_id, name = self.accepted()
        self.server.say(name, progress(1))
        self.reopen()
        self.assertEqual(self.wait_for_phase(entry_id, "painting").live.total_losses, (100.0,))
        self.server.finish(name, core_testing.picture())
        self.wait_for_phase(entry_id, "done")
        self.assertEqual(len(self.server.jobs), 1)

    def test_also_where_krita_ended_before_the_answer(self):
        entry = Entry("abc", request_id="abc", server=HERE, created=1.0, settings=SETTINGS)
        self.session.close()
        History(self.folders.state).put(entry)
        self.server.job("jobs/5", request_id="abc")
        self.session = self.open()
        item = self.wait_for_phase("abc", "waiting")
        self.heard.wait_for(lambda: self.on_disk()["abc"].job == "jobs/5")
        self.assertEqual(item.live.job, "jobs/5")

    def test_and_where_the_server_never_had_it(self):
        self.session.close()
        History(self.folders.state).put(Entry("abc", request_id="abc", server=HERE, settings=SETTINGS))
        self.session = self.open()
        self.assertIn("Paint it again", self.wait_for_phase("abc", "failed").live.words)
        self.assertEqual(self.on_disk()["abc"].state, "failed")

    def test_the_next_session_tells_of_a_cancellation(self):
        entry_id, name = self.accepted()
        self.server.set_up(False)
        self.wait_for_phase(entry_id, "reconnecting")
        self.session.cancel(entry_id)
        self.session.close()
        self.assertEqual(self.on_disk()[entry_id].state, "cancelling")
        core_testing.wait_for_threads_to_end()
        self.server.set_up(True)
        self.session = self.open()
        self.assertEqual(self.session.item(entry_id).phase, "cancelled")
        self.server.wait_for(lambda: name not in self.server.jobs)

    def test_a_painting_needs_no_server_any_more(self):
        entry_id, name = self.accepted(side={"mask": b"m"})
        self.server.finish(name, core_testing.picture())
        self.wait_for_phase(entry_id, "done")
        self.server.set_up(False)
        self.reopen()
        item = self.session.item(entry_id)
        self.assertEqual((item.phase, item.live), ("done", None))
        self.assertEqual(self.session.result(entry_id), core_testing.picture())
        self.assertEqual(self.session.side(entry_id), {"mask": b"m"})

    def test_a_lost_connection_makes_the_watch_look_and_its_light_the_job_try(self):
        entry_id, _ = self.accepted()
        self.server.set_up(False)
        # Neither looks by itself so soon.
        self.wait_for_phase(entry_id, "reconnecting")
        self.heard.wait_for(lambda: self.session.status().light == "unreachable")
        self.server.set_up(True)
        self.session.look_now()
        self.wait_for_phase(entry_id, "waiting")

    def test_access_that_was_put_right_is_used_for_what_runs(self):
        entry_id, _ = self.accepted()
        seen = []
        connect = self.server.connect

        def look(settings):
            seen.append(settings)
            return connect(settings)

        self.session.use_server(replace(HERE, token_file="/token"))
        self.server.connect = look
        self.session.close()
        self.session = self.open()
        self.wait_for_phase(entry_id, "waiting")
        self.assertEqual({settings.token_file for settings in seen}, {"/token"})

    # The disk.

    def test_a_full_disk_is_told_and_the_job_goes_on(self):
        with unittest.mock.patch("os.fsync", side_effect=FULL):
            entry_id, name = self.accepted(side={"mask": b"m"})
            words = f"Nothing can be kept in {self.folders.state}. The disk is full: make room on it."
            self.assertEqual(self.session.notice(), words)
            self.server.finish(name, core_testing.picture())
            self.wait_for_phase(entry_id, "done")
            self.assertEqual(self.session.result(entry_id), core_testing.picture())
            self.assertEqual(self.session.side(entry_id), {"mask": b"m"})
            self.assertEqual(self.on_disk(), {})
        self.assertIn("notice", self.heard.all)

    def test_a_disk_that_filled_up_meanwhile_costs_nothing_the_server_has_it(self):
        entry_id, name = self.accepted()
        with unittest.mock.patch("os.fsync", side_effect=FULL):
            self.server.finish(name, core_testing.picture())
            self.wait_for_phase(entry_id, "done")
        self.session.mark_applied(entry_id)
        self.reopen()
        self.heard.wait_for(lambda: entry_id in self.on_disk() and self.on_disk()[entry_id].state == "done")
        self.assertEqual(self.session.result(entry_id), core_testing.picture())

    def test_a_folder_that_cant_be_made(self):
        self.session.close()
        self.folders.state.parent.mkdir(exist_ok=True)
        blocked = self.folders.config / "file"
        self.folders.config.mkdir(exist_ok=True)
        blocked.write_bytes(b"")
        self.folders = Folders(blocked, blocked)
        self.session = self.open()
        entry_id, name = self.accepted()
        self.assertIn(f"Nothing can be kept in {blocked}", self.session.notice())
        self.server.finish(name, core_testing.picture())
        self.wait_for_phase(entry_id, "done")

    def test_too_many_paintings(self):
        with unittest.mock.patch.object(History.__init__, "__defaults__", (2, 1 << 30)):
            self.reopen()
        ids = []
        for self.time in (1.0, 2.0, 3.0):
            entry_id, name = self.accepted()
            self.server.finish(name, core_testing.picture())
            self.wait_for_phase(entry_id, "done")
            ids.append(entry_id)
        self.heard.wait_for(lambda: len(self.session.items()) == 2)
        self.assertEqual([item.entry.id for item in self.session.items()], [ids[2], ids[1]])

    # The server, and what is kept for the next time.

    def test_preferences(self):
        self.session.remember(SETTINGS)
        self.session.use_server(ServerSettings("paint:1"))
        self.reopen()
        preferences = self.session.preferences()
        self.assertEqual((preferences.last, preferences.server), (SETTINGS, ServerSettings("paint:1")))
        self.assertEqual([style.label for style in preferences.recent], ["Waves"])
        self.assertEqual(self.session.status().address, "paint:1")

    def test_jobs_stay_at_their_server(self):
        entry_id, _ = self.accepted()
        self.session.use_server(ServerSettings("paint:1"))
        self.reopen()
        self.wait_for_phase(entry_id, "waiting")
        self.assertEqual(self.session.item(entry_id).entry.server, HERE)

    def test_nothing_is_told_after_closing(self):
        _, name = self.accepted()
        self.session.close()
        core_testing.wait_for_threads_to_end()
        told = len(self.heard.all)
        self.server.say(name, progress(1))
        self.session.look_now()
        self.assertEqual(len(self.heard.all), told)


if __name__ == "__main__":
    unittest.main()
