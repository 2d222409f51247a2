import threading
import unittest

import core_testing  # first
import impasto
from impasto import ModelState
from impasto_docker.core.server_watch import Pace, ServerStatus, ServerWatch, status_of
from impasto_docker.core.settings import ServerSettings

HERE = ServerSettings("127.0.0.1:7")
SLOW = Pace(not_ready=3600, ready=3600)


def model(state, name="vgg19"):
    return impasto.ModelInfo(f"models/{name}", state)


class LightTest(unittest.TestCase):
    def test_what_models_stand_for(self):
        loaded = model(ModelState.LOADED)
        self.assertEqual(
            status_of([model(ModelState.LOADING), loaded]), ServerStatus("ready", "Ready", models=(loaded,))
        )
        self.assertEqual(status_of([model(ModelState.LOADING)]).words, "The server is loading its models")
        self.assertEqual(status_of([model(ModelState.UNLOADED)]).light, "loading")
        for models in ([], [model(ModelState.UNAVAILABLE)]):
            status = status_of(models)
            self.assertEqual(status.light, "unreachable")
            self.assertIn("`impastod weights pull vgg19`", status.words)

    def test_models_by_name(self):
        first, second = model(ModelState.LOADED, "vgg16"), model(ModelState.LOADED)
        status = ServerStatus(models=(first, second))
        self.assertEqual([status.model(name) for name in ("", "vgg19", "other")], [first, second, None])


class WatchTest(unittest.TestCase):
    def setUp(self):
        self.server = core_testing.FakeServer()
        self.heard = core_testing.Heard()
        self.addCleanup(core_testing.wait_for_threads_to_end)

    def watch(self, pace=SLOW, connect=None):
        self.watched = ServerWatch(HERE, self.heard, connect or self.server.connect, pace)
        self.addCleanup(self.watched.close)
        self.watched.start()
        return self.watched

    def wait_for(self, light):
        self.heard.wait_for(lambda: self.watched.status().light == light)
        return self.watched.status()

    def test_ready(self):
        status = self.watch().status()
        self.assertIn(status.light, ("connecting", "ready"))
        status = self.wait_for("ready")
        self.assertEqual((status.address, status.words, len(status.models)), ("127.0.0.1:7", "Ready", 1))
        self.assertIsNotNone(self.watched.client())
        self.assertEqual(len(self.heard.all), 1)

    def test_nobody_there_on_this_machine(self):
        self.server.set_up(False)
        self.watch()
        status = self.wait_for("unreachable")
        self.assertTrue(status.nobody_there)
        self.assertIn("Start it", status.words)
        self.assertIsNone(self.watched.client())

    def test_a_file_that_cant_be_read(self):
        def refuse(server):
            raise impasto.InvalidArgument("/ca.pem: no such file", field="tls")

        self.watch(connect=refuse)
        status = self.wait_for("unreachable")
        self.assertFalse(status.nobody_there)
        self.assertIn("certificate can't be used", status.words)

    def test_it_looks_when_it_is_told_to(self):
        self.watch()
        self.wait_for("ready")
        self.server.set_up(False)
        self.watched.look_now()
        self.wait_for("unreachable")
        self.server.set_up(True)
        self.watched.look_now()
        self.wait_for("ready")

    def test_it_looks_by_itself(self):
        self.server.set_up(False)
        self.watch(Pace(not_ready=0.001, ready=0.001))
        self.wait_for("unreachable")
        self.server.set_up(True)
        self.wait_for("ready")
        self.server.set_up(False)
        self.wait_for("unreachable")

    def test_every_style_has_a_name(self):
        self.server.styles_there = [impasto.StyleInfo("styles/1", "Waves"), impasto.StyleInfo("styles/2", "", 8, 9)]
        self.watch()
        names = [style.display_name for style in self.wait_for("ready").styles]
        self.assertEqual(names, ["Waves", "Painting (8 x 9)"])

    def test_another_server(self):
        self.watch()
        self.wait_for("ready")
        self.watched.use(ServerSettings("paint:1"))
        self.heard.wait_for(lambda: self.watched.status().address == "paint:1" and self.watched.client() is not None)
        self.assertEqual(self.watched.server(), ServerSettings("paint:1"))

    def test_a_server_that_doesnt_answer_holds_nobody_up(self):
        gate = threading.Event()
        self.addCleanup(gate.set)

        def connect(server):
            if server == HERE:
                gate.wait(core_testing.PATIENCE)
            return self.server.connect(server)

        self.watch(connect=connect)
        self.assertEqual(self.watched.status().light, "connecting")
        self.watched.use(ServerSettings("paint:1"))
        self.wait_for("ready")
        gate.set()  # the one before answers now: nobody wants to know
        self.watched.close()
        core_testing.wait_for_threads_to_end()
        self.assertEqual(self.watched.status().address, "paint:1")

    def test_nothing_is_told_after_closing(self):
        self.watch()
        self.wait_for("ready")
        self.watched.close()
        self.watched.look_now()
        core_testing.wait_for_threads_to_end()
        self.assertEqual(len(self.heard.all), 1)


if __name__ == "__main__":
    unittest.main()
