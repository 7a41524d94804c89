"""Transcripts of Claude Code: every answer is told, and nothing that is none."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.ledger.importers import claude_code as module
from headgate.ledger.importers import lines as blocks
from headgate.ledger.importers.claude_code import IMPORTER, homes
from headgate.ledger.importers.draft import Draft, Failed
from headgate.ledger.importers.lines import head
from headgate.ledger.importers.sense import micros
from tests.ledger.importers import transcripts
from tests.ledger.importers.reads import all_of, drafts_of, lay_lines, reading_of

ANSWER: dict[str, Any] = {
    "parentUuid": "u1",
    "isSidechain": False,
    "type": "assistant",
    "uuid": "a1",
    "timestamp": "2026-11-21T14:17:20.227Z",
    "sessionId": "s1",
    "version": "2.1.329",
    "cwd": "/srv/atlas",
    "requestId": "req_1",
    "requestRef": "r1",
    "requestedModel": "opus",
    "message": {
        "id": "msg_1",
        "role": "assistant",
        "model": "claude-opus-5-5",
        "content": [{"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}],
        "stop_reason": "tool_use",
        "usage": {
            "input_tokens": 57,
            "cache_creation_input_tokens": 3328,
            "cache_read_input_tokens": 8704,
            "output_tokens": 17,
            "output_tokens_details": {"thinking_tokens": 5},
            "server_tool_use": {"web_search_requests": 2},
            "service_tier": "standard",
            "cache_creation": {
                "ephemeral_1h_input_tokens": 3000,
                "ephemeral_5m_input_tokens": 328,
            },
            "inference_geo": "us",
            "speed": "fast",
        },
    },
}
USER: dict[str, Any] = {
    "type": "user",
    "uuid": "u1",
    "timestamp": "2026-11-21T14:17:18.000Z",
    "sessionId": "s1",
    "message": {"role": "user", "content": "hi"},
}


def changed(**usage: Any) -> dict[str, Any]:
    message = ANSWER["message"] | {"usage": ANSWER["message"]["usage"] | usage}
    return ANSWER | {"message": message}


def one(path: Path, *lines: dict[str, Any] | str) -> Draft:
    (draft,) = drafts_of(IMPORTER, reading_of(lay_lines(path / "a.jsonl", lines)))
    return draft


def test_an_answer_is_told_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    draft = one(tmp_path, USER, ANSWER)
    assert draft == Draft(
        id="msg_1",
        at_us=micros("2026-11-21T14:17:18Z"),
        model="claude-opus-5-5",
        model_asked="opus",
        provider="anthropic",
        input_fresh=57,
        cache_read=8704,
        cache_write_5m=328,
        cache_write_1h=3000,
        output=17,
        reasoning_of_output=5,
        web_searches=2,
        speed="fast",
        geo="us",
        took_us=2_227_000,
        surface="messages",
        session="s1",
        project="/srv/atlas",
        client="claude-code/2.1.329",
        upstream_id="req_1",
        stream=1,
        tools="toolu_1 Bash",
        rank=(1, 57 + 8704 + 3328 + 17, 0),
    )


def test_writes_whose_lifetime_is_not_told_are_for_five_minutes(tmp_path: Path) -> None:
    draft = one(tmp_path, changed(cache_creation=None))
    assert (draft.cache_write_5m, draft.cache_write_1h) == (3328, 0)


def test_an_answer_begins_with_its_request_where_that_is_told(tmp_path: Path) -> None:
    request = {
        "type": "api-request",
        "id": "r1",
        "timestamp": "2026-11-21T14:17:19.000Z",
        "shapeHash": "ab" * 32,
        "params": {"model": "opus", "max_tokens": 32_000},
    }
    shape = {
        "type": "api-request-shape",
        "shapeHash": "ab" * 32,
        "shape": {"system": [{"type": "text", "text": "be kind"}], "tools": [{}, {}]},
    }
    draft = one(tmp_path, USER, shape, request, ANSWER)
    assert draft.took_us == 1_227_000
    assert (draft.max_output, draft.tools_offered) == (32_000, 2)
    assert draft.head
    assert draft.head_bytes > len("be kind")


def test_a_prompt_is_not_fingerprinted_without_a_key(tmp_path: Path) -> None:
    request = {"type": "api-request", "id": "r1", "shapeHash": "ab" * 32} | {
        "timestamp": "2026-11-21T14:17:19.000Z",
        "params": {},
    }
    reading = reading_of(lay_lines(tmp_path / "a.jsonl", [request, ANSWER]))
    reading.options = type(reading.options)()
    (draft,) = drafts_of(IMPORTER, reading)
    assert (draft.head, draft.head_bytes) == (0, 0)


def test_an_answer_hours_after_its_question_begins_with_itself(tmp_path: Path) -> None:
    draft = one(tmp_path, USER | {"timestamp": "2026-11-21T02:00:00Z"}, ANSWER)
    assert (draft.at_us, draft.took_us) == (micros(ANSWER["timestamp"]), 0)


def test_lines_of_one_answer_began_together(tmp_path: Path) -> None:
    second = ANSWER | {"uuid": "a2", "parentUuid": "a1", "timestamp": "2026-11-21T14:17:22Z"}
    path = lay_lines(tmp_path / "a.jsonl", [USER, ANSWER, second])
    first, last = drafts_of(IMPORTER, reading_of(path))
    assert first.at_us == last.at_us
    assert (first.took_us, last.took_us) == (2_227_000, 4_000_000)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (ANSWER | {"message": ANSWER["message"] | {"model": "<synthetic>"}}, module.SYNTHETIC),
        (ANSWER | {"isApiErrorMessage": True}, module.ERROR),
        (ANSWER | {"message": ANSWER["message"] | {"usage": None}}, module.NO_USAGE),
        (USER, "user"),
        ({"type": "summary", "summary": "x"}, "summary"),
        ("", module.BLANK),
    ],
)
def test_what_is_no_answer_is_counted_by_its_kind(
    tmp_path: Path, line: dict[str, Any] | str, why: str
) -> None:
    reading = reading_of(lay_lines(tmp_path / "a.jsonl", [line]))
    assert all_of(IMPORTER, reading) == []
    assert dict(reading.tally.ignored) == {why: 1}
    assert not reading.tally.malformed


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (changed(output_tokens=-5), "a count of tokens is negative"),
        (changed(input_tokens=10**12), "a count of tokens is above 100,000,000"),
        (ANSWER | {"timestamp": "soon"}, "its timestamp is no time as ISO 8601 has it"),
        (ANSWER | {"timestamp": None}, "an answer without a timestamp"),
        (ANSWER | {"message": ANSWER["message"] | {"model": None}}, "name of its model"),
        ('{"type":"assistant","mess', "it is cut off: no JSON object ends in it"),
        ('{"type": 5}', "no line of a transcript: Expected `str`, got `int`"),
        ("\0\0\0\0", "zero bytes"),
    ],
)
def test_a_line_that_cannot_be_read_is_told_with_its_number_and_why(
    tmp_path: Path, line: dict[str, Any] | str, why: str
) -> None:
    path = lay_lines(tmp_path / "a.jsonl", [ANSWER, line, ANSWER])
    reading = reading_of(path)
    assert len(all_of(IMPORTER, reading)) == 2
    ((file, number, told),) = reading.tally.examples
    assert (file, number) == (str(path), 2)
    assert why in told
    assert reading.tally.lines == 3


def test_a_line_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"type":"user","uuid":"\xff\xfe"}\n')
    reading = reading_of(path)
    all_of(IMPORTER, reading)
    assert dict(reading.tally.malformed) == {"it is not UTF-8": 1}


def test_what_a_sub_agent_reports_meanwhile_is_an_answer_of_a_side_chain(
    tmp_path: Path,
) -> None:
    draft = one(tmp_path, transcripts.as_progress(ANSWER))
    assert (draft.id, draft.agent, draft.rank[0]) == ("msg_1", "a1", 0)
    assert (draft.session, draft.project) == ("s1", "/srv/atlas")


def test_failing_tools_are_told_by_their_calls(tmp_path: Path) -> None:
    result = {"tool_use_id": "toolu_1", "type": "tool_result", "content": "no such file"}
    user = USER | {"message": {"role": "user", "content": [result | {"is_error": True}]}}
    fine = USER | {"message": {"role": "user", "content": [result | {"is_error": False}]}}
    path = lay_lines(tmp_path / "a.jsonl", [ANSWER, user, fine])
    assert all_of(IMPORTER, reading_of(path))[1:] == [Failed("toolu_1")]


def test_a_model_on_bedrock_is_priced_as_sold_there(tmp_path: Path) -> None:
    name = "us.anthropic.claude-opus-5-5-v1:0"
    line = ANSWER | {"message": ANSWER["message"] | {"model": name}}
    assert one(tmp_path, line).provider == "aws"


def test_another_vendors_model_is_priced_as_its_makers(tmp_path: Path) -> None:
    line = ANSWER | {"message": ANSWER["message"] | {"model": "gpt-4.1"}}
    assert one(tmp_path, line).provider == ""


@given(
    seed=st.integers(0, 99),
    block=st.integers(40, 3_000),
    stops=st.lists(st.integers(1, 9), max_size=5),
)
def test_reading_that_is_interrupted_anywhere_tells_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int, block: int, stops: list[int]
) -> None:
    teller = transcripts.Teller(random.Random(seed), 40)  # noqa: S311 - invented data
    path = lay_lines(tmp_path_factory.mktemp("t") / "a.jsonl", teller.session(6))
    whole = reading_of(path)
    expected = all_of(IMPORTER, whole)
    found: list[Draft | Failed] = []
    reading = reading_of(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocks, "BLOCK", block)
        for stop in stops:
            for count, some in enumerate(IMPORTER.read(reading), 1):
                found += some
                if count == stop:
                    break
            reading = reading_of(
                path,
                offset=reading.offset,
                line=reading.line,
                kept=reading.kept,
                tally=reading.tally,
            )
        found += all_of(IMPORTER, reading)
    assert found == expected
    assert reading.tally == whole.tally


def test_transcripts_are_known_by_what_they_hold(tmp_path: Path) -> None:
    ours = lay_lines(tmp_path / "x.jsonl", [USER | {"parentUuid": None}])
    other = lay_lines(tmp_path / "y.jsonl", [{"id": 1, "usage": {}}])
    assert IMPORTER.fits(ours, head(ours))
    assert not IMPORTER.fits(other, head(other))


def test_claude_codes_own_variable_may_name_several_homes(tmp_path: Path) -> None:
    env = {"CLAUDE_CONFIG_DIR": f"{tmp_path}/a, {tmp_path}/b"}
    assert homes(env) == [tmp_path / "a", tmp_path / "b"]
    assert [it.name for it in homes({})] == [".claude", "claude"]
