"""An import brings everything once, whatever stops it, and is undone as a whole."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.archive.segment import DAY_US
from headgate.ledger.importers import imports
from headgate.ledger.importers.claude_code import IMPORTER
from headgate.ledger.importers.detect import Unreadable, find
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.importer import Options, Reading, Refused
from headgate.ledger.importers.imports import DONE, READING, UNDONE, Import, Raced
from headgate.ledger.importers.intake import From, Seen
from headgate.ledger.importers.known import Known
from headgate.ledger.importers.run import run as import_into
from headgate.ledger.importers.staging import Busy, Staging
from headgate.ledger.reconcile.reported import Reported
from headgate.store.place import Place, connect
from tests.ledger.importers import transcripts
from tests.ledger.importers.books import NOW_US, SILENT, Desk
from tests.ledger.importers.reads import lay_lines
from tests.ledger.importers.test_claude_code import ANSWER, changed


@pytest.fixture
def desk(store: Place, tmp_path: Path) -> Desk:
    return Desk(store, tmp_path)


@pytest.fixture
def file_desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "headgate.db", tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    transcripts.write(tmp_path / "src", transcripts.folder(5, 3, 4, 40))
    return tmp_path / "src"


def listed(desk: Desk) -> list[Import]:
    with contextlib.closing(connect(desk.place)) as connection:
        return imports.all_imports(connection)


def expected(root: Path) -> dict[str, int]:
    """Each call's output, by the plain rule."""
    files = sorted(root.rglob("*.jsonl"))
    lines = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    found = transcripts.expected(lines)
    return {id: usage["output_tokens"] for id, usage in found.items()}


@pytest.mark.slow
def test_an_import_is_in_the_book_with_all_its_calls(desk: Desk, root: Path) -> None:
    outcome = desk.bring(IMPORTER, root)
    assert dict(desk.rows("id, output")) == expected(root)
    (row,) = listed(desk)
    assert (row.id, row.state, row.calls) == (outcome.id, DONE, len(expected(root)))
    assert (row.kind, row.label) == ("claude-code", str(root))
    ((source, import_id),) = desk.rows("DISTINCT source, import_id")
    assert (source, import_id) == ("claude-code", outcome.id)
    assert row.cost_nusd == desk.rows("sum(cost_nusd)")[0][0]


@pytest.mark.slow
def test_the_same_again_brings_nothing_and_more_brings_what_is_new(
    file_desk: Desk, root: Path
) -> None:
    file_desk.bring(IMPORTER, root)
    again = file_desk.bring(IMPORTER, root)
    assert (again.id, again.summary.lines) == ("", 0)
    lay_lines(root / "projects" / "new.jsonl", [ANSWER])
    more = file_desk.bring(IMPORTER, root)
    assert (more.summary.calls, more.summary.lines) == (1, 1)
    assert dict(file_desk.rows("id, output")) == expected(root)
    assert [it.state for it in listed(file_desk)] == [DONE, DONE]


@pytest.mark.slow
def test_what_was_forgotten_of_files_is_made_good_by_the_book(
    file_desk: Desk, root: Path
) -> None:
    first = file_desk.bring(IMPORTER, root)
    for file in (file_desk.folder / "state").rglob("known.db"):
        file.unlink()
    again = file_desk.bring(IMPORTER, root)
    assert again.id == ""
    assert again.summary.twice == first.summary.calls + first.summary.twice
    assert dict(file_desk.rows("id, output")) == expected(root)


@pytest.mark.slow
def test_an_import_that_is_undone_is_gone_and_can_be_brought_again(
    file_desk: Desk, root: Path
) -> None:
    first = file_desk.bring(IMPORTER, root)
    lay_lines(root / "projects" / "new.jsonl", [ANSWER])
    second = file_desk.bring(IMPORTER, root)
    with contextlib.closing(connect(file_desk.place)) as connection:
        imports.undo(connection, first.id, NOW_US)
    assert [id for (id,) in file_desk.rows("id")] == ["msg_1"]
    file_desk.bring(IMPORTER, root)
    assert dict(file_desk.rows("id, output")) == expected(root)
    assert [it.state for it in listed(file_desk)].count(UNDONE) == 1
    assert second.id in {it.id for it in listed(file_desk)}


def test_a_call_that_was_imported_before_it_was_whole_is_replaced(
    file_desk: Desk, tmp_path: Path
) -> None:
    root = tmp_path / "src"
    other = ANSWER | {"message": ANSWER["message"] | {"id": "msg_2"}}
    path = lay_lines(root / "a.jsonl", [other, changed(output_tokens=1)])
    first = file_desk.bring(IMPORTER, root)
    with open(path, "a") as more:
        more.write(json.dumps(changed(output_tokens=400)) + "\n")
    second = file_desk.bring(IMPORTER, root)
    assert (second.replaced, second.summary.twice) == (1, 0)
    assert file_desk.rows("id, output, import_id") == [
        ("msg_1", 400, second.id),
        ("msg_2", 17, first.id),
    ]


def test_a_dry_run_brings_nothing_and_leaves_nothing(file_desk: Desk, root: Path) -> None:
    outcome = file_desk.bring(IMPORTER, root, dry=True)
    assert outcome.id == ""
    assert outcome.summary.calls == len(expected(root))
    assert listed(file_desk) == []
    assert file_desk.rows("count(*)") == [(0,)]
    assert not list((file_desk.folder / "state").rglob("dry-*"))


def test_an_import_that_was_stopped_goes_on_where_it_stopped(
    file_desk: Desk, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Staging.keep
    calls = 0

    def stopping(self: Staging, *args: Any, **more: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 4:
            raise KeyboardInterrupt
        kept(self, *args, **more)

    monkeypatch.setattr(Staging, "keep", stopping)
    with pytest.raises(KeyboardInterrupt):
        file_desk.bring(IMPORTER, root)
    assert [it.state for it in listed(file_desk)] == [READING]
    outcome = file_desk.bring(IMPORTER, root)
    assert outcome.resumed
    assert dict(file_desk.rows("id, output")) == expected(root)
    assert [it.state for it in listed(file_desk)] == [DONE]


def test_a_crash_between_the_commit_and_the_tidying_doubles_nothing(
    file_desk: Desk, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Known, "learn", lambda *args: os.strerror(1 // 0))
        with pytest.raises(ZeroDivisionError):
            file_desk.bring(IMPORTER, root)
    assert [it.state for it in listed(file_desk)] == [DONE]
    assert file_desk.bring(IMPORTER, root).id == ""
    assert dict(file_desk.rows("id, output")) == expected(root)


def test_an_import_that_races_with_compaction_is_tried_again(
    file_desk: Desk, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish, left = imports.finish, [Raced(), Raced()]

    def raced(*args: Any) -> None:
        if left:
            raise left.pop()
        finish(*args)

    monkeypatch.setattr(imports, "finish", raced)
    file_desk.bring(IMPORTER, root)
    assert dict(file_desk.rows("id, output")) == expected(root)


def test_what_a_file_reports_of_a_provider_is_kept_to_compare(
    file_desk: Desk, tmp_path: Path
) -> None:
    row = Reported("anthropic", "", NOW_US // DAY_US, "claude-opus-5-5", "", "", input_fresh=5)
    importer = replace(SILENT, reported=lambda reading: iter([row]))
    lay_lines(tmp_path / "src" / "a.jsonl", ["x"])
    outcome = file_desk.bring(importer, tmp_path / "src")
    assert outcome.reported >= 1
    assert outcome.id == ""


SCRIPT = """
import sys
from pathlib import Path
from headgate.ledger.importers import lines
from tests.ledger.importers.books import Desk
from headgate.ledger.importers.claude_code import IMPORTER
lines.BLOCK = 4096
folder = Path(sys.argv[1])
print("begun", flush=True)
Desk(folder / "headgate.db", folder).bring(IMPORTER, folder / "src")
print("done", flush=True)
"""


@pytest.mark.slow
def test_an_import_that_is_killed_again_and_again_brings_everything_once(
    file_desk: Desk, tmp_path: Path
) -> None:
    root = tmp_path / "src"
    transcripts.write(root, transcripts.folder(7, 12, 10, 400))
    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    for wait_ms in (0, 100, 200, 300, 500, 800):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(wait_ms / 1000)
            process.send_signal(signal.SIGKILL)
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    assert dict(file_desk.rows("id, output")) == expected(root)
    assert len(file_desk.rows("id")) == len(expected(root))
    assert {it.state for it in listed(file_desk)} == {DONE}


def test_a_source_without_a_call_brings_nothing(file_desk: Desk, tmp_path: Path) -> None:
    lay_lines(tmp_path / "src" / "a.jsonl", [{"type": "user", "sessionId": "s", "uuid": "u"}])
    assert find([tmp_path / "src"]).count == 1
    outcome = file_desk.bring(IMPORTER, tmp_path / "src")
    assert (outcome.id, outcome.summary.ignored) == ("", {"user": 1})
    assert listed(file_desk) == []


def test_two_imports_at_once_are_refused(file_desk: Desk, root: Path) -> None:
    class Nested(Exception):
        pass

    def again(seen: Seen) -> None:
        with pytest.raises(Busy):
            file_desk.bring(IMPORTER, root)
        raise Nested

    what = From(IMPORTER, [root], sorted(root.rglob("*.jsonl")), Options())
    with pytest.raises(Nested):
        import_into(what, file_desk.into(), again)
    file_desk.bring(IMPORTER, root)
    assert dict(file_desk.rows("id, output")) == expected(root)


def test_what_nobody_goes_on_with_is_swept_away(file_desk: Desk, root: Path) -> None:
    def stop(seen: Seen) -> None:
        raise KeyboardInterrupt

    other = root / "projects" / "p0"
    for source in (root, other):
        files = sorted(source.rglob("*.jsonl"))
        with pytest.raises(KeyboardInterrupt):
            import_into(From(IMPORTER, [source], files, Options()), file_desk.into(), stop)
    abandoned = next(it for it in listed(file_desk) if it.label == str(root))
    with contextlib.closing(connect(file_desk.place)) as connection:
        imports.undo(connection, abandoned.id, NOW_US)
    file_desk.bring(IMPORTER, other)
    assert [it.name for it in (file_desk.folder / "state").rglob("*-*.db")] == []


def test_where_no_file_can_be_read_no_import_is_left(file_desk: Desk, root: Path) -> None:
    def refuse(reading: Reading) -> Iterator[Sequence[Draft | Failed]]:
        raise Refused("it has no times", "name them")
        yield []

    with pytest.raises(Unreadable, match="it has no times"):
        file_desk.bring(replace(IMPORTER, read=refuse), root)
    assert listed(file_desk) == []
    assert [it.name for it in (file_desk.folder / "state").rglob("*-*.db")] == []
