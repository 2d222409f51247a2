"""Drivers: how they are found, built and spoken to."""

import json
import os
import queue
import re
import shutil
import subprocess
import threading

from bench.servers import PATIENCE, start_child


class Driver:
    """A language's driver as its folder describes it. README.md says what driver.json holds."""

    def __init__(self, folder):
        self.folder = folder
        self.key = os.path.basename(folder)
        with open(os.path.join(folder, "driver.json"), encoding="utf-8") as file:
            described = json.load(file)
        self.language = described["language"]
        # Capability -> why it isn't there.
        self.lacks = described.get("lacks", {})
        self._build = described.get("build")
        self._run = described["run"]

    def missing_tool(self):
        """The language's own program where this machine doesn't have it, else None."""
        tool = (self._build or self._run)[0]
        bare = os.path.dirname(tool) == "" and not tool.startswith("$")
        return tool if bare and shutil.which(tool) is None else None

    def _command(self, words, variables):
        """`words` with $NAME put in."""
        return [re.sub(r"\$(\w+)", lambda match: variables.get(match[1], match[0]), word) for word in words]

    def build(self, variables):
        """Builds it. Raises CalledProcessError, with what was said, where that fails."""
        os.makedirs(variables["IMPASTO_CONFORMANCE_BUILD"], exist_ok=True)
        if self._build:
            command = self._command(self._build, variables)
            subprocess.run(
                command,
                cwd=self.folder,
                env={**os.environ, **variables},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=True,
            )

    def start(self, variables):
        return _Process(self._command(self._run, variables), self.folder, {**os.environ, **variables})


class DriverDied(Exception):
    """It ended, or said nothing in time, or something that is no answer."""


class _Process:
    """A running driver. It answers one line for each line."""

    def __init__(self, command, folder, environment):
        program = command[0]
        # A path is meant from the driver's folder on, a bare name from the PATH.
        if os.path.dirname(program):
            program = os.path.normpath(os.path.join(folder, program))
        elif shutil.which(program) is None:
            raise DriverDied(f"{program}: not found")
        self._errors = []
        self._answers = queue.Queue()
        self._process = start_child(
            [program, *command[1:]],
            cwd=folder,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        threading.Thread(target=self._read_answers, daemon=True).start()
        threading.Thread(target=self._read_errors, daemon=True).start()

    def _read_answers(self):
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put(None)

    def _read_errors(self):
        for line in self._process.stderr:
            self._errors.append(line)

    def ask(self, command):
        try:
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()
        except OSError:
            pass  # it has ended, as the answer will say
        try:
            line = self._answers.get(timeout=PATIENCE)
        except queue.Empty:
            raise self._died("no answer in time") from None
        if line is None:
            raise self._died(f"ended with status {self._process.wait()}")
        try:
            answer = json.loads(line)
        except ValueError:
            raise self._died(f"not JSON: {line.strip()[:200]}") from None
        if not isinstance(answer, dict) or answer.get("case") != command["case"]:
            raise self._died(f"not the answer to {command['case']}: {line.strip()[:200]}")
        return answer

    def _died(self, what):
        self.close()
        return DriverDied(what + "".join("\n    " + line.rstrip() for line in self._errors[-20:]))

    def close(self):
        """Its input ends, and so does it; killed where it doesn't."""
        try:
            self._process.stdin.close()
        except OSError:
            pass
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def find_drivers(folder):
    """All drivers below `folder`, by name."""
    found = sorted(
        entry.path for entry in os.scandir(folder) if os.path.exists(os.path.join(entry.path, "driver.json"))
    )
    return [Driver(path) for path in found]
