import inspect
import unittest

from docker_testing import FakeSession
from impasto_docker.core.session import Session


class FakeSessionTest(unittest.TestCase):
    def test_it_has_the_real_ones_methods_with_their_arguments(self):
        real = {name: method for name, method in inspect.getmembers(Session, callable) if not name.startswith("_")}
        for name in ("add", "attach", "try_now"):  # between the real one's own parts
            real.pop(name)
        for name, method in real.items():
            with self.subTest(name):
                self.assertEqual(
                    list(inspect.signature(getattr(FakeSession, name)).parameters),
                    list(inspect.signature(method).parameters),
                )


if __name__ == "__main__":
    unittest.main()
