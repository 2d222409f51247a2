import json
import os
import tempfile
import unittest
from dataclasses import replace
from pathlib import Path

import core_testing  # noqa: F401  # first
from impasto_docker.core.history import Entry, History, Place, ResultFile
from impasto_docker.core.settings import ServerSettings, Settings, Style

PLACE = Place("Photo", "/p/photo.kra", "{d}", "Sky", "{l}", "layer", -3, 4, 5, 6, 70, 80, "RGBA", "U16", "srgb", True)
ENTRY = Entry(
    "a-1",
    request_id="a-1",
    job="jobs/3f",
    server=ServerSettings("paint:1", "/ca.pem", "/token"),
    created=12.5,
    place=PLACE,
    settings=Settings(Style("library", "styles/1", "Waves"), strength=60.0, content_weight=2.0),
    recipe_json='{"seed": "7"}',
    state="failed",
    words="No.",
    applied=True,
)


class HistoryTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name) / "krita"
        self.history = History(self.folder)

    def put(self, *entries):
        for entry in entries:
            self.history.put(entry)

    def with_result(self, entry, data=b"abcdef"):
        return self.history.put_result(entry, ResultFile("", 2, 1, "rgb8", 6), data)

    def ids(self):
        return [entry.id for entry in self.history.entries()]

    def test_there_and_back(self):
        self.put(ENTRY)
        self.assertEqual(History(self.folder).entries(), [ENTRY])
        self.assertEqual(self.history.entries()[0].settings.style.label, "Waves")

    def test_it_is_the_owners_alone(self):
        self.put(ENTRY)
        self.assertEqual(self.folder.stat().st_mode & 0o777, 0o700)
        self.assertEqual((self.folder / "a-1.json").stat().st_mode & 0o777, 0o600)

    def test_the_newest_first(self):
        self.put(replace(ENTRY, id="old", created=1.0), replace(ENTRY, id="new", created=3.0))
        self.put(replace(ENTRY, id="b", created=2.0), replace(ENTRY, id="a", created=2.0))
        self.assertEqual(self.ids(), ["new", "a", "b", "old"])

    def test_nothing_yet(self):
        self.assertEqual(self.history.entries(), [])
        self.assertEqual(self.history.prune(), [])

    def test_what_is_broken_or_not_ours_is_passed_over(self):
        self.put(ENTRY)
        members = json.loads((self.folder / "a-1.json").read_text())
        for name, text in {
            "copy": json.dumps(members),
            "half": '{"id": "half", "state"',
            "list": "[]",
            "anyone": json.dumps({**members, "id": "anyone", "request_id": ""}),
            "odd": json.dumps({**members, "id": "odd", "state": "flying"}),
            "wrong": json.dumps({**members, "id": "wrong", "created": "today"}),
            "huge": json.dumps({**members, "id": "huge", "words": "x" * (1 << 20)}),
            "bad.id": json.dumps({**members, "id": "bad.id", "result": {"size": 1}}),
            "deep": "[" * 100_000,
        }.items():
            (self.folder / f"{name}.json").write_text(text)
        (self.folder / "a-2.json").mkdir()
        self.assertEqual(self.ids(), ["a-1"])

    def test_a_later_versions_members_are_passed_over(self):
        self.put(ENTRY)
        file = self.folder / "a-1.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "stars": 5}))
        self.assertEqual(self.history.entries(), [ENTRY])

    def test_a_result(self):
        entry = self.with_result(ENTRY)
        self.assertEqual(entry.result, ResultFile(str(self.folder / "a-1.pixels"), 2, 1, "rgb8", 6, 6))
        self.assertEqual(self.history.entries(), [entry])
        self.assertEqual(self.history.read_result(entry), b"abcdef")

    def test_no_file_elsewhere_is_taken_for_a_result(self):
        self.with_result(ENTRY)
        file = self.folder / "a-1.json"
        members = json.loads(file.read_text())
        self.assertEqual(members["result"]["path"], "")
        members["result"]["path"] = "/etc/passwd"
        file.write_text(json.dumps(members))
        self.assertEqual(self.history.entries()[0].result.path, str(self.folder / "a-1.pixels"))

    def test_a_result_that_is_gone_or_cut_off(self):
        entry = self.with_result(ENTRY)
        (self.folder / "a-1.pixels").write_bytes(b"abc")
        with self.assertRaises(OSError):
            self.history.read_result(entry)
        (self.folder / "a-1.pixels").unlink()
        with self.assertRaises(OSError):
            self.history.read_result(entry)

    def test_what_is_kept_beside(self):
        side = {"mask": b"\x00\xff\n", "alpha": b"", "before": b"\n{}"}
        self.history.put_side("a-1", side)
        self.assertEqual(self.history.side("a-1"), side)
        self.assertEqual(self.history.side("a-2"), {})
        self.history.put_side("a-3", {})
        self.assertEqual(self.history.side("a-3"), {})

    def test_what_is_kept_beside_and_broken(self):
        self.history.put_side("a-1", {"mask": b"12345"})
        file = self.folder / "a-1.side"
        whole = file.read_bytes()
        for broken in (whole[:-1], b"", b"[]\n", b"{\n", b'{"mask": "x"}\n', b'{"mask": -1}\n12345'):
            file.write_bytes(broken)
            with self.subTest(broken):
                self.assertEqual(self.history.side("a-1"), {})

    def test_names_that_lead_elsewhere_are_refused(self):
        with self.assertRaises(ValueError):
            self.put(replace(ENTRY, id="../a"))
        with self.assertRaises(ValueError):
            self.history.put_side("a-1", {"../a": b""})

    def test_removing(self):
        self.with_result(ENTRY)
        self.history.put_side("a-1", {"mask": b"1"})
        self.history.remove("a-1")
        self.history.remove("a-1")
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_what_a_sudden_end_left_is_swept_away(self):
        self.with_result(ENTRY)
        self.history.put_side("a-1", {"mask": b"1"})
        (self.folder / "later.json").write_text('{"state": "dreaming"}')
        kept = {"a-1.json", "a-1.pixels", "a-1.side", "later.json", "later.pixels", "notes.txt", ".hidden"}
        left = {"gone.pixels", "gone.side", ".a-1.json.x1", ".a-1.pixels.x2", ".gone.side.x3"}
        for name in (kept | left) - {"a-1.json", "a-1.pixels", "a-1.side", "later.json"}:
            (self.folder / name).write_bytes(b"")
        for path in self.folder.iterdir():
            os.utime(path, (1000.0, 1000.0))
        self.history.sweep(1000.0 + 3600.0)
        self.assertEqual({path.name for path in self.folder.iterdir()}, kept | left)
        self.history.sweep(1000.0 + 3600.5)
        self.assertEqual({path.name for path in self.folder.iterdir()}, kept)

    def test_beyond_the_number_the_oldest_go_those_that_were_applied_first(self):
        self.history = History(self.folder, max_entries=2)
        done = replace(ENTRY, state="done")
        self.put(replace(done, id="e1", created=1.0, applied=False), replace(done, id="e2", created=2.0))
        self.put(replace(done, id="e3", created=3.0), replace(done, id="e4", created=4.0, applied=False))
        self.assertEqual(self.history.prune(), ["e2", "e3"])
        self.assertEqual(self.ids(), ["e4", "e1"])
        self.put(replace(done, id="e5", created=5.0, applied=False))
        self.assertEqual(self.history.prune(), ["e1"])

    def test_beyond_the_bytes(self):
        self.history = History(self.folder, max_bytes=12)
        done = replace(ENTRY, state="done", applied=False)
        for i in range(3):
            self.with_result(replace(done, id=f"e{i}", created=float(i)))
        self.assertEqual(self.history.prune(), ["e0"])
        self.assertEqual(self.ids(), ["e2", "e1"])

    def test_what_isnt_finished_stays_and_what_is_to_be_kept(self):
        self.history = History(self.folder, max_entries=0)
        for i, state in enumerate(("sending", "waiting", "cancelling", "done", "cancelled")):
            self.put(replace(ENTRY, id=f"e{i}", state=state, created=float(i)))
        self.assertEqual(self.history.prune(keep="e3"), ["e4"])
        self.assertEqual(self.ids(), ["e3", "e2", "e1", "e0"])


if __name__ == "__main__":
    unittest.main()
