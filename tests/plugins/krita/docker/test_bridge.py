import threading
import unittest

from docker_testing import FakeSession, settle, wait_for
from impasto_docker.docker.bridge import Bridge


class BridgeTest(unittest.TestCase):
    def open(self, open_session):
        bridge = Bridge(open_session)
        self.addCleanup(bridge.close)
        heard = []
        bridge.opened.connect(lambda: heard.append("opened"))
        bridge.failed.connect(lambda words: heard.append(words))
        bridge.changed.connect(lambda news: heard.append(news))
        bridge.open()
        wait_for(lambda: heard, "an answer")
        return bridge, heard

    def test_the_session_is_opened_once_and_on_a_thread(self):
        threads = []
        session = FakeSession()

        def open_session(changed):
            threads.append(threading.current_thread())
            return session.open(changed)

        bridge, heard = self.open(open_session)
        bridge.open()
        settle()
        self.assertEqual(heard, ["opened"])
        self.assertEqual(len(threads), 1)
        self.assertIsNot(threads[0], threading.main_thread())
        self.assertIs(bridge.session, session)

    def test_what_is_told_between_two_updates_comes_as_one(self):
        session = FakeSession()
        _, heard = self.open(session.open)
        session.tell("history")
        wait_for(lambda: len(heard) == 2, "the first")
        threads = [threading.Thread(target=session.tell, args=(f"entry{number % 3}",)) for number in range(30)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        wait_for(lambda: len(heard) == 3, "the rest")
        settle()
        self.assertEqual(heard, ["opened", {"history"}, {"entry0", "entry1", "entry2"}])

    def test_nothing_arrives_any_more_once_it_is_closed(self):
        session = FakeSession()
        bridge, heard = self.open(session.open)
        told = bridge.handed_over(heard.append)
        thread = threading.Thread(target=told, args=("before",))
        session.tell("history")
        thread.start()
        thread.join()
        bridge.close()
        session.tell("server")
        told("after")
        settle()
        self.assertEqual(heard, ["opened"])
        self.assertEqual(session.calls, [("close",)])

    def test_a_session_that_is_open_only_after_the_close_is_closed_too(self):
        may_open, session = threading.Event(), FakeSession()

        def open_session(changed):
            may_open.wait()
            return session.open(changed)

        bridge = Bridge(open_session)
        bridge.open()
        bridge.close()
        may_open.set()
        wait_for(lambda: session.calls == [("close",)], "the session is closed")

    def test_a_package_that_is_missing_is_named_with_what_to_do(self):
        def without(package):
            def open_session(_):
                raise ModuleNotFoundError(f"No module named {package!r}", name=package)

            return open_session

        self.assertEqual(
            self.open(without("grpc"))[1],
            [
                'Krita\'s Python lacks the package "grpcio". Install it (on Debian and Ubuntu: python3-grpcio), then '
                "restart Krita."
            ],
        )
        self.assertIn('lacks the package "protobuf"', self.open(without("google.protobuf"))[1][0])
        self.assertIn('lacks the package "numpy"', self.open(without("numpy"))[1][0])
        self.assertIn("Install the plug-in again", self.open(without("impasto"))[1][0])

    def test_work_is_done_on_a_thread_and_its_outcome_comes_back_to_qts(self):
        bridge, _ = self.open(FakeSession().open)
        heard = []
        bridge.in_background(
            threading.current_thread, lambda thread: heard.append((thread, threading.current_thread()))
        )
        wait_for(lambda: heard, "the outcome")
        self.assertIsNot(heard[0][0], threading.main_thread())
        self.assertIs(heard[0][1], threading.main_thread())
        bridge.in_background(lambda: int("x"), heard.append, lambda error: heard.append(type(error)))
        wait_for(lambda: len(heard) == 2, "the error")
        self.assertIs(heard[1], ValueError)


if __name__ == "__main__":
    unittest.main()
