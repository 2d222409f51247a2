#!/usr/bin/env python3
"""The docker in the real Krita, on a screen that nobody sees. Environment: as krita_bench.py."""

import contextlib
import json
import os
import signal
import socket
import unittest

import numpy as np
from docker_bench import Docker
from krita_bench import Bench, Screen, differ, wait_for
from PIL import Image

SHORT = {"quality": "iterations", "iterations": 40, "size": 128}
# Takes longer than any test, also where the loss stalls early: a step is slow.
ENDLESS = {"quality": "iterations", "iterations": 100000, "size": 1024}


class WindowedTest(unittest.TestCase):
    def setUp(self):
        self.screen = self.enterContext(Screen(1600, 1000))
        self.bench = self.enterContext(Bench())
        self.state = self.bench.path("state")

    def server(self, **options):
        """One whose jobs outlive it."""
        return self.bench.server("--state-dir", self.state, **options)

    def user(self, server, **settings):
        """Krita of somebody who has used the plug-in before."""
        style = {"kind": "file", "value": self.bench.style(), "label": "Starry Night"}
        return self.bench.krita(server, last={"style": style, **settings}, recent=[style])

    def start(self, krita):
        """Krita with a picture and the docker."""
        self.window = self.enterContext(krita.open(self.screen))
        self.docker = Docker(self.window)
        self.docker.open_picture(self.photo())
        self.docker.show()

    def photo(self):
        path = self.bench.path("Harbour.png")
        if not os.path.exists(path):
            y, x = np.mgrid[0:600, 0:800] / 600
            sky = np.stack([0.9 - 0.5 * y, 0.6 - 0.2 * y, 0.4 + 0.3 * y], -1)
            sun = np.exp(-60 * ((x - 0.9) ** 2 + (y - 0.35) ** 2))[..., None] * [0.4, 0.3, -0.2]
            sea = (y > 0.6)[..., None] * (0.15 * np.sin(40 * y * y + 6 * x))[..., None]
            Image.fromarray((np.clip(sky + sun + sea, 0, 1) * 255).astype(np.uint8)).save(path)
        return path

    def history(self, krita):
        """What is kept of the paintings."""
        folder = os.path.join(krita.folder, ".local", "state", "impasto", "krita")
        found = []
        for name in os.listdir(folder) if os.path.isdir(folder) else []:
            if name.endswith(".json"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    found.append(json.load(file))
        return found

    def iteration(self):
        """Of the painting that is shown."""
        words = self.docker.words()
        return int(words.split("Iteration ")[1].split(" ")[0]) if "Iteration " in words else -1

    def paint_until_seen(self):
        """Starts an endless painting; returns once the preview has changed."""
        self.docker.click("Paint")
        wait_for(lambda: self.iteration() > 0, "the painting is under way")
        first = self.docker.picture()
        wait_for(lambda: differ(first, self.docker.picture()), "the preview changes")

    def undo(self):
        """As a person does: by Ctrl+Z."""
        # The canvas has the keys once it is clicked, with a tool that paints nothing.
        self.window.script("Krita.instance().action('PanTool').trigger()")
        left, top, width, height = self.window.script(
            "area = Krita.instance().activeWindow().qwindow().centralWidget()\nanswer = place(area)"
        )
        self.screen.click(left + width // 2, top + height // 2)
        self.screen.key("ctrl+z")

    def test_paints_what_one_undo_takes_back(self):
        krita = self.user(self.server(), **SHORT)
        self.start(krita)
        before = self.docker.pixels()
        self.docker.wait_for_words("Style: Starry Night")
        self.window.wait_until("find('Paint').isEnabled()", "the server is ready")
        self.screen.shot("krita-idle", focused=False)
        self.docker.click("Paint")
        self.docker.wait_for_layers(2)
        self.docker.wait_for_words("Applied")
        self.screen.shot("krita-applied", focused=False)
        self.assertEqual(["Background", "Background as Starry Night"], self.docker.layers())
        after = self.docker.pixels()
        self.assertNotEqual(before[0], after[0])
        self.assertEqual(before[1], after[1])
        self.undo()
        wait_for(lambda: self.docker.pixels() == before, "all is as it was")

    def test_a_preview_on_the_canvas_becomes_the_painting_in_one_step(self):
        krita = self.user(self.server(), **ENDLESS, preview_on_canvas=True)
        self.start(krita)
        before = self.docker.pixels()
        self.paint_until_seen()
        self.docker.wait_for_layers(2)
        first = self.docker.pixels()
        wait_for(lambda: self.docker.pixels()[0] != first[0], "the canvas changes")
        self.screen.shot("krita-on-canvas", focused=False)
        self.docker.click("Stop")
        self.docker.wait_for_words("Applied")
        self.assertEqual(["Background", "Background as Starry Night"], self.docker.layers())
        self.undo()
        wait_for(lambda: self.docker.pixels() == before, "all is as it was")

    def test_sliders_act_on_the_painting(self):
        krita = self.user(self.server(), **ENDLESS)
        self.start(krita)
        self.paint_until_seen()
        self.screen.shot("krita-painting", focused=False)
        self.window.script("find('Strength').setFocus()")
        self.screen.key("Page_Up")
        self.docker.click("Stop")
        self.docker.wait_for_words("Applied")
        (entry,) = self.history(krita)
        self.assertIn("styleWeight", str(json.loads(entry["recipe_json"])["changes"]))

    def test_a_server_that_dies_and_comes_back(self):
        server = self.server()
        self.start(self.user(server, **ENDLESS))
        self.paint_until_seen()
        server.kill()
        self.docker.wait_for_words("The connection is lost")
        self.screen.shot("krita-lost", focused=False)
        before = self.iteration()
        self.assertEqual(-1, before)
        self.server(listen=server.address)
        wait_for(lambda: self.iteration() > 0, "the painting goes on")
        self.docker.click("Stop")
        self.docker.wait_for_words("Applied")
        self.assertEqual(2, len(self.docker.layers()))

    def test_a_picture_that_is_closed_meanwhile(self):
        krita = self.user(self.server(), **ENDLESS)
        self.start(krita)
        self.paint_until_seen()
        self.window.script("document.close()")
        self.docker.click("Stop")
        self.docker.wait_for_words("Done, not applied yet")
        self.docker.wait_for_words("the painting waits in the history")
        self.screen.shot("krita-closed", focused=False)
        self.docker.open_picture(self.photo())
        self.docker.click("Apply")
        self.docker.wait_for_words("Applied")
        self.assertEqual(["Background", "Background as Starry Night"], self.docker.layers())

    def test_krita_that_is_closed_meanwhile(self):
        krita = self.user(self.server(), **ENDLESS)
        self.start(krita)
        self.paint_until_seen()
        self.window.quit()
        self.go_on_in_a_new_krita(krita)

    def test_krita_that_is_killed_meanwhile(self):
        krita = self.user(self.server(), **ENDLESS)
        self.start(krita)
        self.paint_until_seen()
        self.window.kill()
        self.go_on_in_a_new_krita(krita)

    def go_on_in_a_new_krita(self, krita):
        self.start(krita)
        wait_for(lambda: self.iteration() > 0, "the painting is taken up again")
        self.docker.click("Stop")
        self.docker.wait_for_words("Done, not applied yet")
        self.docker.click("Apply")
        self.docker.wait_for_words("Applied")
        self.docker.place("HistoryList")
        self.window.wait_until("not find('HistoryList').visibleRegion().isEmpty()", "the history is seen")
        self.screen.shot("krita-history", focused=False)
        self.assertEqual(["Background", "Background as Starry Night"], self.docker.layers())

    def free_address(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            return f"127.0.0.1:{free.getsockname()[1]}"

    def test_starts_a_server(self):
        krita = self.user(self.free_address(), **SHORT)
        program, number = self.bench.path("impastod"), self.bench.path("pid")
        with open(program, "w", encoding="utf-8") as file:
            file.write(
                f"#!/bin/sh\necho $$ >'{number}'\n"
                f"exec '{os.environ['IMPASTO_TEST_IMPASTOD']}' --weights-dir '{self.bench.weights()}' "
                '--models vgg19 --device cpu --threads 1 "$@"\n'
            )
        os.chmod(program, 0o755)
        krita.environment["IMPASTO_IMPASTOD"] = program
        self.start(krita)
        self.docker.click("Start a Server Here")
        wait_for(lambda: os.path.exists(number) and os.path.getsize(number), "the server is started")
        with open(number, encoding="utf-8") as file:
            self.addCleanup(os.kill, int(file.read()), signal.SIGKILL)  # it would go on, as it should
        self.docker.click("Paint")
        self.docker.wait_for_words("Applied")

    def test_a_server_that_comes_late(self):
        address = self.free_address()
        self.start(self.user(address, **SHORT))
        self.docker.wait_for_words("There is no server to paint on yet")
        self.screen.shot("krita-unreachable", focused=False)
        self.server(listen=address)
        self.docker.click("Paint")
        self.docker.wait_for_words("Applied")

    def test_a_style_that_is_no_picture(self):
        with open(self.bench.style(), "wb") as file:
            file.write(b"no picture")
        self.start(self.user(self.server(), **SHORT))
        self.docker.click("Paint")
        self.docker.wait_for_words("Not finished")
        self.screen.shot("krita-error", focused=False)
        self.assertEqual(["Background"], self.docker.layers())

    def test_a_docker_that_is_hidden_loads_nothing_and_asks_nobody(self):
        listening = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listening.close)
        listening.setblocking(False)
        krita = self.user(f"127.0.0.1:{listening.getsockname()[1]}")
        with krita.open(self.screen) as window:
            Docker(window)
            window.script("docker().hide()")
            window.quit()
        with contextlib.suppress(BlockingIOError):
            while True:  # at its first start Krita shows it
                listening.accept()[0].close()
        window = self.enterContext(krita.open(self.screen))
        docker = Docker(window)
        docker.open_picture(self.photo())
        loaded = "[name for name in ('impasto', 'grpc', 'google.protobuf', 'numpy') if name in sys.modules]"
        self.assertEqual([], window.script(f"answer = {loaded}"))
        with self.assertRaises(BlockingIOError):
            listening.accept()
        docker.show()

        def asked():
            with contextlib.suppress(BlockingIOError):
                listening.accept()[0].close()
                return True

        wait_for(asked, "the server is asked")


if __name__ == "__main__":
    unittest.main()
