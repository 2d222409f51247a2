"""What tests in every host program share: folders, servers with small networks, a painting.

Environment: IMPASTO_TEST_IMPASTOD, the program impastod.
"""

import os
import shutil
import sys
import tempfile

import numpy as np
from PIL import Image

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "conformance"))
from bench.servers import Impastod
from bench.weights import write_small_vgg19


class HostBench:
    """Folders, servers with small networks, and pictures. Use it as a context, or close() it."""

    def __init__(self, host):
        self.host = host
        self.folder = tempfile.mkdtemp(prefix=f"impasto-{host}-")
        self._servers = []
        self._homes = 0
        self._weights = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for server in self._servers:
            server.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def new_home(self):
        """An empty folder, for a user of the host who has never started it."""
        self._homes += 1
        home = self.path(f"{self.host}-{self._homes}")
        os.makedirs(home)
        return home

    def weights(self):
        if self._weights is None:
            self._weights = self.path("weights")
            write_small_vgg19(self._weights)
        return self._weights

    def server(self, *flags, **options):
        """A server of its own, with a VGG19 of few channels; `.address`, `.kill()`."""
        flags = ["--weights-dir", self.weights(), "--models", "vgg19", *flags]
        if "--state-dir" not in flags:
            flags += ["--state-dir", "none"]
        server = Impastod(os.environ["IMPASTO_TEST_IMPASTOD"], flags, **options)
        self._servers.append(server)
        return server

    def style(self):
        """The path of a small painting."""
        path = self.path("Starry Night.png")
        if not os.path.exists(path):
            x, y = np.meshgrid(np.arange(48), np.arange(40))
            waves = np.sin(0.5 * x + 2 * np.sin(0.2 * y))
            rgb = np.stack([0.5 + 0.5 * waves, 0.5 - 0.3 * waves, 0.3 + 0.2 * np.cos(0.3 * y)], -1)
            Image.fromarray((rgb * 255).astype(np.uint8)).save(path)
        return path
