"""A job in a notebook, with IPython's display, and without IPython."""

import contextlib
import io
import unittest
from unittest import mock

import grpc
import impasto
from fake_server import Fail, FakeServer, accepted, event, finished, picture, progress
from fake_time import FakeTime
from impasto import Picture, PictureFormat, PixelFormat, Preview, Progress
from impasto._notebook import View

try:
    from IPython.core.displaypub import CapturingDisplayPublisher
    from IPython.core.interactiveshell import InteractiveShell
except ImportError:
    InteractiveShell = None

RUN = [
    accepted(warnings=["the weights are random"]),
    progress(2, 1, 100.0),
    progress(3, 2, 10.0),
    *picture(4, "preview", b"JPEG of it", format=2),
    *picture(5, "result", b"PNG of a picture"),
    finished(6),
]


class ViewTest(unittest.TestCase):
    def html(self, *events):
        view = View("jobs/<a>", clock=lambda: 0.0)
        with contextlib.redirect_stdout(io.StringIO()):
            for one in events:
                view.update(one)
        return view._repr_html_()

    def test_progress_and_curve(self):
        steps = [Progress(k, 4, 10.0**-k, remaining=9.0) for k in range(1, 4)]
        html = self.html(*steps)
        self.assertIn('<progress value="3" max="4"', html)
        self.assertIn("jobs/&lt;a&gt;: step 3 of 4, loss 0.001, 9 s left", html)
        self.assertIn('points="1.0,1.0 120.0,40.0 239.0,79.0"', html)

    def test_the_curve_begins_anew_with_a_level(self):
        self.assertNotIn("polyline", self.html(Progress(1, 4, 5.0), Progress(2, 4, 4.0), Progress(3, 4, 9.0, level=1)))

    def test_losses_that_cannot_be_drawn(self):
        self.assertNotIn(
            "polyline", self.html(*(Progress(k, 4, loss) for k, loss in enumerate((0.0, float("inf"), 1.0))))
        )

    def test_the_curve_has_a_bound(self):
        html = self.html(*(Progress(k, 5000, 1.0 + k) for k in range(5000)))
        self.assertLess(html.count(","), 420)

    def test_pictures(self):
        jpeg = Preview(1, Picture(b"JPEG", PictureFormat.JPEG, 1, 1))
        self.assertIn('src="data:image/jpeg;base64,SlBFRw=="', self.html(jpeg))
        raw = Preview(1, Picture(b"\1\2\3", PictureFormat.RAW, 1, 1, PixelFormat.RGB8))
        self.assertIn('src="data:image/png;base64,', self.html(raw))
        with mock.patch.dict("sys.modules", {"PIL": None}):
            self.assertNotIn("<img", self.html(raw))

    def test_what_else_happens(self):
        lost = impasto.ConnectionLost(impasto.Unavailable("gone <away>"))
        self.assertIn("is being made again: gone &lt;away&gt;", self.html(lost))
        paused = impasto.StateChanged(impasto.JobState.PAUSED, 3, "a client")
        self.assertIn("paused: a client", self.html(paused))


class DisplayTest(unittest.TestCase):
    def setUp(self):
        self.server = FakeServer()
        self.addCleanup(self.server.stop)
        self.client = FakeTime().client(self.server.address)
        self.addCleanup(self.client.close)
        self.server.on("WatchJob", RUN)

    def test_lines_without_ipython(self):
        with mock.patch.dict("sys.modules", {"IPython": None}), contextlib.redirect_stdout(io.StringIO()) as out:
            result = self.client.job("a").display()
        self.assertEqual(result.picture.data, b"PNG of a picture")
        lines = out.getvalue().splitlines()
        self.assertEqual(lines[0], "jobs/a: the weights are random")
        self.assertEqual(lines[-1], "jobs/a: done after 7 s, loss 0")

    @unittest.skipIf(InteractiveShell is None, "IPython isn't installed")
    def test_one_output_that_is_updated(self):
        shell = InteractiveShell.instance()
        self.addCleanup(InteractiveShell.clear_instance)
        shell.display_pub = CapturingDisplayPublisher(parent=shell)
        with mock.patch("impasto._notebook._REDRAW", 0.0):
            self.client.job("a").display()
        outputs = shell.display_pub.outputs
        self.assertNotIn("update", {key for key, value in outputs[0].items() if value is True})
        self.assertTrue(all(output["update"] for output in outputs[1:]))
        self.assertEqual(len({output["transient"]["display_id"] for output in outputs}), 1)
        self.assertEqual(len(outputs), 1 + 5 + 1)
        last = outputs[-1]["data"]["text/html"]
        self.assertIn("data:image/png;base64,", last)
        self.assertIn("done after 7 s", last)
        self.assertEqual(outputs[-1]["data"]["text/plain"], "jobs/a: done after 7 s, loss 0")

    def test_an_error_is_shown_and_raised(self):
        self.server.on("WatchJob", [accepted(), event(2), Fail(grpc.StatusCode.NOT_FOUND, "the job is gone")])
        with contextlib.redirect_stdout(io.StringIO()) as out, self.assertRaises(impasto.NotFound):
            self.client.job("a").display()
        self.assertEqual(out.getvalue().splitlines()[-1], "jobs/a: the job is gone")


if __name__ == "__main__":
    unittest.main()
