"""GIMP with its windows, on a screen that nobody sees, with hands and eyes: keys by xdotool, pictures by scrot.

with Screen() as screen, Bench() as bench:
    gimp = WindowedGimp(bench, screen)
    gimp.script("(+ 1 2)")             # evaluated in the running GIMP: its answer as text
    gimp.open_image()
    gimp.open_dialog()
    screen.key("alt+p")
    screen.shot("running")             # kept where IMPASTO_TEST_SCREENSHOTS says
"""

import os
import signal
import socket
import struct
import subprocess

import gimp_bench
import numpy as np
from gimp_bench import quoted
from screen import PATIENCE, Screen, differ, wait_for

__all__ = ["DIALOG", "Screen", "WindowedGimp", "differ", "wait_for"]

DIALOG = "Style Transfer"
# As the dialog draws them.
_LIGHTS = {"green": (76, 176, 79), "red": (219, 61, 56)}


def _has(picture, color):
    """Whether a spot of a picture has about this colour."""
    near = np.abs(np.asarray(picture).astype(int) - color).max(-1) < 8
    return near.sum() > 50


class WindowedGimp:
    """GIMP with its windows, a profile of its own, and the Script-Fu server."""

    def __init__(self, bench, screen, gimp=None):
        self.screen = screen
        self.gimp = gimp or bench.gimp(environment={"DISPLAY": screen.display})
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = probe.getsockname()[1]
        self._log = os.path.join(self.gimp.folder, "log")
        with open(self._log, "w", encoding="utf-8") as log:
            self._start(log)
        self._scripts = wait_for(self._connect, "GIMP's Script-Fu server")
        if self.gimp.version == "3.0":
            self.script(f"(begin {gimp_bench.NAMES_IN_3_0} #t)")

    def _start(self, log):
        self.process = subprocess.Popen(
            [
                *self.gimp.command[:-1],
                f"gimp-{self.gimp.version}",
                *(
                    "--no-splash",
                    "--no-fonts",
                    "--new-instance",
                    "--batch-interpreter=plug-in-script-fu-eval",
                ),
                *(
                    "--batch",
                    f'(plug-in-script-fu-server RUN-NONINTERACTIVE "127.0.0.1" {self._port} "")',
                ),
            ],
            env=self.gimp.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _connect(self):
        if self.process.poll() is not None:
            raise AssertionError(f"GIMP has ended:\n{self.log()}")
        try:
            return socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE)
        except OSError:
            return None

    def log(self):
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def script(self, script):
        data = script.encode()
        self._scripts.sendall(b"G" + struct.pack(">H", len(data)) + data)
        head = self._receive(4)
        answer = self._receive(struct.unpack(">H", head[2:])[0]).decode()
        if head[1]:
            raise AssertionError(f"{script}: {answer}")
        return answer

    def _receive(self, count):
        data = b""
        while len(data) < count:
            part = self._scripts.recv(count - len(data))
            if not part:
                raise AssertionError(f"GIMP has ended:\n{self.log()}")
            data += part
        return data

    def open_image(self, **options):
        """An image in a window of its own: `image` and `drawable` in scripts."""
        for script in gimp_bench.new_image(**options):
            self.script(script)
        self.script("(gimp-display-new image)")
        self.screen.wait_for_window(r"\*?\[")

    def dump(self, path):
        """What the image looks like as a whole, and of how many layers it is."""
        count = self.script("(car (gimp-image-get-layers image))")
        self.script(
            "(let* ((copy (car (gimp-image-duplicate image))) (flat (car (gimp-image-flatten copy))))"
            f" (impasto-test-dump flat {quoted(path)}) (gimp-image-delete copy))"
        )
        return int(count), gimp_bench.read_dump(path)

    def main_window(self):
        self.screen.activate(r"\*?\[")

    def run_action(self, words):
        """By GIMP's search for actions."""
        self.screen.put_mouse_aside()
        self.main_window()
        self.screen.key("slash")
        self.screen.wait_for_window("Search Actions")
        self.screen.type(words)
        self.screen.wait_until_still()
        self.screen.key("Return")

    def open_dialog(self, light="green"):
        """And waits for the server's light in it; None: for none."""
        self.run_action("Style Transfer...")
        self.screen.wait_for_window(f"{DIALOG}$")
        if light is not None:
            self.wait_for_light(light)
            self.screen.wait_until_still()

    def wait_for_light(self, light):
        wait_for(lambda: _has(self.screen.grab(), _LIGHTS[light]), f"the server's light is {light}")

    def choose_file(self, path):
        """In the dialog, as its style."""
        self.screen.key("alt+f", "space")
        self.screen.wait_for_window("Choose a style")
        # A slash opens the entry for a path, once the window has filled itself.
        self.screen.wait_until_still()
        self.screen.key("slash")
        self.screen.wait_until_still()
        self.screen.key("ctrl+a")
        self.screen.type(path)
        self.screen.wait_until_still()
        self.screen.key("Return")
        self.screen.wait_until_gone("Choose a style")
        self.screen.wait_for_window(f"{DIALOG}$")

    def kill(self):
        """With all of its plug-ins, as a session that ends does. Fine if it is dead."""
        if self.process.returncode is not None:
            return
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._scripts.close()
