"""Rollouts of Codex: every answer once, whichever version wrote them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from headgate.ledger.importers import codex as module
from headgate.ledger.importers import lines as blocks
from headgate.ledger.importers.codex import IMPORTER, home
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.lines import head
from headgate.ledger.importers.sense import micros
from tests.ledger.importers.reads import all_of, drafts_of, lay_lines, reading_of

Line = dict[str, Any]
START = "2026-11-21T14:10:46.686Z"


def line(type: str, at: str, /, **payload: Any) -> Line:
    return {"timestamp": at, "type": type, "payload": payload}


def meta(at: str = START, **more: Any) -> Line:
    told = {"id": "t1", "session_id": "s1", "cwd": "/srv/atlas", "cli_version": "0.169.0"}
    return line("session_meta", at, **told | more)


def turn(at: str = START, model: str = "gpt-5-codex") -> Line:
    return line("turn_context", at, model=model, cwd="/srv/atlas")


def usage(read_in: int, cached: int, output: int, written: int = 0, reasoning: int = 0) -> Line:
    return {
        "input_tokens": read_in,
        "cached_input_tokens": cached,
        "cache_write_input_tokens": written,
        "output_tokens": output,
        "reasoning_output_tokens": reasoning,
        "total_tokens": read_in + output,
    }


def count(at: str, last: Line | None, total: Line | None) -> Line:
    info = {"last_token_usage": last, "total_token_usage": total}
    return line("event_msg", at, type="token_count", info=info)


def second(n: float) -> str:
    return f"2026-11-21T14:11:{n:06.3f}Z"


def test_an_answer_that_is_named_is_told_by_its_name(tmp_path: Path) -> None:
    first = usage(9502, 4000, 32, 5000, 20)
    lines = [
        meta(),
        turn(second(0)),
        line("response_item", second(2), type="function_call", name="exec", call_id="c1"),
        line("token_usage_record", second(3), response_id="resp_1", usage=first),
        count(second(3.1), first, first),
        line("response_item", second(4), type="function_call_output", call_id="c1")
        | {"payload": {"type": "function_call_output", "call_id": "c1"}
           | {"output": "Process exited with code 2\n"}},
        line("token_usage_record", second(6), response_id="resp_2", usage=usage(9600, 0, 5)),
    ]  # fmt: skip
    path = lay_lines(tmp_path / "a.jsonl", lines)
    one, failed, two = all_of(IMPORTER, reading_of(path))
    assert failed == Failed("c1")
    assert not isinstance(one, Failed)
    assert not isinstance(two, Failed)
    assert (one.id, one.model, one.session, one.agent) == ("resp_1", "gpt-5-codex", "s1", "t1")
    assert (one.input_fresh, one.cache_read, one.cache_write_30m) == (502, 4000, 5000)
    assert (one.output, one.reasoning_of_output, one.tools) == (32, 20, "c1 exec")
    assert (one.at_us, one.took_us) == (micros(second(0)), 3_000_000)
    assert (two.id, two.at_us, two.tools) == ("resp_2", micros(second(4)), "")


def test_older_files_are_read_by_their_counts_and_repeated_ones_are_no_answers(
    tmp_path: Path,
) -> None:
    lines = [
        meta(),
        turn(),
        count(second(1), usage(100, 40, 10), usage(100, 40, 10)),
        count(second(2), usage(100, 40, 10), usage(100, 40, 10)),
        count(second(3), usage(150, 100, 20), usage(250, 140, 30)),
    ]
    reading = reading_of(lay_lines(tmp_path / "a.jsonl", lines))
    one, two = drafts_of(IMPORTER, reading)
    assert (one.input_fresh, one.cache_read, one.output) == (60, 40, 10)
    assert (two.input_fresh, two.cache_read, two.output) == (50, 100, 20)
    assert reading.tally.ignored[module.REPEATED] == 1
    assert not reading.tally.notes


def test_without_the_last_usage_an_answer_is_what_the_total_moved_by(tmp_path: Path) -> None:
    lines = [
        meta(),
        turn(),
        count(second(1), None, usage(100, 40, 10)),
        count(second(2), None, usage(250, 140, 30)),
    ]
    drafts = drafts_of(IMPORTER, reading_of(lay_lines(tmp_path / "a.jsonl", lines)))
    assert [(it.input_fresh, it.cache_read, it.output) for it in drafts] == [
        (60, 40, 10),
        (50, 100, 20),
    ]


def test_a_total_that_disagrees_is_noted_and_the_answer_counts(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(second(1), usage(100, 0, 10), usage(999, 0, 10))]
    reading = reading_of(lay_lines(tmp_path / "a.jsonl", lines))
    (draft,) = drafts_of(IMPORTER, reading)
    assert draft.input_fresh == 100
    assert reading.tally.notes == {module.APART: 1}


def test_a_total_that_begins_anew_is_no_negative_answer(tmp_path: Path) -> None:
    lines = [
        meta(),
        turn(),
        count(second(1), usage(100, 0, 10), usage(100, 0, 10)),
        count(second(2), usage(20, 0, 2), usage(20, 0, 2)),
    ]
    drafts = drafts_of(IMPORTER, reading_of(lay_lines(tmp_path / "a.jsonl", lines)))
    assert [it.input_fresh for it in drafts] == [100, 20]


def test_history_that_a_sub_agents_file_replays_is_its_parents(tmp_path: Path) -> None:
    lines = [
        meta(second(10), source={"subagent": {"thread_spawn": {}}}, session_id="s1", id="t2"),
        meta(second(10.001)),
        turn(second(10.002)),
        count(second(10.01), usage(100, 40, 10), usage(100, 40, 10)),
        count(second(10.02), usage(150, 100, 20), usage(250, 140, 30)),
        count(second(15), usage(60, 0, 5), usage(310, 140, 35)),
    ]
    reading = reading_of(lay_lines(tmp_path / "a.jsonl", lines))
    (draft,) = drafts_of(IMPORTER, reading)
    assert (draft.input_fresh, draft.output, draft.agent) == (60, 5, "t2")
    assert reading.tally.ignored[module.REPLAYED] == 2
    assert not reading.tally.notes


def test_a_copy_in_the_archive_tells_the_same_answers(tmp_path: Path) -> None:
    lines = [meta(), turn(), count(second(1), usage(100, 0, 10), usage(100, 0, 10))]
    one, two = (
        drafts_of(IMPORTER, reading_of(lay_lines(tmp_path / name, lines)))
        for name in ("sessions/a.jsonl", "archived_sessions/b.jsonl")
    )
    assert one == two


def test_an_answer_before_any_model_is_of_an_unknown_one(tmp_path: Path) -> None:
    reading = reading_of(
        lay_lines(tmp_path / "a.jsonl", [count(second(1), usage(1, 0, 1), usage(1, 0, 1))])
    )
    (draft,) = drafts_of(IMPORTER, reading)
    assert draft.model == module.UNKNOWN
    assert reading.tally.notes == {module.NO_MODEL: 1}


@pytest.mark.parametrize(
    ("told", "why"),
    [
        (usage(10, 40, 1), "more tokens cached than the input has"),
        (usage(-10, 0, 1), "a count of tokens is negative"),
    ],
)
def test_counts_that_cannot_be_meant_are_told(tmp_path: Path, told: Line, why: str) -> None:
    reading = reading_of(
        lay_lines(tmp_path / "a.jsonl", [meta(), turn(), count(second(1), told, told)])
    )
    assert drafts_of(IMPORTER, reading) == []
    assert reading.tally.examples == [(str(reading.path), 3, why)]


def test_reading_that_is_interrupted_tells_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [meta(), turn()]
    for n in range(1, 9):
        lines.append(
            line("response_item", second(n), type="function_call", name="exec", call_id=f"c{n}")
        )
        lines.append(count(second(n), usage(10, 0, n), usage(10 * n, 0, n * (n + 1) // 2)))
    path = lay_lines(tmp_path / "a.jsonl", lines)
    expected = drafts_of(IMPORTER, reading_of(path))
    monkeypatch.setattr(blocks, "BLOCK", 300)
    found: list[Draft | Failed] = []
    reading = reading_of(path)
    while True:
        some = next(iter(IMPORTER.read(reading)), None)
        if some is None:
            break
        found += some
        reading = reading_of(
            path, offset=reading.offset, line=reading.line, kept=dict(reading.kept)
        )
    assert found == expected
    assert len(found) == 8


def test_rollouts_are_known_by_what_they_hold(tmp_path: Path) -> None:
    ours = lay_lines(tmp_path / "x.jsonl", [meta()])
    other = lay_lines(tmp_path / "y.jsonl", [{"payload": 1}])
    assert IMPORTER.fits(ours, head(ours))
    assert not IMPORTER.fits(other, head(other))


def test_codexs_own_variable_names_its_home(tmp_path: Path) -> None:
    assert home({"CODEX_HOME": str(tmp_path)}) == tmp_path
    assert home({}).name == ".codex"
