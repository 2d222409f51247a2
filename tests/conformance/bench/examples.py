"""Runs an example as its user would: it paints, it is refused, it is interrupted."""

import os
import re
import signal
import subprocess
import threading

from PIL import Image

from bench.servers import PATIENCE, start_child

_NEVER_DONE = 100000


class _Run:
    """A run of the example, in a process group of its own, as a terminal would have it."""

    def __init__(self, command, environment):
        self._process = start_child(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._lines = []
        self._changed = threading.Condition()
        self._ended = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        for line in self._process.stdout:
            with self._changed:
                self._lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait_for(self, pattern):
        """Whether a line with `pattern` came."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._seen(pattern), PATIENCE)
            return self._seen(pattern)

    def _seen(self, pattern):
        return any(re.search(pattern, line) for line in self._lines)

    def interrupt(self):
        os.killpg(self._process.pid, signal.SIGINT)

    def end(self):
        """(exit status, all that it said)."""
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            status = self._process.wait()
        self._reader.join(PATIENCE)
        return status, "".join(self._lines)


def run_example(bench, driver, variables, folder):
    """The findings; none: all is well."""
    address = bench.address("plain")
    environment = {**os.environ, **variables, "IMPASTO_SERVER": address, "IMPASTO": variables["IMPASTO_CLI"]}
    # Where the Python package's build puts it; the others don't look.
    environment["PYTHONPATH"] = variables["IMPASTO_CONFORMANCE_BUILD"]
    out = os.path.join(folder, f"{driver.key}.png")

    def start(photo, *flags):
        pictures = [bench.picture(name, address)["file"] for name in (photo, "painting")]
        return _Run([*driver.example_command(variables), *pictures, out, *flags], environment)

    findings = []

    def expect(what, holds, said):
        if not holds:
            findings.append(f"{what}:\n{said}")

    status, said = start("photo", "--iterations", "3").end()
    expect(f"painting: ended with {status}", status == 0, said)
    if status == 0:
        with Image.open(out) as picture:
            expect(f"painting: a {picture.format} of {picture.size}", (picture.format, picture.size) == ("PNG", (48, 40)), said)
        os.remove(out)
    expect("painting: no progress was told", re.search(r"\b3/3\b", said), said)

    status, said = start("photo", "--max-size", "8").end()
    expect(f"refused: ended with {status}", status == 1, said)
    expect("refused: neither field nor range is told", "recipe.max_size" in said and "8192" in said, said)

    run = start("photo_256", "--iterations", str(_NEVER_DONE))
    begun = run.wait_for(rf"\b\d+/{_NEVER_DONE}\b")
    run.interrupt()
    status, said = run.end()
    expect("interrupted: no progress was told", begun, said)
    expect(f"interrupted: ended with {status}", status == 130, said)
    expect("interrupted: a picture was written", not os.path.exists(out), said)
    states = bench.job_states(address)
    expect(f"interrupted: the newest job's state is {states[:1]}", states[:1] == ["STATE_CANCELLED"], said)
    expect(f"refused: it became a job after all: {states}", len(states) == 2, said)
    return findings
