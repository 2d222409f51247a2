import struct
import threading
import unittest
import unittest.mock
import zlib

import core_testing  # first
import impasto
from impasto_docker.core.estimates import Estimates, blank_png
from impasto_docker.core.settings import ServerSettings, Settings, Style

SETTINGS = Settings(Style("file", "/waves.png"), size=600)


class BlankPngTest(unittest.TestCase):
    def test_it_has_its_size_and_nothing_in_it(self):
        png = blank_png(20, 3)
        self.assertEqual(
            (png[:8], png[12:16], struct.unpack(">II", png[16:24])), (b"\x89PNG\r\n\x1a\n", b"IHDR", (20, 3))
        )
        length = struct.unpack(">I", png[33:37])[0]
        self.assertEqual((png[37:41], zlib.decompress(png[41 : 41 + length])), (b"IDAT", bytes(3 * (1 + 3))))

    def test_a_large_one_is_small(self):
        self.assertLess(len(blank_png(8192, 8192)), 100_000)


class EstimatesTest(unittest.TestCase):
    def setUp(self):
        self.server = core_testing.FakeServer()
        self.client = self.server.connect(ServerSettings("paint:1"))
        self.heard = core_testing.Heard()
        self.estimates = Estimates()
        self.addCleanup(core_testing.wait_for_threads_to_end)

    def ask(self, settings=SETTINGS, width=1200, height=800):
        self.estimates.ask(self.client, None, width, height, settings, lambda words, fits: self.heard((words, fits)))

    def answer(self, number=1):
        self.heard.wait_for(lambda: len(self.heard.all) == number)
        return self.heard.all[-1]

    def test_what_it_takes(self):
        self.server.forecast = impasto.MemoryForecast(610_000_000, 2_000_000_000, 0)
        self.ask()
        self.assertEqual(self.answer(), ("Needs 610 MB of the server's memory.", True))
        _, content, style, recipe = self.server.told[0]
        # As large as it is painted, and not a pixel of it.
        self.assertEqual((content, style), (blank_png(600, 400), blank_png(512, 512)))
        self.assertEqual(recipe, impasto.Recipe(quality="good", max_size=600))

    def test_small_pictures_stay_small_and_library_styles_have_a_name(self):
        self.ask(Settings(Style("library", "styles/1")), 100, 8)
        self.answer()
        self.assertEqual(self.server.told[0][1:3], (blank_png(100, 16), "styles/1"))

    def test_what_doesnt_fit(self):
        self.server.forecast = impasto.MemoryForecast(9_200_000_000, 610_000_000, 900)
        self.ask()
        words = (
            "The picture would need 9.2 GB of the server's memory, and there are 610 MB for it. Choose a size of at "
            "most 900."
        )
        self.assertEqual(self.answer(), (words, False))

    def test_what_cant_be_asked(self):
        self.ask(Settings(strength=60.0))
        self.assertIn("hasn't told the model's weights", self.answer()[0])
        self.server.set_up(False)
        self.ask()
        self.assertEqual(self.answer(2)[0][:31], "The server at paint:1 doesn't a")

    def test_a_closed_connection_is_no_answer_and_the_next_question_is_answered(self):
        closed = unittest.mock.patch.object(self.client, "estimate", side_effect=[ValueError("closed channel")])
        with closed as estimate:
            self.ask()
            core_testing.wait_for_threads_to_end()
            estimate.assert_called_once()
        self.ask()
        self.assertEqual(self.answer(), ("Needs 0 MB of the server's memory.", True))

    def test_only_the_newest_question_is_answered(self):
        gate, asked = threading.Event(), core_testing.Heard()
        self.addCleanup(gate.set)
        estimate = self.client.estimate

        def wait(*arguments, recipe):
            asked(recipe.max_size)
            gate.wait(core_testing.PATIENCE)
            return estimate(*arguments, recipe=recipe)

        with unittest.mock.patch.object(self.client, "estimate", wait):
            for size in (100, 200, 300, 400):
                self.ask(Settings(size=size))
                asked.wait_for(lambda: asked.all)  # the first is on its way
            gate.set()
            self.answer(2)
            core_testing.wait_for_threads_to_end()
        self.assertEqual(asked.all, [100, 400])


if __name__ == "__main__":
    unittest.main()
