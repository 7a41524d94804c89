"""The reference vectors of translation, end to end through the codecs.

They lie beside the repository, in its shared reference folder, and are no part of it; without
that folder these tests are skipped, and say so.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from headgate.conformance.grammar.verdict import Wish, split
from headgate.conformance.saying import Bit, chunk, sent, stream_of
from headgate.engine.refusal import fault_of, final_status, retry_headers
from headgate.wire.meaning import Tool
from headgate.wire.model import FAULTS, Fault, Kind, Reply
from headgate.wire.translate import told_elsewhere
from tests.conformance.grammar.whole import whole
from tests.wire import vectors
from tests.wire.translated import ABILITIES, CODECS, GUESSED, Route, answered, asked, streamed

FILE = Path(__file__).parents[3] / "shared" / "reference" / "translation_vectors.json"
VECTORS: list[dict[str, Any]] = json.loads(FILE.read_text()) if FILE.is_file() else []
BY_ID = {vector["id"]: vector for vector in VECTORS}
ASKS = [
    v
    for v in VECTORS
    if v["dir"] in {f"{a}->{b}" for a in vectors.DIALECTS for b in vectors.DIALECTS}
]
ANSWERS = [v for v in VECTORS if v["id"].startswith("R-")]
IDS = [v["id"] for v in VECTORS]
WEATHER = '{"city": "Oslo"}'

pytestmark = pytest.mark.skipif(
    not VECTORS,
    reason=f"NOT RUN: the reference vectors are not beside this checkout ({FILE.name})",
)


def vector(id: str) -> dict[str, Any]:
    if id not in BY_ID:
        pytest.skip(f"NOT RUN: the reference vectors lie elsewhere ({id})")
    return BY_ID[id]


def test_every_vector_is_checked_by_some_test() -> None:
    own = set(Path(__file__).read_text().replace("_", "-").upper().split('"'))
    left = [id for id in IDS if id not in own and not id.startswith(("A2C", "C2A", "P-", "R-"))]
    assert not left, f"no test knows what to do with {left}"
    general = {v["id"] for v in (*ASKS, *ANSWERS)}
    assert all(id in general for id in IDS if id.startswith(("A2C", "C2A", "P-", "R-")))


@pytest.mark.parametrize("each", ASKS, ids=[v["id"] for v in ASKS])
def test_a_request_goes_upstream_as_its_vector_says(each: dict[str, Any]) -> None:
    source, other = vectors.ends(each["dir"])
    model = vectors.target(each)
    abilities = vectors.abilities_of(other, model) if model else ABILITIES[other]
    body = vectors.request(each)
    said = asked(source, other, body, abilities)
    sent_on = json.loads(said.body)
    grave = [str(loss) for loss in said.losses if loss.grave]
    expect = dict(each["expect"])
    if expect.pop("error", None) is not None:
        assert grave
        assert FAULTS[Kind.UNTRANSLATABLE].status == each["expect"]["error"]
        return
    assert not grave
    if expect.pop("error_or_local", None) is not None:
        assert not {"stop", "stop_sequences"} & sent_on.keys()
        assert list(said.crossing.stop) == each["input"]["stop_sequences"]
    if not expect and not each["expect"]:
        dropped = each["input"].keys() - {"model"}
        assert not dropped & sent_on.keys()
        assert dropped <= {loss.field for loss in said.losses}
    if expect.get("max_tokens", 0) == "<catalogue max output, or configured default>":
        expect["max_tokens"] = abilities.max_output
    messages = sent_on.get("messages", sent_on.get("input"))
    for name, value in expect.items():
        seen = json.dumps({name: sent_on.get(name), "messages": messages}, indent=1)
        if name == "messages":
            assert vectors.alike(value, messages, whole=True), seen
        elif name == "messages_tail":
            assert vectors.stands_in(value, messages), seen
        elif name == "messages_head":
            assert vectors.alike(value, messages[: len(value)], whole=True), seen
        elif name == "system_append":
            assert sent_on["system"][-1]["text"].endswith(value), seen
        else:
            assert vectors.alike(value, sent_on.get(name), whole=False), seen


@pytest.mark.parametrize("each", ANSWERS, ids=[v["id"] for v in ANSWERS])
def test_an_answer_comes_back_as_its_vector_says(each: dict[str, Any]) -> None:
    source, other = vectors.ends(each["dir"])
    pairs = [(each["input"], each["expect"])]
    if isinstance(each["input"], list):
        pairs = [
            ({"stop_reason": stop}, {"finish_reason": wanted})
            for stop, wanted in zip(each["input"], each["expect"], strict=True)
        ]
    for given, wanted in pairs:
        use = {"type": "tool_use", "id": "toolu_1", "name": "a", "input": {}}
        called = {"content": [use]} if given.get("stop_reason") == "tool_use" else {}
        body = json.dumps(vectors.reply(source, {**given, **called})).encode()
        told = json.loads(answered(Route(source, other), body))
        choice = told.get("choices", [{}])[0]
        for name, value in wanted.items():
            actual = told.get(name, choice.get(name))
            assert vectors.alike(value, actual, whole=False), (given, name, actual)


def judged(route: Route, data: list[bytes]) -> tuple[Any, list[dict[str, Any]]]:
    """(the verdict on what the caller gets, its events)."""
    out = streamed(route, data)
    events = [json.loads(e.data) for e in split(out)[0] if e.data != "[DONE]"]
    return whole(route.caller, out, Wish(usage_chunk=route.include_usage)), events


def test_s_04_a_tool_call_is_known_by_its_index_not_its_id() -> None:
    pieces = [json.loads(piece) for piece in vector("S-04")["input"]]
    chunks = [chunk({"role": "assistant"}), *(chunk({"tool_calls": [p]}) for p in pieces)]
    data = sent("openai_chat", [*chunks, chunk({}, "tool_calls"), "[DONE]"])
    verdict, _ = judged(Route("openai_chat", "anthropic"), data)
    assert verdict.calls == [("call_1", "a", {})]
    assert verdict.parts[0].text == "{}"


def test_s_04_a_tool_call_without_an_id_gets_one() -> None:
    call = {"index": 0, "function": {"name": "a", "arguments": "{}"}}
    data = sent(
        "openai_chat", [chunk({"tool_calls": [call]}), chunk({}, "tool_calls"), "[DONE]"]
    )
    verdict, _ = judged(Route("openai_chat", "anthropic"), data)
    assert [(name, arguments) for _, name, arguments in verdict.calls] == [("a", {})]
    again, _ = judged(Route("openai_chat", "anthropic"), data)
    assert verdict.calls == again.calls


def test_s_05_without_a_usage_chunk_the_usage_is_our_own_count() -> None:
    assert vector("S-05")
    data = sent("openai_chat", [chunk({"content": "hi"}), chunk({}, "stop"), "[DONE]"])
    verdict, _ = judged(Route("openai_chat", "anthropic"), data)
    assert verdict.usage["output_tokens"] == GUESSED.output
    assert verdict.usage["input_tokens"] == GUESSED.input_fresh


def test_s_06_reasoning_text_and_a_tool_follow_one_another_and_the_seal_is_ours() -> None:
    assert vector("S-06")
    bits = [Bit("thought", ("r",)), Bit("text", ("c",)), Bit("tool", ("{}",), "call_1", "a")]
    data = sent("openai_chat", stream_of("openai_chat", bits, "tools"))
    verdict, _ = judged(Route("openai_chat", "anthropic"), data)
    assert [(p.kind, p.text) for p in verdict.parts] == [
        ("thought", "r"),
        ("text", "c"),
        ("tool", "{}"),
    ]
    assert verdict.parts[0].seal.startswith("gw1.")


@pytest.mark.parametrize("include_usage", [True, False])
def test_s_07_tools_are_counted_alone_and_usage_comes_when_asked_for(
    include_usage: bool,
) -> None:
    assert vector("S-07")
    bits = [
        Bit("thought", ("hm",), seal="c2ln"),
        Bit("text", ("ok",)),
        Bit("tool", (WEATHER,), "toolu_1", "a"),
        Bit("tool", (WEATHER,), "toolu_2", "b"),
    ]
    data = sent("anthropic", stream_of("anthropic", bits, "tools"))
    route = Route("anthropic", "openai_chat", include_usage=include_usage)
    verdict, events = judged(route, data)
    first = events[0]["choices"][0]["delta"]
    assert (first["role"], first["content"]) == ("assistant", "")
    assert verdict.text == "ok"
    assert verdict.calls == [
        ("toolu_1", "a", {"city": "Oslo"}),
        ("toolu_2", "b", {"city": "Oslo"}),
    ]
    assert verdict.stop == "tool_calls"
    counts = {"prompt_tokens": 1200, "completion_tokens": 50} if include_usage else {}
    assert {name: verdict.usage[name] for name in counts} == counts
    assert bool(verdict.usage) == include_usage


def test_s_08_a_tool_without_arguments_gets_an_empty_object() -> None:
    assert vector("S-08")
    bits = [Bit("tool", (), "toolu_1", "a")]
    data = sent("anthropic", stream_of("anthropic", bits, "tools"))
    verdict, _ = judged(Route("anthropic", "openai_chat"), data)
    assert verdict.parts[0].text == "{}"


def test_s_09_an_error_in_mid_stream_is_an_error_chunk() -> None:
    assert vector("S-09")
    error = {"type": "overloaded_error", "message": "Overloaded"}
    begun = stream_of("anthropic", [Bit("text", ("a", "b"))], "end")[:4]
    data = sent("anthropic", [*begun, {"type": "error", "error": error}])
    verdict, _ = judged(Route("anthropic", "openai_chat"), data)
    assert verdict.ending == "error"
    expected = {"message": "Overloaded", "type": "server_error", "code": "overloaded_error"}
    assert vectors.alike(expected, verdict.error, whole=False), verdict.error


def test_s_10_the_whole_life_of_every_item_is_told() -> None:
    expected = [step.partition("(")[0].rstrip("*") for step in vector("S-10")["expect"]]
    bits = [Bit("text", ("o", "k")), Bit("tool", (WEATHER,), "toolu_1", "a")]
    data = sent("anthropic", stream_of("anthropic", bits, "tools"))
    verdict, events = judged(Route("anthropic", "openai_responses"), data)
    kinds = [event["type"] for event in events]
    assert [k for n, k in enumerate(kinds) if n == 0 or k != kinds[n - 1]] == expected
    details = verdict.usage["input_tokens_details"]
    assert (details["cached_tokens"], details["cache_write_tokens"]) == (1024, 100)


def refused(id: str) -> tuple[Fault, dict[str, Any], Any]:
    """(the fault as the caller's dialect is told it, what is expected, the dialect)."""
    each = vector(id)
    source, other = {
        "E-03": ("anthropic", "openai_chat"),
        "E-04": ("openai_chat", "anthropic"),
    }[id]
    body = json.dumps(each["input"]["body"]).encode()
    reply = Reply(each["input"]["status"], [], body)
    fault = fault_of(reply, CODECS[source], datetime.now(UTC), own_credential=False)
    return told_elsewhere(fault), each["expect"], CODECS[other]


@pytest.mark.parametrize("id", ["E-03", "E-04"])
def test_an_upstreams_refusal_is_told_in_the_callers_dialect(id: str) -> None:
    fault, expect, dialect = refused(id)
    body = json.loads(dialect.error_body(fault, "req_1"))
    assert vectors.alike(expect["body"], body, whole=False), body
    assert final_status(fault, dialect) == expect["status"]
    headers = {name.decode(): value.decode() for name, value in retry_headers(fault)}
    assert expect.get("headers", {}).items() <= headers.items()


@pytest.mark.parametrize("id", ["E-05", "E-06"])
def test_a_spent_budget_has_the_type_clients_know_in_its_body_alone_until_budgets_exist(
    id: str,
) -> None:
    """Only the dialect's error body: its headers come with budgets."""
    dialect = CODECS[{"E-05": "anthropic", "E-06": "openai_chat"}[id]]
    expect = vector(id)["expect"]
    message = expect["body"]["error"]["message"]
    body = json.loads(dialect.error_body(Fault(Kind.BUDGET, message), "req_1"))
    assert vectors.alike(
        json.loads(json.dumps(expect["body"]).replace("...", "later")),
        json.loads(json.dumps(body).replace("...", "later")),
        whole=False,
    ), body
    assert final_status(Fault(Kind.BUDGET, message), dialect) == expect["status"]


def test_p_02_a_wrapped_tool_comes_back_as_the_callers_own() -> None:
    assert vector("P-02")
    tools = [Tool("exec", custom=True, namespace="functions")]
    pieces = ('{"in', 'put": "ls \\"a\\"\\n', "\\ud83d", '\\ude00"}')
    bits = [Bit("tool", pieces, "toolu_1", "exec")]
    data = sent("anthropic", stream_of("anthropic", bits, "tools"))
    verdict, events = judged(Route("anthropic", "openai_responses", tools), data)
    assert verdict.calls == [("toolu_1", "exec", 'ls "a"\n\U0001f600')]
    done = next(e["item"] for e in events if e["type"] == "response.output_item.done")
    assert (done["type"], done["namespace"]) == ("custom_tool_call", "functions")


def test_p_05_a_stop_sequence_without_a_field_is_cut_by_us() -> None:
    assert vector("P-05")
    data = sent(
        "openai_responses",
        stream_of("openai_responses", [Bit("text", ("one E", "N", "D two"))], "end"),
    )
    verdict, _ = judged(Route("openai_responses", "anthropic", stop=("END",)), data)
    assert (verdict.text, verdict.stop, verdict.stop_sequence) == (
        "one ",
        "stop_sequence",
        "END",
    )
