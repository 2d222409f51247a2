"""The state of a run."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

import impasto
from impasto.lab.errors import UsageError
from impasto.lab.losses import Losses, Row
from impasto.lab.run_folder import DONE, FAILED, RUNNING, WAITING, Figures, RunFolder, Task, make_task


def task(weight: float = 1.0) -> Task:
    recipe = impasto.Recipe(style_weight=weight)
    return make_task(
        f"style_weight {weight}", {"style_weight": str(weight)}, recipe, ("a.png", "aa"), [("b.png", "bb")]
    )


def finish(folder: RunFolder, painted: Task) -> None:
    losses = Losses((), [Row(1, 2.0, 1.0, 1.0, 0.1, 0)])
    folder.finish(painted, Figures(width=8, total_loss=2.0, warnings=["w"]), b"png", "{}", losses)


class TaskTest(unittest.TestCase):
    def test_the_key_is_made_of_what_decides_the_picture(self) -> None:
        self.assertEqual(task().key, task().key)
        keys = {
            task(1.0).key,
            task(2.0).key,
            make_task("", {}, impasto.Recipe(style_weight=1.0), ("a.png", "other"), [("b.png", "bb")]).key,
            make_task("", {}, impasto.Recipe(style_weight=1.0), ("a.png", "aa"), [("b.png", "other")]).key,
            make_task("", {}, impasto.Recipe(style_weight=1.0), ("a.png", "aa"), [], output_size="original").key,
        }
        self.assertEqual(len(keys), 5)

    def test_file_names_are_readable(self) -> None:
        self.assertEqual(task().name, f"style_weight_1.0-{task().key[:8]}")


class RunFolderTest(unittest.TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "out"

    def open(self, command: str = "sweep") -> RunFolder:
        folder = RunFolder(self.path, command)
        self.addCleanup(folder.close)
        return folder

    def statuses(self, folder: RunFolder) -> list[str]:
        return [record.status for record in folder.records()]

    def test_goes_on_where_it_was_left(self) -> None:
        tasks = [task(1.0), task(2.0), task(3.0), task(4.0)]
        first = self.open()
        self.assertEqual(first.plan(tasks), tasks)
        first.begin(tasks[0])
        finish(first, tasks[0])
        running = first.begin(tasks[1])
        first.started(tasks[1], "jobs/1")
        failed = first.begin(tasks[2])
        first.fail(tasks[2], "INTERNAL", "words", "field")
        self.assertEqual(self.statuses(first), [DONE, RUNNING, FAILED, WAITING])
        first.close()

        second = self.open()
        self.assertEqual(second.plan(tasks), tasks[1:])
        self.assertEqual(self.statuses(second), [DONE, RUNNING, WAITING, WAITING])
        self.assertEqual(second.begin(tasks[1]), running, "a job that was started is asked for by the same id")
        self.assertNotEqual(second.begin(tasks[2]), failed, "one that failed gets a new job")
        record = second.records()[0]
        self.assertEqual(record.figures, Figures(width=8, total_loss=2.0, warnings=["w"]))

    def test_request_ids_are_the_servers_kind(self) -> None:
        folder = self.open()
        folder.plan([task()])
        self.assertRegex(folder.begin(task()), r"\Alab-[0-9a-f]{12}-[0-9a-f]{16}-1\Z")

    def test_a_picture_that_is_gone_is_asked_for_again(self) -> None:
        folder = self.open()
        folder.plan([task()])
        request_id = folder.begin(task())
        finish(folder, task())
        folder.picture(task().name).unlink()
        self.assertEqual(folder.plan([task()]), [task()])
        self.assertEqual(folder.begin(task()), request_id)

    def test_what_is_there_serves_a_larger_run(self) -> None:
        folder = self.open()
        folder.plan([task(1.0)])
        folder.begin(task(1.0))
        finish(folder, task(1.0))
        self.assertEqual(folder.plan([task(0.5), task(1.0)]), [task(0.5)])
        self.assertEqual(self.statuses(folder), [WAITING, DONE])

    def test_one_process_at_a_time(self) -> None:
        folder = self.open()
        with self.assertRaises(UsageError) as raised:
            self.open()
        self.assertEqual(raised.exception.message, f"--out {self.path}: another impasto-lab is at work there")
        folder.close()
        self.open()

    def test_another_commands_folder_is_refused(self) -> None:
        folder = self.open()
        folder.plan([task()])
        folder.close()
        with self.assertRaises(UsageError) as raised:
            self.open("batch")
        self.assertEqual(
            raised.exception.message, f"{self.path / 'state.json'}: of impasto-lab sweep; give another --out"
        )

    def test_a_strange_state_is_refused_and_kept(self) -> None:
        self.path.mkdir()
        state = self.path / "state.json"
        for text in ("", "[]", "{}", '{"format": 1, "command": "sweep", "run": "a", "pictures": [{"key": 1}]}'):
            state.write_text(text, encoding="utf-8")
            with self.subTest(text=text), self.assertRaises(UsageError) as raised:
                self.open()
            self.assertEqual(raised.exception.message, f"{state}: not a state of impasto-lab; give another --out")
            self.assertEqual(state.read_text(encoding="utf-8"), text)
        state.write_text(json.dumps({"format": 2, "command": "sweep", "run": "a", "pictures": []}), encoding="utf-8")
        with self.assertRaises(UsageError) as raised:
            self.open()
        self.assertIn("format 2, this program reads 1", raised.exception.message)

    def test_nothing_half_written_is_left(self) -> None:
        folder = self.open()
        folder.plan([task()])
        folder.begin(task())
        finish(folder, task())
        names = sorted(path.relative_to(self.path).as_posix() for path in self.path.rglob("*") if path.is_file())
        stem = task().name
        self.assertEqual(
            names, [".lock", f"losses/{stem}.csv", f"pictures/{stem}.png", f"recipes/{stem}.json", "state.json"]
        )

    def test_what_a_kill_left_half_written_is_removed(self) -> None:
        self.path.mkdir()
        part = self.path / ".state.json.0a1b2c3d.part"
        part.write_text("half", encoding="utf-8")
        self.open()
        self.assertFalse(part.exists())


if __name__ == "__main__":
    unittest.main()
