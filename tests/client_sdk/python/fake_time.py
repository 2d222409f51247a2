"""Clients whose time is a test's: they sleep in no time, and by a chance that is known."""

import impasto
from impasto import _transport, aio
from impasto._operations import Environment


class FakeTime:
    """A clock that only sleeping moves. ``slept`` has every wait; ``then`` is called with it while one sleeps."""

    def __init__(self):
        self.now = 0.0
        self.slept = []
        self.then = None
        self._environment = Environment(lambda: self.now, lambda: 0.5)

    def client(self, address, **options):
        """A client that blocks."""
        client = impasto.Client(address, **options)
        client._transport = _transport.Transport(client._transport._options, self._environment, self._sleep)
        return client

    def aio_client(self, address, **options):
        """A client for asyncio."""
        client = aio.Client(address, **options)
        client._transport = aio._Transport(client._transport._options, self._environment, self._sleep_aside)
        return client

    def _sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds
        if self.then is not None:
            self.then(seconds)

    async def _sleep_aside(self, seconds):
        self._sleep(seconds)
