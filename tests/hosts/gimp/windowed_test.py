"""The dialog in the real GIMP, on a screen that nobody sees.

Environment: as gimp_bench.py, and
  IMPASTO_TEST_SCREENSHOTS  where pictures of the windows are kept
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest
import urllib.parse

import numpy as np

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gimp_bench import Bench, quoted
from windowed_bench import DIALOG, Screen, WindowedGimp, differ, wait_for

# Takes the small networks some ten seconds, at LARGE.
LONG = 100000
LARGE = 640
SETTINGS = {"quality": "iterations", "iterations": 40, "size": 96, "strength": 50}


class SilentServer:
    """Accepts connections, and never says a word."""

    def __init__(self):
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listening.getsockname()[1]}"
        self._connections = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                self._connections.append(self._listening.accept())
            except OSError:
                return

    def close(self):
        self._listening.close()


# Stands for impastod where the real one may be of another Debian than GIMP: whatever it is called with it writes down,
# and passes what comes on to a server that runs already.
_PASSES_ON = """#!/usr/bin/env python3
import asyncio, os, sys

async def pump(reader, writer):
    while data := await reader.read(1 << 16):
        writer.write(data)
        await writer.drain()
    writer.close()

async def pass_on(reader, writer):
    to, port = {address!r}.rsplit(":", 1)
    from_server, to_server = await asyncio.open_connection(to, int(port))
    await asyncio.gather(pump(reader, to_server), pump(from_server, writer), return_exceptions=True)

async def main():
    host, port = sys.argv[2].rsplit(":", 1)
    server = await asyncio.start_server(pass_on, host, int(port))
    with open({called!r} + ".new", "w") as file:
        file.write(" ".join([str(os.getpid()), *sys.argv[1:]]))
    os.rename({called!r} + ".new", {called!r})
    await server.serve_forever()

asyncio.run(main())
"""


def free_address():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


class WindowedTest(unittest.TestCase):
    def setUp(self):
        self.screen = self.enterContext(Screen())
        self.bench = self.enterContext(Bench())

    def start(self, address, gimp=None, recent=(), **settings):
        """GIMP with an image and the dialog; `settings` are those of the session before, as `recent` styles are."""
        gimp = gimp or self.bench.gimp(environment={"DISPLAY": self.screen.display})
        self.config = os.path.join(gimp.config, "impasto")
        os.makedirs(self.config, exist_ok=True)
        if settings is not None:
            with open(os.path.join(self.config, "gimp.json"), "w", encoding="utf-8") as file:
                json.dump(
                    {"server": {"address": address}, "last": {**SETTINGS, **settings}, "recent": list(recent)},
                    file,
                )
        self.gimp = WindowedGimp(self.bench, self.screen, gimp)
        self.addCleanup(self.gimp.kill)
        self.addCleanup(lambda: self.assertNotIn("CRITICAL", self.gimp.log()))
        self.gimp.open_image(width=640, height=480)

    def style(self):
        return {"kind": "file", "value": self.bench.style(), "label": "Starry Night"}

    def layers(self):
        return int(self.gimp.script("(car (gimp-image-get-layers image))"))

    def dump(self, name):
        return self.gimp.dump(self.bench.path(name))

    def assert_same_image(self, before, after):
        self.assertEqual(before[0], after[0])
        self.assertEqual(before[1].format, after[1].format)
        np.testing.assert_array_equal(before[1].values, after[1].values)

    def waiting(self):
        folder = os.path.join(self.config, "gimp-waiting")
        return [name for name in os.listdir(folder) if name.endswith(".json")] if os.path.isdir(folder) else []

    def recipe(self):
        """That the layer has which is chosen."""
        path = self.bench.path("recipe")
        self.gimp.script(
            f"(let ((out (open-output-file {quoted(path)})))"
            " (display (caddr (car (gimp-item-get-parasite (car (gimp-image-get-active-drawable image))"
            ' "impasto-recipe"))) out) (close-port out))'
        )
        with open(path, encoding="utf-8") as file:
            return json.load(file)

    def wait_for_result(self, layers=2):
        wait_for(lambda: self.layers() == layers, "the result is in the image")
        self.screen.wait_until_gone(f"{DIALOG}$")

    def test_paints_what_one_undo_takes_back(self):
        # By keys alone GTK 3's window for files makes GTK itself complain.
        by_keys = self.bench.gimp().version == "2.10"
        self.start(self.bench.server().address, **({} if by_keys else {"style": self.style()}))
        before = self.dump("before")
        self.gimp.open_dialog()
        idle = self.screen.shot("idle")
        if by_keys:
            self.gimp.choose_file(self.bench.style())
            self.screen.wait_until_still()
            self.screen.shot("chosen")
        chosen = self.screen.grab()
        self.screen.key("alt+p")
        # Such a short job may be done before it needs a record.
        wait_for(lambda: differ(chosen, self.screen.grab()), "the window changes")
        self.screen.wait_until_still()
        done = self.screen.shot("done")
        self.assertTrue(differ(idle, done))
        self.assertEqual(1, self.layers())
        self.screen.key("alt+o")
        self.wait_for_result()
        wait_for(lambda: not self.waiting(), "the record is removed")
        painted = self.dump("painted")
        self.assertTrue((painted[1].values != before[1].values).any())
        self.gimp.main_window()
        self.screen.shot("after")
        self.screen.key("ctrl+z")
        wait_for(lambda: self.layers() == 1, "the layer is gone")
        self.assert_same_image(before, self.dump("undone"))

    def test_shows_the_picture_on_its_way_and_leaves_the_image_when_cancelled(self):
        self.start(self.bench.server().address, style=self.style(), iterations=LONG, size=LARGE)
        before = self.dump("before")
        self.gimp.open_dialog()
        self.screen.key("alt+p")
        wait_for(lambda: self.waiting(), "the job has a record")
        self.screen.wait_for_changes(3)
        pictures = [self.screen.shot("running")]
        wait_for(lambda: differ(pictures[0], self.screen.grab()), "the window changes")
        self.screen.key("Escape")
        self.screen.wait_until_gone(f"{DIALOG}$")
        wait_for(lambda: not self.waiting(), "the record is removed")
        self.assert_same_image(before, self.dump("after"))

    def test_stop_keeps_the_best_so_far(self):
        self.start(self.bench.server().address, style=self.style(), iterations=LONG, size=LARGE)
        self.gimp.open_dialog()
        self.screen.key("alt+o")
        wait_for(lambda: self.waiting(), "the job has a record")
        self.screen.wait_for_changes(3)
        self.screen.key("alt+s")
        self.wait_for_result()
        self.assertLess(self.recipe()["changes"][-1]["iterations"], LONG)

    def test_the_strength_acts_on_the_running_job(self):
        server = self.bench.server()
        self.start(server.address, style=self.style(), iterations=LONG, size=LARGE)
        self.gimp.open_dialog()
        self.screen.key("alt+p")
        wait_for(lambda: self.waiting(), "the job has a record")
        self.screen.key("alt+n", "Page_Up", "Page_Up")
        wait_for(lambda: "style_weight" in str(self.jobs(server)[0]["original_recipe"].get("changes")), "it is changed")
        self.screen.key("alt+s", "alt+o")
        self.wait_for_result()
        changes = self.recipe()["changes"]
        self.assertTrue(any("style_weight" in str(change) for change in changes), changes)

    def test_paints_in_place_by_a_recent_style_and_one_undo_takes_it_back(self):
        self.start(self.bench.server().address, recent=[self.style()], placement="in-place")
        before = self.dump("before")
        self.gimp.open_dialog()
        self.screen.key("alt+y", "space", "Down", "Down", "Down", "Return")
        self.screen.key("alt+e", "Home", "space")
        self.screen.wait_until_still()
        self.screen.shot("recent")
        self.screen.key("alt+o")
        self.screen.wait_until_gone(f"{DIALOG}$")
        wait_for(lambda: (self.dump("painted")[1].values != before[1].values).any(), "the layer is painted")
        self.assertEqual(1, self.layers())
        self.gimp.main_window()
        self.screen.key("ctrl+z")
        wait_for(lambda: (self.dump("undone")[1].values == before[1].values).all(), "the pixels are as they were")
        self.assert_same_image(before, self.dump("undone"))

    def test_says_that_nobody_is_there(self):
        self.start(free_address(), style=self.style())
        self.gimp.open_dialog(light="red")
        self.screen.shot("unreachable")
        self.screen.key("Escape")
        self.screen.wait_until_gone(f"{DIALOG}$")

    def test_stays_after_a_failure_and_paints_again(self):
        self.start(self.bench.server().address, style=self.style())
        with open(self.bench.style(), "rb") as file:
            painting = file.read()
        with open(self.bench.style(), "wb") as file:
            file.write(b"no picture")
        self.gimp.open_dialog()
        before = self.screen.grab()
        self.screen.key("alt+o")
        wait_for(lambda: self.screen.grab().height > before.height, "the message is there")
        self.screen.shot("error")
        self.assertEqual(1, self.layers())
        with open(self.bench.style(), "wb") as file:
            file.write(painting)
        self.screen.key("alt+o")
        self.wait_for_result()

    def test_takes_a_style_from_the_library(self):
        server = self.bench.server("--state-dir", self.bench.path("state"))
        self.cli("styles", "add", "--server", server.address, self.bench.style())
        self.start(server.address)
        self.gimp.open_dialog()
        self.screen.key("alt+y", "space", "Down", "Down", "Return")
        self.screen.key("alt+b", "Home", "space")
        self.screen.wait_until_still()
        self.screen.shot("library")
        self.screen.key("alt+o")
        self.wait_for_result()
        with open(os.path.join(self.config, "gimp.json"), encoding="utf-8") as file:
            self.assertEqual("library", json.load(file)["last"]["style"]["kind"])

    def test_is_usable_while_a_server_says_nothing(self):
        silent = SilentServer()
        self.addCleanup(silent.close)
        self.start(silent.address, style=self.style())
        self.gimp.open_dialog(light=None)
        self.screen.wait_until_still()
        self.screen.key("alt+n")
        slowest = 0.0
        for _ in range(20):
            before = self.screen.grab()
            begun = time.monotonic()
            self.screen.key("Page_Up" if _ % 2 else "Page_Down")
            while not differ(before, self.screen.grab()):
                self.assertLess(time.monotonic() - begun, 20)
            slowest = max(slowest, time.monotonic() - begun)
        # Most of it is the hands' and eyes' own time: the silence would take ten seconds.
        print(f"slowest answer to a key: {slowest:.2f} s")
        self.assertLess(slowest, 2)
        self.screen.key("Escape")
        self.screen.wait_until_gone(f"{DIALOG}$")

    def test_a_server_that_dies_and_comes_back(self):
        state = self.bench.path("state")
        server = self.bench.server("--state-dir", state)
        self.start(server.address, style=self.style(), iterations=LONG, size=LARGE)
        self.gimp.open_dialog()
        self.screen.key("alt+p")
        wait_for(lambda: self.waiting(), "the job has a record")
        self.screen.wait_for_changes(3)
        server.kill()
        self.gimp.wait_for_light("red")
        self.screen.shot("lost")
        self.bench.server("--state-dir", state, listen=server.address)
        self.gimp.wait_for_light("green")
        self.screen.wait_for_changes(3)
        self.screen.shot("back")
        self.screen.key("alt+s", "alt+o")
        self.wait_for_result()

    def test_offers_what_waits_after_gimp_was_killed(self):
        self.start(self.bench.server().address, style=self.style(), iterations=LONG, size=LARGE)
        self.gimp.open_dialog()
        self.screen.key("alt+p")
        wait_for(lambda: self.waiting(), "the job has a record")
        self.gimp.kill()
        self.gimp = WindowedGimp(self.bench, self.screen, self.gimp.gimp)
        self.addCleanup(self.gimp.kill)
        self.gimp.open_image(width=640, height=480)
        self.screen.shot("offered", focused=False)
        self.gimp.open_dialog()
        self.screen.shot("waiting_bar")
        self.screen.key("alt+e")
        self.screen.wait_for_window("Waiting Style Transfers")
        self.screen.wait_until_still()
        self.screen.shot("waiting")
        images = int(self.gimp.script("(car (gimp-image-list))"))
        self.screen.key("alt+o")
        wait_for(
            lambda: int(self.gimp.script("(car (gimp-image-list))")) == images + 1,
            "the result is shown",
        )
        wait_for(lambda: not self.waiting(), "the record is removed")

    def test_discards_what_waits(self):
        server = self.bench.server()
        self.start(server.address, style=self.style(), iterations=LONG, size=LARGE)
        self.gimp.open_dialog()
        self.screen.key("alt+p")
        wait_for(lambda: self.waiting(), "the job has a record")
        self.gimp.kill()
        self.gimp = WindowedGimp(self.bench, self.screen, self.gimp.gimp)
        self.addCleanup(self.gimp.kill)
        self.gimp.open_image(width=640, height=480)
        self.gimp.run_action("Waiting Style Transfers")
        self.screen.wait_for_window("Waiting Style Transfers")
        self.assertEqual(1, len(self.jobs(server)))
        self.screen.key("alt+d")
        wait_for(lambda: not self.waiting(), "the record is removed")
        wait_for(lambda: not self.jobs(server), "the server has dropped the job")
        self.screen.shot("discarded")
        self.screen.key("Escape")
        self.screen.wait_until_gone("Waiting Style Transfers")

    def jobs(self, server):
        return json.loads(self.cli("jobs", "list", "--json", "--server", server.address)).get("jobs", [])

    def cli(self, *words):
        # Beside the server, which may be of another build than GIMP's plug-in.
        program = os.path.join(os.path.dirname(os.environ["IMPASTO_TEST_IMPASTOD"]), "impasto")
        return subprocess.run([program, *words], check=True, capture_output=True, text=True).stdout

    def test_takes_an_open_layer_as_style(self):
        self.start(self.bench.server().address)
        for script in (
            "(define other (car (gimp-image-new 40 48 RGB)))",
            '(define painting (car (gimp-layer-new other 40 48 RGB-IMAGE "Waves" 100 LAYER-MODE-NORMAL)))',
            "(gimp-image-insert-layer other painting 0 0)",
            "(impasto-test-fill painting 7)",
        ):
            self.gimp.script(script)
        self.gimp.open_dialog()
        self.screen.key("alt+y", "space", "Down", "Return")
        # The newest image is the list's first.
        self.screen.key("alt+l", "Home")
        self.screen.wait_until_still()
        self.screen.shot("layer_as_style")
        self.screen.key("alt+o")
        self.wait_for_result()
        self.assertIn(
            "Waves", self.gimp.script("(car (gimp-item-get-name (car (gimp-image-get-active-drawable image))))")
        )

    def test_says_what_size_would_fit(self):
        self.start(self.bench.server("--memory-budget", "24M").address, style=self.style(), size=2048)
        self.gimp.open_dialog()
        before = self.screen.shot("forecast")
        self.screen.key("alt+o")
        wait_for(lambda: self.screen.grab().height > before.height, "the message is there")
        self.screen.shot("too_large")
        self.assertEqual(1, self.layers())
        self.screen.key("alt+z", "ctrl+a", "9", "6", "Tab")
        self.screen.key("alt+o")
        self.wait_for_result()

    def test_starts_a_server_here(self):
        address, called, program = free_address(), self.bench.path("called"), self.bench.path("impastod")
        with open(program, "w", encoding="utf-8") as file:
            file.write(_PASSES_ON.format(address=self.bench.server().address, called=called))
        os.chmod(program, 0o755)
        environment = {"DISPLAY": self.screen.display, "IMPASTO_IMPASTOD": program}
        self.start(address, self.bench.gimp(environment=environment), style=self.style())
        self.gimp.open_dialog(light="red")
        self.screen.shot("can_start")
        self.screen.key("alt+v")
        wait_for(lambda: os.path.exists(called), "the program is started")
        with open(called, encoding="utf-8") as file:
            process, *arguments = file.read().split(" ")
        self.addCleanup(os.kill, int(process), signal.SIGKILL)
        self.assertEqual(["--listen", address], arguments)
        self.gimp.wait_for_light("green")
        self.screen.shot("started")
        self.screen.key("alt+o")
        self.wait_for_result()

    def browser(self):
        """What opens web pages for GIMP's user: writes down their addresses. Gives its environment, and the file."""
        folder = self.bench.path("browser")
        applications = os.path.join(folder, "applications")
        os.makedirs(applications)
        opened = os.path.join(folder, "opened")
        program = os.path.join(folder, "program")
        with open(program, "w", encoding="utf-8") as file:
            file.write(f'#!/bin/sh\nprintf "%s" "$1" > {opened}.new && mv {opened}.new {opened}\n')
        os.chmod(program, 0o755)
        with open(os.path.join(applications, "test-browser.desktop"), "w", encoding="utf-8") as file:
            file.write(
                f"[Desktop Entry]\nType=Application\nName=Browser\nExec={program} %u\n"
                "MimeType=text/html;x-scheme-handler/file;x-scheme-handler/http;\n"
            )
        with open(os.path.join(applications, "mimeapps.list"), "w", encoding="utf-8") as file:
            file.write(
                "[Default Applications]\n"
                + "".join(f"{kind}=test-browser.desktop\n" for kind in ("text/html", "x-scheme-handler/file"))
            )
        return {"XDG_DATA_HOME": folder}, opened

    def test_help_opens_the_page_of_what_is_asked(self):
        environment, opened = self.browser()
        environment["DISPLAY"] = self.screen.display
        self.start("127.0.0.1:1", self.bench.gimp(environment=environment, own=("help", "web-browser")))
        self.gimp.open_dialog(light="red")
        self.screen.key("F1")
        wait_for(lambda: os.path.exists(opened), "a page is opened")
        with open(opened, encoding="utf-8") as file:
            address = urllib.parse.urlsplit(file.read())
        self.assertEqual(("file", "painting"), (address.scheme, address.fragment))
        self.assertTrue(address.path.endswith("/impasto-style-transfer/help/en/index.html"), address.path)
        with open(address.path, encoding="utf-8") as file:
            self.assertIn('id="painting"', file.read())


if __name__ == "__main__":
    unittest.main()
