"""Requests from what users give."""

import unittest

import impasto
from impasto import OutputOptions, PreviewOptions, Priority, Recipe, _requests

PICTURE = b"a file"


class StylizeTest(unittest.TestCase):
    def test_the_least(self):
        message = _requests.stylize(PICTURE, PICTURE)
        self.assertEqual((message.content.encoded, message.styles[0].encoded), (PICTURE, PICTURE))
        self.assertRegex(message.request_id, r"^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$")
        self.assertNotEqual(message.request_id, _requests.stylize(PICTURE, PICTURE).request_id)
        for field in ("recipe", "preview", "output", "initial"):
            self.assertFalse(message.HasField(field))

    def test_everything(self):
        message = _requests.stylize(
            PICTURE,
            [b"one", "styles/two"],
            recipe=Recipe(iterations=5),
            preview=PreviewOptions(every_iterations=2, interval=1.5, format="raw", max_size=64, pixel_format="bgra8"),
            output=OutputOptions(format="jpeg", size="original", quality=80),
            initial=b"three",
            priority="batch",
            display_name="a name",
            request_id="id-1",
            detached=True,
        )
        self.assertEqual([style.WhichOneof("source") for style in message.styles], ["encoded", "style"])
        self.assertEqual(message.recipe.iterations, 5)
        preview = message.preview
        self.assertEqual(
            (preview.every_iterations, preview.format, preview.max_size, preview.pixel_format), (2, 5, 64, 6)
        )
        self.assertEqual((preview.interval.seconds, preview.interval.nanos), (1, 500_000_000))
        self.assertEqual((message.output.format, message.output.size, message.output.quality), (2, 2, 80))
        self.assertEqual((message.priority, message.display_name, message.request_id), (3, "a name", "id-1"))
        self.assertEqual((message.initial.encoded, message.detached), (b"three", True))

    def test_each_field_is_named(self):
        for field, values in (
            ("styles", {"styles": []}),
            ("styles[1]", {"styles": [PICTURE, b""]}),
            ("content", {"content": b""}),
            ("initial", {"initial": b""}),
            ("priority", {"priority": "high"}),
            ("recipe.iterations", {"recipe": Recipe(iterations="x")}),
            ("preview.format", {"preview": PreviewOptions(format="gif")}),
            ("preview.interval", {"preview": PreviewOptions(interval=float("inf"))}),
            ("preview.every_iterations", {"preview": PreviewOptions(every_iterations=2**33)}),
            ("output.size", {"output": OutputOptions(size="huge")}),
            ("display_name", {"display_name": 3}),
        ):
            with self.assertRaises(impasto.InvalidArgument) as caught:
                _requests.stylize(**{"content": PICTURE, "styles": PICTURE, **values})
            self.assertEqual(caught.exception.field, field)


class UpdateTest(unittest.TestCase):
    def test_the_mask_names_what_is_given(self):
        job, mask = _requests.update(
            "jobs/a", {"style_weight": 0.5, "iterations": 9, "priority": Priority.BATCH, "display_name": ""}
        )
        self.assertEqual(mask, ["recipe.style_weight", "recipe.iterations", "priority", "display_name"])
        self.assertEqual(
            (job.name, job.recipe.style_weight, job.recipe.iterations, job.priority), ("jobs/a", 0.5, 9, 3)
        )

    def test_layers_previews_and_shares(self):
        job, mask = _requests.update(
            "jobs/a",
            {
                "style_layers": {"block1_conv1": 2.0},
                "style_picture_weights": [1, 3],
                "preview": PreviewOptions(),
                "detached": True,
            },
        )
        self.assertEqual(mask, ["recipe.style_layers", "recipe.style_picture_weights", "preview", "detached"])
        self.assertEqual((job.recipe.style_layers[0].weight, list(job.recipe.style_picture_weights)), (2.0, [1, 3]))
        self.assertTrue(job.HasField("preview"))
        self.assertTrue(job.detached)

    def test_what_cannot_be_updated(self):
        with self.assertRaisesRegex(TypeError, "'max_size' is no field that can be updated: display_name, "):
            _requests.update("jobs/a", {"max_size": 3})
        with self.assertRaisesRegex(TypeError, "without a field"):
            _requests.update("jobs/a", {})


if __name__ == "__main__":
    unittest.main()
