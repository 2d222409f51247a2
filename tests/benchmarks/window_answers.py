#!/usr/bin/env python3
"""How long the dialog in the real GIMP takes to answer: idle, painting, with a server that says nothing, with none at all.

It asks the window as its window manager would, by _NET_WM_PING. GTK answers from its main loop: while that is blocked no
answer comes, so that the longest wait is the longest time that the dialog didn't move. The rival is GIMP's own dialog of
a filter, Gaussian Blur, which is asked in the same run.

Environment: as tests/hosts/gimp/windowed_test.py.
"""

import json
import os
import signal
import sys
import time

from Xlib import X, display
from Xlib.protocol import event

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "hosts", "gimp"))
from gimp_bench import Bench
from windowed_bench import DIALOG, Screen, WindowedGimp, wait_for

# Between an answer and the next question, seconds: a block that falls there is seen shorter by so much.
PAUSE = 0.005
PATIENCE = 30
# The part of the waits that the second column leaves out, as outliers.
MOST = 0.99


def _below(window):
    yield window
    for child in window.query_tree().children:
        yield from _below(child)


class Pinger:
    """Asks a window that is there. LookupError: none that can be asked has a title that begins so."""

    def __init__(self, title, display_name):
        self._display = display.Display(display_name)
        root = self._display.screen().root
        self._protocols = self._display.intern_atom("WM_PROTOCOLS")
        self._ping = self._display.intern_atom("_NET_WM_PING")
        self._window = self._find(root, title)
        # A program answers by sending the question on to the root.
        root.change_attributes(event_mask=X.SubstructureNotifyMask)
        self._asked = 0

    def _find(self, root, title):
        for window in _below(root):
            if self._ping in window.get_wm_protocols() and (window.get_wm_name() or "").startswith(title):
                return window
        raise LookupError(title)

    def _is_answer(self, message):
        return (
            message.type == X.ClientMessage
            and message.client_type == self._protocols
            and list(message.data[1][:2]) == [self._ping, self._asked]
        )

    def ask(self):
        """Seconds until the answer. TimeoutError: there is none."""
        self._asked += 1
        data = (32, [self._ping, self._asked, self._window.id, 0, 0])
        start = time.monotonic()
        self._window.send_event(event.ClientMessage(window=self._window, client_type=self._protocols, data=data))
        self._display.flush()
        while time.monotonic() - start < PATIENCE:
            while self._display.pending_events():
                if self._is_answer(self._display.next_event()):
                    return time.monotonic() - start
            time.sleep(0.0005)
        raise TimeoutError(f"no answer for {PATIENCE} s")

    def ask_for(self, seconds):
        """Milliseconds until each answer, the shortest first."""
        waits = []
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            waits.append(1000 * self.ask())
            time.sleep(PAUSE)
        return sorted(waits)


class Table:
    """One line for each state of the window."""

    def __init__(self, screen):
        self._display = screen.display
        print(f"{'state':<32}{'answers':>8}{'median ms':>11}{'99 % ms':>9}{'longest ms':>12}", flush=True)

    def add(self, state, title, seconds):
        waits = Pinger(title, self._display).ask_for(seconds)
        most = waits[int(MOST * len(waits))]
        print(f"{state:<32}{len(waits):>8}{waits[len(waits) // 2]:>11.1f}{most:>9.1f}{waits[-1]:>12.1f}", flush=True)


def measure(screen, bench):
    server = bench.server()
    gimp = bench.gimp(environment={"DISPLAY": screen.display})
    config = os.path.join(gimp.config, "impasto")
    os.makedirs(config)
    style = {"kind": "file", "value": bench.style(), "label": "painting"}
    last = {"quality": "iterations", "iterations": 100000, "size": 512, "style": style}
    with open(os.path.join(config, "gimp.json"), "w", encoding="utf-8") as file:
        json.dump({"server": {"address": server.address}, "last": last}, file)
    windowed = WindowedGimp(bench, screen, gimp)
    try:
        windowed.open_image(width=800, height=600)
        table = Table(screen)
        windowed.run_action("Gaussian Blur...")
        screen.wait_for_window("Gaussian Blur")
        table.add("Gaussian Blur, GIMP's own", "Gaussian Blur", 10)
        screen.key("Escape")
        screen.wait_until_gone("Gaussian Blur")

        windowed.open_dialog()
        table.add("Style Transfer, idle", DIALOG, 10)
        before = screen.grab()
        screen.key("alt+p")
        wait_for(lambda: screen.grab().getbbox() and screen.grab() != before, "the preview")
        table.add("painting, with previews", DIALOG, 20)
        server.signal(signal.SIGSTOP)
        table.add("the server says nothing", DIALOG, 20)
        server.signal(signal.SIGCONT)
        server.kill()
        table.add("the server is gone", DIALOG, 10)
    finally:
        windowed.kill()


if __name__ == "__main__":
    with Screen() as one_screen, Bench() as one_bench:
        measure(one_screen, one_bench)
