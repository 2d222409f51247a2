"""A screen that nobody sees, with hands and eyes: keys and the mouse by xdotool, pictures by scrot.

with Screen() as screen:
    subprocess.Popen(program, env=screen.environment)
    screen.wait_for_window("Title")
    screen.key("alt+p")
    screen.shot("running")             # kept where IMPASTO_TEST_SCREENSHOTS says
"""

import os
import shutil
import subprocess
import time

from PIL import Image, ImageChops

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

    def click(self, x, y):
        self._do("mousemove", str(x), str(y), "click", "1")

    def press(self, x, y):
        """Puts the pen down; `move` draws, `release` lifts it."""
        self._do("mousemove", str(x), str(y), "mousedown", "1")

    def move(self, x, y):
        self._do("mousemove", str(x), str(y))

    def release(self):
        self._do("mouseup", "1")

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

    def wait_until_still(self):
        """Until the window that has the focus looks the same twice."""
        pictures = [self.grab()]

        def still():
            pictures.append(self.grab())
            return not differ(*pictures[-2:])

        wait_for(still, "the window has come to rest")

    def wait_for_changes(self, count):
        """Until the window that has the focus has looked different so often: something goes on there."""
        for _ in range(count):
            before = self.grab()
            wait_for(lambda before=before: differ(before, self.grab()), "the window changes")

    def shot(self, name, focused=True):
        """Keeps a picture as NAME.png, for people to look at."""
        picture = self.grab(focused)
        picture.save(os.path.join(self.shots, f"{name}.png"))
        return picture
