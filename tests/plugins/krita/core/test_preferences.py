import json
import tempfile
import unittest
from pathlib import Path

import core_testing  # noqa: F401  # first
from impasto_docker.core.preferences import MAX_RECENT_STYLES, Preferences, load_preferences, save_preferences
from impasto_docker.core.settings import ServerSettings, Settings, Style


class PreferencesTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "impasto" / "krita.json"

    def load(self, text):
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(text)
        return load_preferences(self.path)

    def test_there_and_back(self):
        preferences = Preferences(ServerSettings("paint:1", "/ca", "/token"))
        preferences = preferences.with_settings(Settings(Style("file", "/a.png", "a"), size=640))
        save_preferences(self.path, preferences)
        self.assertEqual(load_preferences(self.path), preferences)

    def test_recent_styles(self):
        preferences = Preferences()
        for name in [*(f"/{i}.png" for i in range(MAX_RECENT_STYLES + 1)), "/5.png"]:
            preferences = preferences.with_settings(Settings(Style("file", name)))
        preferences = preferences.with_settings(Settings(Style("picture", "document-1")))
        preferences = preferences.with_settings(Settings(Style("none")))
        names = [style.value for style in preferences.recent]
        self.assertEqual(names, [f"/{i}.png" for i in (5, 12, 11, 10, 9, 8, 7, 6, 4, 3, 2, 1)])
        self.assertEqual(preferences.last.style.kind, "none")

    def test_no_file_and_broken_ones_give_the_defaults(self):
        self.assertEqual(load_preferences(self.path), Preferences())
        for text in ("", "[]", "{", '{"recent": 3, "last": [], "server": {"address": 7}}', "[" * 100_000):
            self.assertEqual(self.load(text), Preferences())

    def test_a_broken_part_costs_that_part(self):
        text = {
            "server": {"address": "paint:1"},
            "last": {"size": 1},
            "recent": [{"kind": "file", "value": "/a"}, 3, {"kind": "wax"}, {"kind": "file", "value": "/a"}],
        }
        preferences = self.load(json.dumps(text))
        self.assertEqual(preferences, Preferences(ServerSettings("paint:1"), recent=(Style("file", "/a"),)))


if __name__ == "__main__":
    unittest.main()
