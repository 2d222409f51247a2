#!/usr/bin/env python3
"""What the plug-in does when GIMP starts: nothing over the network, and little work."""

import json
import os
import re
import socket
import threading
import unittest

from gimp_bench import Bench


class Listener:
    """An address that counts who comes."""

    def __init__(self):
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self.visits = 0
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        while True:
            visitor, _ = self._socket.accept()
            with visitor:
                if visitor.recv(4) == b"stop":
                    return
                self.visits += 1

    def close(self):
        """Everybody who came before this is counted."""
        with socket.create_connection(self._socket.getsockname()) as last:
            last.sendall(b"stop")
        self._thread.join()
        self._socket.close()


class StartUpTest(unittest.TestCase):
    def setUp(self):
        self.bench = Bench()
        self.addCleanup(self.bench.close)

    def test_nothing_goes_over_the_network_and_waiting_results_are_told(self):
        listener = Listener()
        gimp = self.bench.gimp(environment={"IMPASTO_SERVER": listener.address})
        folder = os.path.join(gimp.config, "impasto", "gimp-waiting")
        os.makedirs(folder)
        server = {"address": listener.address}
        with open(os.path.join(gimp.config, "impasto", "gimp.json"), "w", encoding="utf-8") as file:
            json.dump({"server": server}, file)
        for job in ("one", "two"):
            with open(os.path.join(folder, f"{job}.json"), "w", encoding="utf-8") as file:
                json.dump({"job": f"jobs/{job}", "server": server, "created": 1, "width": 48, "height": 40}, file)
        first = gimp.run('(say "asked what it is")')
        second = gimp.run('(say (car (gimp-procedural-db-proc-exists "plug-in-impasto-style-transfer")))')
        listener.close()
        self.assertEqual(first.said, ["asked what it is"])
        self.assertEqual(second.said, ["1"])
        self.assertEqual(listener.visits, 0)
        words = "2 results of Style Transfer are waiting. Open them with Filters > Artistic > Waiting Style Transfers."
        for run in (first, second):
            self.assertIn(words, run.log)
            self.assertEqual(run.errors, [])

    def test_nothing_is_told_where_nothing_waits(self):
        self.assertNotIn("Style Transfer", self.bench.gimp().run('(say "started")').log)

    def test_cost_of_being_asked(self):
        """Printed, not asserted: a busy machine takes any time."""
        gimp = self.bench.gimp()
        log = self.bench.path("times")
        timed = self.bench.path("timed")
        programs = {
            "impasto-style-transfer": os.path.join(gimp.build, "plug-ins", "impasto-style-transfer"),
            "file-png": os.path.join(gimp.folder, "gimps-own", "file-png"),
        }
        for name, folder in programs.items():
            os.makedirs(os.path.join(timed, name))
            path = os.path.join(timed, name, name)
            with open(path, "w", encoding="utf-8") as file:
                file.write(
                    "#!/bin/bash\nbegun=${EPOCHREALTIME/./}\n"
                    f'{os.path.join(folder, name)} "$@"\nstatus=$?\n'
                    f'echo "{name} $(( ${{EPOCHREALTIME/./}} - begun )) $*" >> {log}\nexit $status\n'
                )
            os.chmod(path, 0o755)
        for _ in range(5):
            own = self.bench.gimp(plug_ins=[timed])
            os.unlink(os.path.join(own.folder, "gimps-own", "file-png"))
            self.assertEqual(own.run('(say "started")').said, ["started"])
        with open(log, encoding="utf-8") as file:
            lines = file.read()
        print()
        for name in programs:
            times = sorted(int(time) for time in re.findall(rf"^{name} (\d+) .*-query", lines, re.MULTILINE))
            self.assertEqual(len(times), 5)
            print(f"{name} -query: {times[0] / 1000:.1f} ms at best, {times[2] / 1000:.1f} ms in the middle of 5")


if __name__ == "__main__":
    unittest.main()
