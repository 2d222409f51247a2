import datetime
import unittest

import core_testing  # noqa: F401  # first
import impasto
from impasto import Code
from impasto_docker.core.words import byte_words, duration_words, explain, style_words

HERE, THERE = "127.0.0.1:50451", "paint:1"


class ErrorsTest(unittest.TestCase):
    def check(self, error, words, address=THERE):
        self.assertEqual(explain(error, address), words)

    def test_nobody_listens(self):
        error = impasto.Unavailable("refused", reason="NOBODY_THERE")
        self.check(
            error,
            "No Impasto server runs on this computer, at 127.0.0.1:50451. Start it, or choose the address of another "
            "one.",
            HERE,
        )
        self.check(error, "No Impasto server runs at paint:1. Start it there, or choose the address of another one.")

    def test_no_connection(self):
        for reason, words in {
            "UNKNOWN_HOST": "No computer of the name in paint:1 is known. Check the server's address.",
            "NO_TLS_THERE": "The server at paint:1 doesn't offer encrypted connections. Remove the certificate under "
            "Access, or check the address.",
            "CERTIFICATE_NOT_TRUSTED": "The certificate of the server at paint:1 isn't trusted, or has expired. Choose "
            "the certificate to trust under Access.",
        }.items():
            self.check(impasto.Unavailable("x", reason=reason), words)
        self.check(
            impasto.Unavailable("x"),
            "The server at paint:1 doesn't answer. Check the address and the network; if both are right, try again in "
            "a moment.",
        )
        error = impasto.Unavailable("The server is stopping", retry_after=2.0)
        self.check(error, "The server is stopping. Try again in 2 s.")
        error = impasto.InvalidArgument("x", field="token", reason="TOKEN_IN_THE_CLEAR")
        self.check(
            error,
            "The access token isn't sent to paint:1, because the connection isn't encrypted. Choose the certificate to "
            "trust under Access.",
        )

    def test_access(self):
        self.check(
            impasto.Unauthenticated("an access token is wanted"),
            "The server at paint:1 wants an access token. Choose the file with yours under Access.",
        )
        self.check(
            impasto.Unauthenticated("the server doesn't know this token"),
            "The server at paint:1 doesn't know your access token. Choose the file with the right one under Access.",
        )

    def test_versions(self):
        self.check(
            impasto.FailedPrecondition("the server speaks revision 0: update the server"),
            "The server at paint:1 is too old for this plug-in. Update the server.",
        )
        self.check(
            impasto.FailedPrecondition("the server no longer understands it: update the client"),
            "This plug-in is too old for the server at paint:1. Update the plug-in.",
        )
        self.check(
            impasto.FailedPrecondition("paint:1 is no Impasto server, or one older: update the server"),
            "What answers at paint:1 is no Impasto server, or one that is too old for this plug-in. Check the address, "
            "or update the server.",
        )

    def test_memory(self):
        facts = {"forecast_bytes": "9200000000", "budget_bytes": "610000000", "largest_max_size": "900"}
        needs = "The picture would need 9.2 GB of the server's memory, and there are 610 MB for it."
        self.check(impasto.ResourceExhausted("x", facts=facts), f"{needs} Choose a size of at most 900.")
        facts["largest_max_size"] = "0"
        self.check(
            impasto.ResourceExhausted("x", facts=facts),
            f"{needs} No size of it would fit: choose another model or a lower quality.",
        )
        self.check(
            impasto.ResourceExhausted("too many jobs"),
            "The server can't take that now. Try again later, or with smaller pictures. (too many jobs)",
        )

    def test_what_is_gone(self):
        self.check(
            impasto.NotFound("there is no jobs/3f"),
            "The server doesn't know this job any more: it was deleted, or had ended too long ago. Paint the picture "
            "again.",
        )
        self.check(
            impasto.NotFound("styles/1 isn't in the library"),
            "The server's library doesn't have this style any more. Choose another one.",
        )
        self.check(impasto.NotFound('there is no model "x"'), 'there is no model "x". Choose another model.')

    def test_weights_and_fields(self):
        self.check(
            impasto.FailedPrecondition("models/vgg19 has no weights; try impastod weights pull vgg19"),
            "models/vgg19 has no weights; try impastod weights pull vgg19. The command `impastod weights pull`, run "
            "where the server runs, gets the weights.",
        )
        error = impasto.InvalidArgument("recipe.max_size: 9000 is more than 8192", field="recipe.max_size")
        self.check(error, "Size: 9000 is more than 8192")
        error = impasto.InvalidArgument("styles[0].encoded: no picture", field="styles[0].encoded")
        self.check(error, "The style picture: no picture")
        error = impasto.InvalidArgument('server address "x"', field="address")
        self.check(error, "\"x\" is no server's address. Write the computer's name and a port: localhost:50451", "x")

    def test_the_rest(self):
        self.check(impasto.Cancelled("x"), "The job was cancelled.")
        self.check(impasto.Internal("a bug"), "Something went wrong at the server; its log may say more. (a bug)")
        self.check(impasto.ImpastoError("own words", code=Code.ABORTED), "own words")
        self.check(
            impasto.DeadlineExceeded("x"),
            "The server at paint:1 took too long to answer: it is busy, or the network is slow. Try again in a moment.",
        )
        self.check(
            FileNotFoundError(2, "No such file or directory", "/a.png"),
            'The file "/a.png" can\'t be read: no such file or directory. Choose another one.',
        )
        self.check(KeyError("x"), "Something went wrong in the plug-in. (KeyError: 'x')")


class NumbersTest(unittest.TestCase):
    def test_durations(self):
        times = [0, 0.4, 59.4, 59.6, 60, 200, 3599.6, 3900, 7200, -3, float("inf")]
        words = ["0 s", "0 s", "59 s", "1 min", "1 min", "3 min 20 s", "1 h", "1 h 5 min", "2 h", "0 s", "100000 h"]
        self.assertEqual([duration_words(seconds) for seconds in times], words)

    def test_bytes(self):
        counts = [0, 1, 610_000_000, 999_400_000, 999_600_000, 1_240_000_000, -5]
        words = ["0 MB", "1 MB", "610 MB", "999 MB", "1.0 GB", "1.2 GB", "0 MB"]
        self.assertEqual([byte_words(count) for count in counts], words)

    def test_styles(self):
        day = datetime.datetime(2026, 3, 2, 10, tzinfo=datetime.timezone.utc)
        self.assertEqual(style_words(impasto.StyleInfo("styles/1", " Waves ")), "Waves")
        self.assertEqual(
            style_words(impasto.StyleInfo("styles/1", "", 640, 480, create_time=day)),
            "Painting of 2026-03-02 (640 x 480)",
        )
        self.assertEqual(style_words(impasto.StyleInfo("styles/1")), "Painting")


if __name__ == "__main__":
    unittest.main()
