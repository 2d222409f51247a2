"""The API's messages on whatever protobuf is installed."""

import unittest

import impasto
from child import run_python
from impasto import _wire


class WireTest(unittest.TestCase):
    def test_every_method_is_there(self):
        self.assertEqual(
            set(_wire.METHODS),
            {
                "Stylize",
                "EstimateJob",
                "WatchJob",
                "GetJob",
                "ListJobs",
                "UpdateJob",
                "CancelJob",
                "PauseJob",
                "ResumeJob",
            }
            | {"DeleteJob", "UploadPicture", "ListModels", "GetModel", "LoadModel", "UnloadModel", "CreateStyle"}
            | {"GetStyle", "ListStyles", "DeleteStyle", "GetServerInfo"},
        )
        path, request, answer = _wire.METHODS["GetJob"]
        self.assertEqual(path, "/impasto.v1.Stylization/GetJob")
        self.assertEqual((request.DESCRIPTOR.name, answer.DESCRIPTOR.name), ("GetJobRequest", "Job"))

    def test_enums_have_the_apis_names_and_numbers(self):
        for kind, name in (
            (impasto.Quality, "Quality"),
            (impasto.Optimizer, "Optimizer"),
            (impasto.Normalization, "Normalization"),
            (impasto.Pooling, "Pooling"),
            (impasto.InitialPicture, "InitialPicture"),
            (impasto.LearningRateSchedule, "LearningRateSchedule"),
            (impasto.Priority, "Priority"),
            (impasto.JobState, "Job.State"),
            (impasto.ModelState, "Model.State"),
            (impasto.PictureFormat, "PictureFormat"),
            (impasto.PixelFormat, "PixelFormat"),
            (impasto.OutputSize, "OutputSize"),
        ):
            values = _wire.enum_values(name)
            prefix = next(key for key, number in values.items() if number == 0)[: -len("UNSPECIFIED")]
            known = {choice.name: choice.value for choice in kind} | {"UNSPECIFIED": 0}
            self.assertEqual(known, {key[len(prefix) :]: number for key, number in values.items()}, name)

    def test_choices_are_text_in_lower_case(self):
        self.assertEqual((str(impasto.JobState.RUNNING), f"{impasto.Quality.DRAFT:>6}"), ("running", " draft"))
        self.assertTrue(impasto.JobState.FAILED.ended)
        self.assertFalse(impasto.JobState.ORPHANED.ended)

    def test_it_keeps_to_itself(self):
        # Another package's copy of the same files, in the pool that all share.
        program = (
            "import impasto; from impasto import _wire; from google.protobuf import descriptor_pb2, descriptor_pool;"
            "from pathlib import Path; data = (Path(_wire.__file__).parent / 'api.binpb').read_bytes();"
            "pool = descriptor_pool.Default();"
            "[pool.AddSerializedFile(file.SerializeToString())"
            " for file in descriptor_pb2.FileDescriptorSet.FromString(data).file"
            " if file.name.startswith('impasto/v1/p')]"
        )
        run_python(program)

    def test_the_pure_python_runtime(self):
        program = (
            "import impasto; recipe = impasto.Recipe(iterations=3, quality='good');"
            "exit(impasto.Recipe.from_json(recipe.to_json()) != recipe)"
        )
        run_python(program, PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION="python")

    def test_all_that_is_public_is_there(self):
        for name in impasto.__all__:
            self.assertTrue(hasattr(impasto, name), name)
        self.assertEqual(len(impasto.__all__), len(set(impasto.__all__)))


if __name__ == "__main__":
    unittest.main()
