"""What tests in the real Krita share: a server with small networks; a user's Krita with the plug-in, with its windows
or without.

with Bench() as bench:
    krita = bench.krita(bench.server())            # a new user's, whose plug-in knows the server
    krita.run_tests("documents_cases")             # a module of in_krita/, within Krita

with Screen() as screen, Bench() as bench:
    krita = bench.krita(bench.server())
    with krita.open(screen) as window:             # Krita's window
        window.script("answer = 1 + 2")            # run by the running Krita's Python: what `answer` is
        screen.shot("idle")

Environment: as tests/hosts/host_bench.py, and
  IMPASTO_TEST_KRITA        a build's folder of the plug-in, .../krita
  IMPASTO_TEST_SCREENSHOTS  where pictures of the windows are kept
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(_HERE))
from host_bench import HostBench
from screen import Screen, differ, wait_for

__all__ = ["Bench", "Krita", "Screen", "differ", "wait_for"]

# Far beyond what a run takes, also on a busy machine.
_LONG = 400
# ... and what a script does.
_SOON = 30
PLUG_IN = "impasto_docker"
_HANDS = "impasto_test_hands"


class Krita:
    """One user's Krita, with the plug-in and its preferences. `plug_ins`: a folder to take it from; None: none yet."""

    def __init__(self, folder, server=None, plug_ins=None, environment=None, **preferences):
        self.folder = folder
        self.config = os.path.join(folder, ".config")
        self.data = os.path.join(folder, ".local", "share")
        self.pykrita = os.path.join(self.data, "krita", "pykrita")
        self.preferences = os.path.join(self.config, "impasto", "krita.json")
        runtime = os.path.join(folder, "run")
        for made in (self.config, self.pykrita, runtime):
            os.makedirs(made, exist_ok=True)
        os.chmod(runtime, 0o700)
        self.environment = {
            key: value
            for key, value in os.environ.items()
            if not key.startswith(("IMPASTO_", "XDG_", "DISPLAY", "LC_", "LANG", "PYTHON"))
        }
        self.environment |= {
            "HOME": folder,
            "XDG_RUNTIME_DIR": runtime,
            "LC_ALL": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "QT_ACCESSIBILITY": "0",
            **(environment or {}),
        }
        if plug_ins is not None:
            for name in (f"{PLUG_IN}.desktop", PLUG_IN):
                os.symlink(os.path.join(plug_ins, name), os.path.join(self.pykrita, name))
        with open(os.path.join(self.config, "kritarc"), "w", encoding="utf-8") as file:
            # No OpenGL: what draws by software takes seconds, and this screen has nothing else.
            file.write(f"[python]\nenable_{PLUG_IN}=true\nenable_{_HANDS}=true\n\n[General]\nOpenGLRenderer=none\n")
        if server is not None:
            preferences["server"] = {"address": getattr(server, "address", server)}
        if preferences:
            os.makedirs(os.path.dirname(self.preferences), exist_ok=True)
            with open(self.preferences, "w", encoding="utf-8") as file:
                json.dump(preferences, file)

    def run_tests(self, module, **environment):
        """Runs the tests of a module of in_krita/ by kritarunner. Gives their number; AssertionError: what failed."""
        scripts = os.path.join(self.data, "kritarunner", "pykrita")
        os.makedirs(os.path.dirname(scripts), exist_ok=True)
        if not os.path.lexists(scripts):
            os.symlink(os.path.join(_HERE, "in_krita"), scripts)
        outcome = os.path.join(self.folder, "outcome.json")
        with contextlib.suppress(FileNotFoundError):
            os.remove(outcome)
        run = subprocess.Popen(
            [
                "xvfb-run",
                "-a",
                "-s",
                "-screen 0 1280x1024x24 -nolisten tcp",
                "kritarunner",
                "-s",
                "run_tests",
                "-f",
                "main",
            ],
            env={
                **self.environment,
                "PYTHONPATH": self.pykrita,
                "IMPASTO_TEST_MODULE": module,
                "IMPASTO_TEST_OUTCOME": outcome,
                **environment,
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        try:
            log, _ = run.communicate(timeout=_LONG)
        except subprocess.TimeoutExpired:
            os.killpg(run.pid, signal.SIGKILL)
            log, _ = run.communicate()
            raise AssertionError(f"{module}: kritarunner hasn't ended:\n{log}") from None
        if not os.path.exists(outcome):
            raise AssertionError(f"{module}: kritarunner has ended by itself ({run.returncode}):\n{log}")
        with open(outcome, encoding="utf-8") as file:
            outcome = json.load(file)
        if outcome["failed"] or not outcome["ran"]:
            raise AssertionError("\n".join([f"{module}: of {outcome['ran']} tests failed:", *outcome["failed"], log]))
        return outcome["ran"]

    def open(self, screen, *files):
        """Its window. A context: what is left of it is killed."""
        return KritaWindow(self, screen, files)


class KritaWindow:
    """A running Krita, and a Python within it that does as it is told."""

    def __init__(self, krita, screen, files=()):
        self.krita = krita
        self.screen = screen
        for name in (f"{_HANDS}.desktop", _HANDS):
            link = os.path.join(krita.pykrita, name)
            if not os.path.lexists(link):
                os.symlink(os.path.join(_HERE, "hands", name), link)
        self._socket = os.path.join(krita.folder, "hands")
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._socket)
        self._log = os.path.join(krita.folder, "log")
        with open(self._log, "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(
                ["krita", "--nosplash", *files],
                env={**krita.environment, "DISPLAY": screen.display, "IMPASTO_TEST_HANDS": self._socket},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._hands = wait_for(self._connect, "Krita is up")
        self._answers = self._hands.makefile("r", encoding="utf-8")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def _connect(self):
        if self.process.poll() is not None:
            raise AssertionError(f"Krita has ended:\n{self.log()}")
        hands = socket.socket(socket.AF_UNIX)
        hands.settimeout(_SOON)
        try:
            hands.connect(self._socket)
        except OSError:
            hands.close()
            return None
        return hands

    def log(self):
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def script(self, source, **names):
        """Runs Python in Krita's own thread, with `names`, and all that scripts before it left. Gives its `answer`."""
        self._hands.sendall(json.dumps({"source": source, "names": names}).encode() + b"\n")
        line = self._answers.readline()
        if not line:
            raise AssertionError(f"Krita has ended:\n{self.log()}")
        reply = json.loads(line)
        if reply["error"]:
            raise AssertionError(f"within Krita, at {source}:\n{reply['error']}")
        return reply["answer"]

    def wait_until(self, expression, what, **names):
        """What an expression is within Krita, once it is true."""
        return wait_for(lambda: self.script(f"answer = {expression}", **names), what)

    def quit(self):
        """As the menu does, and waits for the end. Its documents must have no changes that it would ask about."""
        self.script("QTimer.singleShot(0, lambda: Krita.instance().action('file_quit').trigger())")
        wait_for(lambda: self.process.poll() is not None, f"Krita ends:\n{self.log()}")
        self._close()

    def kill(self):
        """With all that it started. Fine if it is dead."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self._close()

    def _close(self):
        self._answers.close()
        self._hands.close()


class Bench(HostBench):
    """As any host's, with Krita."""

    def __init__(self):
        super().__init__("krita")

    def krita(self, server=None, **preferences):
        """A new user's Krita with the plug-in. `server`: that the plug-in asks; an address, or what server() gave."""
        return Krita(self.new_home(), server, os.environ["IMPASTO_TEST_KRITA"], **preferences)
