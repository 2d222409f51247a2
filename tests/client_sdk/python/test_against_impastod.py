"""Both clients against the real impastod, with random weights and tiny pictures. IMPASTO_IMPASTOD names the program."""

import asyncio
import dataclasses
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

import impasto
import numpy as np
from impasto import OutputOptions, PixelFormat, PreviewOptions, Recipe, aio
from PIL import Image

IMPASTOD = os.environ.get("IMPASTO_IMPASTOD", "")
# The first layer alone needs little of a network.
RECIPE = Recipe(
    iterations=4, content_layers=["block1_conv1"], style_layers=["block1_conv1"], pyramid_levels=1, optimizer="adam"
)
NEVER_DONE = dataclasses.replace(RECIPE, iterations=100_000)


def pixels(height, width, seed):
    """A picture with something in it to see."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


PHOTO, PAINTING = pixels(40, 48, 1), pixels(32, 32, 2)


@unittest.skipUnless(IMPASTOD, "IMPASTO_IMPASTOD isn't set")
class ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.address = f"unix:{folder.name}/server"
        arguments = ["--listen", cls.address, "--models", "vgg19", "--allow-random-weights", "--threads", "1"]
        arguments += ["--weights-dir", folder.name, "--state-dir", "none"]
        cls.log = (Path(folder.name) / "log").open("w+b")
        cls.addClassCleanup(cls.log.close)
        server = subprocess.Popen([IMPASTOD, *arguments], stdout=subprocess.DEVNULL, stderr=cls.log)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.kill)
        with impasto.Client(cls.address, wait_for_server=True, connect_timeout=120) as client:
            client.load_model("vgg19")

    def setUp(self):
        self.client = impasto.Client(self.address, name=f"test-{os.getpid()}")
        self.addCleanup(self.client.close)

    def test_who_answers(self):
        info = self.client.server_info()
        self.assertEqual((info.api_revision, info.client), (1, f"test-{os.getpid()}"))
        self.assertGreater(info.max_request_bytes, 0)
        model = self.client.model("vgg19")
        self.assertEqual((model.state, model.weights_family), (impasto.ModelState.LOADED, "random"))
        self.assertIn("block5_conv2", [layer.name for layer in model.layers])

    def test_a_picture_and_its_recipe(self):
        events = []
        result = self.client.stylize(PHOTO, PAINTING, recipe=RECIPE, on_event=events.append)
        steps = [event for event in events if isinstance(event, impasto.Progress)]
        self.assertEqual([step.iteration for step in steps], [1, 2, 3, 4, 5])
        self.assertEqual(result.total_loss, min(step.total_loss for step in steps))
        self.assertEqual((result.picture.format, result.picture.width, result.picture.height), (1, 48, 40))
        self.assertEqual(result.picture.to_numpy().shape, (40, 48, 3))
        self.assertEqual(result.recipe.content_layers[0].layer, "block1_conv1")
        again = self.client.stylize(PHOTO, PAINTING, recipe=result.recipe)
        self.assertEqual(again.picture.data, result.picture.data)

    def test_the_same_picture_in_every_form(self):
        def paint(photo):
            output = OutputOptions(format="raw", pixel_format="rgb8")
            return self.client.stylize(photo, PAINTING, recipe=RECIPE, output=output).picture.to_numpy()

        expected = paint(PHOTO)
        padded = np.zeros((40, 60, 3), np.uint8)
        padded[:, :48] = PHOTO
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "photo.png"
            Image.fromarray(PHOTO).save(path)
            forms = {
                "path": path,
                "bytes": path.read_bytes(),
                "pil": Image.open(path),
                "view": padded[:, :48],
                "stride": impasto.RawPixels(padded.tobytes(), PixelFormat.RGB8, 48, 40, stride=180),
                "bgr": impasto.RawPixels(PHOTO[:, :, ::-1].tobytes(), PixelFormat.BGR8, 48, 40),
                "16 bits": PHOTO.astype(np.uint16) * 257,
                "upload": self.client.upload(path),
            }
            for name, form in forms.items():
                np.testing.assert_array_equal(paint(form), expected, name)

    def test_16_bits_come_back(self):
        photo = PHOTO.astype(np.uint16) * 257
        result = self.client.stylize(photo, PAINTING, recipe=RECIPE)
        raw = self.client.stylize(photo, PAINTING, recipe=RECIPE, output=OutputOptions("raw", pixel_format="rgb16"))
        self.assertEqual(result.picture.to_numpy().dtype, np.uint16)
        np.testing.assert_array_equal(result.picture.to_numpy(), raw.picture.to_numpy())

    def test_cmyk_and_palettes_are_read(self):
        for mode in ("CMYK", "P", "LA", "L"):
            result = self.client.stylize(Image.fromarray(PHOTO).convert(mode), PAINTING, recipe=RECIPE)
            self.assertEqual((result.picture.width, result.picture.height), (48, 40), mode)

    def test_previews(self):
        previews = []
        options = PreviewOptions(every_iterations=1, format="png")
        self.client.stylize(PHOTO, PAINTING, recipe=RECIPE, preview=options, on_preview=previews.append)
        self.assertEqual(previews[-1].picture.to_numpy().shape, (40, 48, 3))

    def test_a_layer_that_is_not_there(self):
        with self.assertRaises(impasto.InvalidArgument) as caught:
            self.client.stylize(PHOTO, PAINTING, recipe=Recipe(style_layers=["block9_conv1"]))
        self.assertEqual(caught.exception.field, "recipe.style_layers[0].layer")
        self.assertNotEqual(caught.exception.reason, "")

    def test_an_estimate(self):
        estimate = self.client.estimate(PHOTO, PAINTING, recipe=RECIPE)
        self.assertEqual((estimate.width, estimate.height, estimate.recipe.iterations), (48, 40, 4))
        self.assertGreater(estimate.memory.peak_bytes, 0)

    def test_a_job_is_paused_changed_and_cancelled(self):
        job = self.client.start(PHOTO, PAINTING, recipe=NEVER_DONE, display_name="long", priority="batch")
        self.assertEqual(job.pause().state, impasto.JobState.PAUSED)
        info = job.update(style_weight=5.0, display_name="longer")
        self.assertEqual((info.recipe.style_weight, info.display_name), (5.0, "longer"))
        self.assertEqual([info.name for info in self.client.jobs('display_name = "longer"')], [job.name])
        job.resume()
        events = []
        with self.assertRaises(impasto.Cancelled):
            for event in job:
                events.append(event)
                if isinstance(event, impasto.RecipeChange):
                    job.cancel()
        self.assertEqual(job.info().state, impasto.JobState.CANCELLED)
        self.assertIn(5.0, [event.style_weight for event in events if isinstance(event, impasto.RecipeChange)])
        job.delete()
        with self.assertRaises(impasto.NotFound):
            job.info()

    def test_a_detached_job_is_found_again(self):
        started = self.client.start(PHOTO, PAINTING, recipe=RECIPE, detached=True, request_id="once")
        again = self.client.start(PHOTO, PAINTING, recipe=RECIPE, detached=True, request_id="once")
        self.assertEqual((again.name, again.accepted.attached), (started.name, True))
        result = self.client.job(started.name).result()
        self.assertEqual(result.picture.data, started.result().picture.data)

    def test_styles(self):
        style = self.client.create_style(PAINTING, "a painting")
        self.assertIn(style.name, [found.name for found in self.client.styles()])
        by_name = self.client.stylize(PHOTO, style.name, recipe=RECIPE)
        self.assertEqual(by_name.picture.data, self.client.stylize(PHOTO, PAINTING, recipe=RECIPE).picture.data)
        self.client.delete_style(style.name)
        with self.assertRaises(impasto.NotFound):
            self.client.style(style.name)

    def test_asyncio(self):
        async def paint():
            async with aio.Client(self.address) as client:
                job = await client.start(PHOTO, PAINTING, recipe=NEVER_DONE)
                one = await client.stylize(PHOTO, PAINTING, recipe=RECIPE)
                await job.cancel()
                with self.assertRaises(impasto.Cancelled):
                    await job.result()
                return one

        blocking = self.client.stylize(PHOTO, PAINTING, recipe=RECIPE)
        self.assertEqual(asyncio.run(paint()).picture.data, blocking.picture.data)

    def test_a_cancelled_task_cancels_its_job(self):
        async def paint():
            async with aio.Client(self.address, name="cancelled-task") as client:
                steps = asyncio.Event()
                painting = client.stylize(PHOTO, PAINTING, recipe=NEVER_DONE, on_progress=lambda _: steps.set())
                task = asyncio.create_task(painting)
                await steps.wait()
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
                (job,) = await client.jobs('client = "cancelled-task"')
                with self.assertRaises(impasto.Cancelled):
                    await client.job(job.name).result()

        asyncio.run(paint())


if __name__ == "__main__":
    unittest.main()
