#!/usr/bin/env python3
"""What can't be painted, and what goes wrong on the way: the words that a script's author reads, and an image that is
as it was."""

import os
import re
import signal
import socket
import time
import unittest

from gimp_bench import Bench, new_image, quoted, read_dump

# An error as Script-Fu tells it.
_CALLING = "Procedure execution of plug-in-impasto-style-transfer failed on invalid input arguments: "
_EXECUTION = "Procedure execution of plug-in-impasto-style-transfer failed: "


class RefusalsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.bench = Bench()
        cls.addClassCleanup(cls.bench.close)
        cls.server = cls.bench.server()
        cls.gimp = cls.bench.gimp()

    def refused(self, *scripts, server=None, gimp=None, **arguments):
        """Paints, which has to fail, and looks that nothing has changed. Returns the words."""
        before, after = self.bench.path("before"), self.bench.path("after")
        facts = (
            "(say (gimp-image-get-layers image) (gimp-image-get-channels image)"
            " (car (gimp-image-get-active-drawable image)) (gimp-selection-bounds image))"
        )
        run = (gimp or self.gimp).run(
            *scripts,
            f"(impasto-test-dump drawable {quoted(before)})",
            facts,
            self.bench.paint(server or self.server, **arguments),
            f"(impasto-test-dump drawable {quoted(after)})",
            facts,
        )
        self.assertEqual(len(run.errors), 1, run.log)
        self.assertEqual(run.said[0], run.said[1])
        self.assertEqual(read_dump(before).values.tobytes(), read_dump(after).values.tobytes())
        return run.errors[0]

    def test_indexed(self):
        words = self.refused(*new_image(), '(gimp-image-convert-indexed image 0 0 8 FALSE FALSE "")')
        self.assertEqual(
            words,
            _CALLING + "This image is indexed: it has too few colours to be painted with. Choose Image > Mode > RGB "
            "first, then paint.",
        )

    def test_a_group(self):
        words = self.refused(
            *new_image(),
            "(define group (car (gimp-layer-group-new image)))",
            "(gimp-image-insert-layer image group 0 0)",
            drawable="group",
        )
        self.assertEqual(
            words,
            _CALLING + "A layer group can't be painted. Choose one of its layers, or make one layer of it with Layer > "
            "Merge Layer Group.",
        )

    def test_nothing_of_the_layer_is_selected(self):
        words = self.refused(
            *new_image(),
            "(gimp-layer-set-offsets drawable 30 0)",
            "(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 0 0 20 20)",
        )
        self.assertEqual(
            words,
            _CALLING + "Nothing of this layer is selected. Select a part of it, or choose Select > None to paint all "
            "of it.",
        )

    def test_a_tiny_area(self):
        words = self.refused(*new_image(), "(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 0 0 40 15)")
        self.assertEqual(
            words,
            _CALLING + "The part to be painted is 40 x 15 pixels. It has to be at least 16 pixels wide and high: "
            "select more, or a larger layer.",
        )

    def test_a_locked_layer_in_place(self):
        lock = "(gimp-item-set-lock-content drawable TRUE)"
        self.assertEqual(
            self.refused(*new_image(), lock, in_place=1),
            _EXECUTION + 'The pixels of "Photo" are locked. Unlock them in the Layers or Channels dialog, or paint on '
            "a new layer.",
        )
        run = self.gimp.run(*new_image(), lock, self.bench.paint(self.server))
        self.assertEqual(run.errors, [])

    def test_a_floating_selection(self):
        words = self.refused(
            *new_image(alpha=True),
            "(gimp-image-select-rectangle image CHANNEL-OP-REPLACE 0 0 20 20)",
            "(gimp-selection-float drawable 0 0)",
        )
        self.assertEqual(
            words,
            _CALLING + "There is a floating selection. Anchor it first with Layer > Anchor Layer, or make it a layer "
            "of its own with Layer > To New Layer.",
        )

    def test_styles(self):
        one = "Give exactly one of style-file, style-drawable and style-name."
        self.assertEqual(self.refused(*new_image(), style_file=""), _CALLING + one)
        self.assertEqual(self.refused(*new_image(), style_name="styles/wave"), _CALLING + one)
        missing = self.bench.path("no such picture.png")
        self.assertIn(missing, self.refused(*new_image(), style_file=missing))
        self.assertEqual(
            self.refused(*new_image(), style_file="", style_drawable=4711),
            _CALLING + "There is nothing to paint on. Choose a layer, a layer mask or a channel.",
        )
        self.assertEqual(
            self.refused(*new_image(), style_file="", style_name="styles/wave"),
            _EXECUTION + "The server's library doesn't have this style any more. Choose another one.",
        )

    def test_settings_out_of_range(self):
        for arguments, words in (
            ({"strength": 101}, "Strength: choose a number from 0 to 100."),
            ({"iterations": 0}, "Iterations: choose a number from 1 to 100000."),
            ({"size": 9000}, "Size: choose a number from 16 to 8192."),
            ({"style_weight": -1}, "Style weight: choose a number above 0, up to 1e15."),
            ({"quality": 4}, "quality is 0 (draft), 1 (good), 2 (best) or 3 (as iterations says)."),
        ):
            with self.subTest(**arguments):
                self.assertEqual(self.refused(*new_image(), **arguments), _CALLING + words)

    def test_an_unknown_model(self):
        self.assertEqual(
            self.refused(*new_image(), model="vgg99"),
            _EXECUTION + 'The server has no model "vgg99". It has: vgg19.',
        )

    def test_nobody_is_there(self):
        with socket.socket() as reserved:  # bound, but not listening
            reserved.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{reserved.getsockname()[1]}"
            self.assertEqual(
                self.refused(*new_image(), server=address),
                _EXECUTION + f"No Impasto server runs on this computer, at {address}. Start it, or choose the address "
                "of another one.",
            )

    def test_an_address_that_is_none(self):
        self.assertEqual(
            self.refused(*new_image(), server="nowhere"),
            _EXECUTION + "\"nowhere\" is no server's address. Write the computer's name and a port: localhost:50451",
        )

    def test_a_size_that_does_not_fit_into_memory(self):
        server = self.bench.server("--memory-budget", "40M")
        words = self.refused(*new_image(width=600, height=500), server=server, size=600)
        self.assertRegex(
            words,
            re.escape(_EXECUTION)
            + r"The picture would need \d+ MB of the server's memory, and there are 42 MB for it\. "
            r"Choose a size of at most \d+\.",
        )

    def begin_long_job(self, name, iterations):
        """A server with its state, and a GIMP whose job it has accepted."""
        state = self.bench.path(f"{name}-state")
        server = self.bench.server("--state-dir", state)
        gimp = self.bench.gimp()
        process = gimp.start(
            *new_image(width=300, height=300),
            f"(impasto-test-dump drawable {quoted(self.bench.path('before'))})",
            f"(define painted (car {self.bench.paint(server, iterations=iterations, size=300)}))",
            f"(impasto-test-dump drawable {quoted(self.bench.path('after'))})",
            "(say (car (gimp-image-get-layers image)))",
        )
        deadline = time.monotonic() + 60
        while not os.listdir(os.path.join(state, "jobs")):
            self.assertLess(time.monotonic(), deadline, "no job is accepted")
            time.sleep(0.02)
        return server, state, gimp, process

    def assert_untouched(self):
        before, after = (read_dump(self.bench.path(name)) for name in ("before", "after"))
        self.assertEqual(before.values.tobytes(), after.values.tobytes())

    def test_the_server_is_killed_in_mid_job(self):
        server, _, gimp, process = self.begin_long_job("killed", 100000)
        server.kill()
        run = gimp.finish(process)  # which tries for a minute to reach it again
        self.assertEqual(
            run.errors,
            [
                _EXECUTION
                + f"The server at {server.address} doesn't answer. Check the address and the network; if both "
                "are right, try again in a moment."
            ],
        )
        self.assertEqual(run.said, ["1"])
        self.assert_untouched()

    def test_gimps_own_cancel_button(self):
        """It ends the plug-in, whatever that does."""
        _, _, gimp, process = self.begin_long_job("cancelled", 100000)
        os.kill(self.plug_in_of(process), signal.SIGKILL)
        run = gimp.finish(process)
        self.assertEqual(
            run.errors,
            [_CALLING + "Procedure 'plug-in-impasto-style-transfer' returned no return values"],  # GIMP's own words
        )
        self.assertEqual(run.said, ["1"])
        self.assert_untouched()

    def plug_in_of(self, gimp):
        for number in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{number}/stat", encoding="utf-8", errors="replace") as file:
                    name, _, rest = file.read().partition("(")[2].rpartition(")")
            except FileNotFoundError:
                continue  # it has ended since
            if name == "impasto-style-t" and int(rest.split()[1]) == gimp.pid:
                return int(number)
        raise AssertionError("the plug-in doesn't run")

    def test_a_server_that_is_restarted_goes_on_with_the_job(self):
        server, state, gimp, process = self.begin_long_job("restarted", 60)
        server.kill()
        self.assertIsNone(process.poll())
        self.bench.server("--state-dir", state, listen=server.address)
        run = gimp.finish(process)
        self.assertEqual(run.errors, [])
        self.assertEqual(run.said, ["2"])
        self.assert_untouched()


if __name__ == "__main__":
    unittest.main()
