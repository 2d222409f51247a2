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
import shutil
import signal
import socket
import struct
import subprocess
import time

import gimp_bench
from gimp_bench import quoted
from PIL import Image, ImageChops

DIALOG = "Style Transfer"
# Far beyond what a window takes, also on a busy machine.
PATIENCE = 90
_TOOLS = ("Xvfb", "openbox", "xdotool", "scrot")


def wait_for(condition, what, patience=PATIENCE):
    """What `condition` gives, once it is true."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"it didn't happen: {what}")


def differ(one, other):
    """Whether two pictures of one size do, anywhere."""
    return one.size != other.size or ImageChops.difference(one, other).getbbox() is not None


class Screen:
    """A display with a window manager."""

    def __init__(self, width=1280, height=1024):
        missing = [tool for tool in _TOOLS if shutil.which(tool) is None]
        if missing:
            raise AssertionError(f"tests with windows need {', '.join(missing)}")
        self.shots = os.environ["IMPASTO_TEST_SCREENSHOTS"]
        os.makedirs(self.shots, exist_ok=True)
        read, write = os.pipe()
        self._server = subprocess.Popen(
            [
                "Xvfb",
                "-displayfd",
                str(write),
                "-screen",
                "0",
                f"{width}x{height}x24",
                "-nolisten",
                "tcp",
            ],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as numbers:
            self.display = f":{numbers.readline().strip()}"
        self.environment = {**os.environ, "DISPLAY": self.display, "LC_ALL": "C.UTF-8"}
        self._manager = subprocess.Popen(
            ["openbox", "--sm-disable"],
            env=self.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self._manager, self._server):
            process.kill()
            process.wait()

    def _do(self, *words):
        done = subprocess.run(
            ["xdotool", *words],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    def window(self, name):
        """The number of a window whose title begins so, or ''."""
        found = self._do("search", "--onlyvisible", "--name", f"^{name}")
        return found.splitlines()[-1] if found else ""

    def wait_for_window(self, name):
        number = wait_for(lambda: self.window(name), f"a window {name!r}")
        self._do("windowactivate", "--sync", number)
        return number

    def wait_until_gone(self, name):
        wait_for(lambda: not self.window(name), f"no window {name!r} any more")

    def activate(self, name):
        self._do("windowactivate", "--sync", self.wait_for_window(name))

    def key(self, *keys):
        for key in keys:
            self._do("key", "--clearmodifiers", key)

    def put_mouse_aside(self):
        """Where it calls no tooltip."""
        self._do("mousemove", "0", "0")

    def type(self, text):
        self._do("type", "--delay", "20", text)

    def grab(self, focused=True):
        """The window that has the focus, or the whole screen, as a picture."""
        path = os.path.join(self.shots, ".grab.png")
        what = ["--focused"] if focused else []
        subprocess.run(
            ["scrot", "--overwrite", *what, path],
            env=self.environment,
            check=True,
            capture_output=True,
        )
        with Image.open(path) as file:
            picture = file.convert("RGB")
        os.remove(path)
        return picture

    def shot(self, name, focused=True):
        """Keeps a picture as NAME.png, for people to look at."""
        picture = self.grab(focused)
        picture.save(os.path.join(self.shots, f"{name}.png"))
        return picture


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
        time.sleep(0.5)
        self.screen.key("Return")

    def open_dialog(self):
        self.run_action("Style Transfer...")
        self.screen.wait_for_window(f"{DIALOG}$")

    def choose_file(self, path):
        """In the dialog, as its style."""
        self.screen.key("alt+f", "space")
        self.screen.wait_for_window("Choose a style")
        # A slash opens the entry for a path, after a while.
        time.sleep(1)
        self.screen.key("slash")
        time.sleep(1)
        self.screen.key("ctrl+a")
        self.screen.type(path)
        time.sleep(0.5)
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
