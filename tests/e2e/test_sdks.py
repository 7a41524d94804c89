"""The official Python SDKs, newest and older majors, through the gateway: nothing is different.

Each version runs in an environment of its own and reports what it understood; the ledger must
hold exactly one row per call, with the usage that the SDK saw.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.street import Row, Street, run_client, sdk_python
from tests.matrix import ANTHROPIC_SDK, CHAT_SDK, RESPONSES_SDK, cell

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

SCRIPTS = Path(__file__).parent / "clients"

ANTHROPIC = ["newest", "anthropic-0.125.0", "anthropic-0.39.0"]
OPENAI = ["newest", "openai-2.54.0", "openai-1.30.1"]

Report = dict[str, Any]

_reports: dict[str, tuple[Report, list[Row]]] = {}


def report_of(
    street: Street, home: Path, script: str, version: str
) -> tuple[Report, list[Row]]:
    """What one version understood, and the rows its run left; run once for all tests."""
    name = f"{script} {version}"
    if name not in _reports:
        python = sdk_python("" if version == "newest" else version)
        url = street.url if script == "anthropic_sdk" else f"{street.url}/v1"
        mark = street.mark()
        ran = run_client([python, str(SCRIPTS / f"{script}.py"), url, street.key], {}, home)
        assert ran.code == 0, ran.err[-3000:]
        _reports[name] = (ran.json, street.rows_after(mark))
    return _reports[name]


@pytest.fixture(params=ANTHROPIC)
def anthropic(request: pytest.FixtureRequest, street: Street, fresh_home: Path) -> Report:
    return report_of(street, fresh_home, "anthropic_sdk", request.param)[0]


@pytest.fixture(params=OPENAI)
def openai(request: pytest.FixtureRequest, street: Street, fresh_home: Path) -> Report:
    return report_of(street, fresh_home, "openai_sdk", request.param)[0]


@pytest.mark.parametrize("name", [name for name in ANTHROPIC + OPENAI if name != "newest"])
def test_an_old_sdk_is_the_version_it_says(street: Street, fresh_home: Path, name: str) -> None:
    """Guards against an environment that silently holds another version."""
    vendor, _, version = name.partition("-")
    assert report_of(street, fresh_home, f"{vendor}_sdk", name)[0]["version"] == version


@cell(ANTHROPIC_SDK, "messages", "stream")
def test_anthropic_replies_and_streams_say_the_same(anthropic: Report) -> None:
    for way in ("plain", "streamed"):
        seen = anthropic[way]
        assert "simulated" in seen["text"].lower()
        assert seen["stop"] == "end_turn"
        assert seen["model"] == "claude-opus-5-5"
        assert seen["input"] > 0
        assert seen["output"] > 0
    assert anthropic["streamed"]["events"] > 5
    assert "simulated" in anthropic["async"]["whole"]["text"].lower()
    assert "simulated" in anthropic["async"]["streamed"].lower()


@cell(ANTHROPIC_SDK, "messages", "tools")
def test_anthropic_tool_calls_arrive_whole(anthropic: Report) -> None:
    for way in ("tool", "tool_streamed"):
        assert anthropic[way]["tools"] == [["weather", {"city": "Oslo"}]]
        assert anthropic[way]["stop"] == "tool_use"


@cell(ANTHROPIC_SDK, "messages", "errors")
def test_anthropic_errors_have_their_classes(anthropic: Report) -> None:
    assert anthropic["invalid"]["class"] == "BadRequestError"
    assert "no such thing" in str(anthropic["invalid"]["body"])
    assert anthropic["unknown_model"]["class"] == "NotFoundError"
    assert "claude-*" in str(anthropic["unknown_model"]["body"])
    assert anthropic["wrong_key"]["class"] == "AuthenticationError"
    assert anthropic["wrong_key"]["body"]["error"]["type"] == "authentication_error"
    assert anthropic["overloaded"]["status"] == 529
    for kind in ("invalid", "unknown_model", "wrong_key"):
        assert anthropic[kind]["request_id"], kind


def test_our_own_anthropic_errors_stop_useless_retries(anthropic: Report) -> None:
    assert anthropic["unknown_model"]["should_retry"] == "false"
    assert anthropic["wrong_key"]["should_retry"] == "false"


@cell(ANTHROPIC_SDK, "messages", "cut stream")
def test_an_error_in_the_middle_of_a_stream_is_raised(anthropic: Report) -> None:
    assert anthropic["broken_stream"] is not None


def test_anthropic_counts_tokens_and_lists_models(anthropic: Report) -> None:
    assert anthropic["counted"] > 0
    if anthropic["models"] is not None:  # 0.39 has no models
        assert anthropic["models"]["listed"]
        assert anthropic["models"]["one"] == "claude-opus-5-5"


@cell(CHAT_SDK, "chat", "stream")
def test_chat_replies_and_streams_say_the_same(openai: Report) -> None:
    for way in ("plain", "streamed", "streamed_usage"):
        assert "simulated" in openai[way]["text"].lower()
        assert openai[way]["stop"] == "stop"
    assert openai["async"]["whole"]
    assert openai["async"]["streamed"]


def test_usage_is_in_a_chat_stream_only_for_those_who_asked(openai: Report) -> None:
    """We ask for it always; a caller that did not must not see the difference."""
    assert openai["streamed"]["usage"] is None
    assert min(openai["streamed_usage"]["usage"]) > 0


@cell(CHAT_SDK, "chat", "tools")
def test_chat_tool_calls_arrive_whole(openai: Report) -> None:
    for way in ("tool", "tool_streamed"):
        assert openai[way]["tools"] == [["weather", {"city": "Oslo"}]]
        assert openai[way]["stop"] == "tool_calls"


@cell(RESPONSES_SDK, "responses", "stream", "tools")
def test_responses_arrive_whole_and_in_order(openai: Report) -> None:
    if openai["response"] is None:  # 1.30 has no responses
        assert openai["version"].startswith("1.30")
        return
    for way in ("response", "response_streamed"):
        assert "simulated" in openai[way]["text"].lower()
        assert openai[way]["status"] == "completed"
    assert openai["response_streamed"]["first"] == "response.created"
    assert openai["response_streamed"]["last"] == "response.completed"
    assert openai["response_tool"]["tools"] == [["weather", {"city": "Oslo"}]]


@cell(CHAT_SDK, "chat", "errors")
def test_openai_errors_have_their_classes(openai: Report) -> None:
    assert openai["invalid"]["class"] == "BadRequestError"
    assert "no such thing" in str(openai["invalid"]["body"])
    assert openai["unknown_model"]["class"] == "NotFoundError"
    assert "gpt-" in str(openai["unknown_model"]["body"])
    assert openai["wrong_key"]["class"] == "AuthenticationError"
    assert openai["overloaded"]["status"] == 503
    for kind in ("invalid", "unknown_model", "wrong_key"):
        assert openai[kind]["request_id"], kind


def test_embeddings_arrive_as_floats_and_as_base64(openai: Report) -> None:
    assert openai["embedded"] == openai["embedded_floats"]
    count, length, norm = openai["embedded"]
    assert count == 2
    assert length >= 256
    assert norm == pytest.approx(1, abs=0.01)


def test_openai_lists_models(openai: Report) -> None:
    assert openai["models"]
    assert openai["model"] == "gpt-5.6-terra"


@pytest.mark.parametrize(
    ("script", "version"),
    [("anthropic_sdk", version) for version in ANTHROPIC]
    + [("openai_sdk", version) for version in OPENAI],
)
def test_every_call_left_one_row_with_the_usage_the_sdk_saw(
    street: Street, fresh_home: Path, script: str, version: str
) -> None:
    report, rows = report_of(street, fresh_home, script, version)
    plain = next(row for row in rows if row["status"] == 200 and not row["stream"])
    classes = [name for name in plain if name.startswith("cache_") and name[-1] in "dmh"]
    assert plain["output"] == report["plain"]["output"]
    assert (
        plain["input_fresh"] + sum(plain[name] for name in classes) == report["plain"]["input"]
    )
    complete = [row for row in rows if row["ending"] == "complete"]
    generated = [row for row in complete if row["surface"] in ("messages", "chat", "responses")]
    assert {row["usage_from"] for row in generated} == {"provider"}
    assert len({row["id"] for row in rows}) == len(rows)
    assert all(row["simulated"] for row in rows if row["status"] == 200)
