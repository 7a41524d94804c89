"""From a call and a target to the bytes that go upstream."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from headgate import config as configuration
from headgate.engine.gate import Gate
from headgate.providers import BEARER_SINCE
from headgate.upstream import Request
from headgate.wire import SURFACES
from headgate.wire.call import Caller, open_call
from headgate.wire.model import Fault, Kind
from tests.engine.players import call_of
from tests.kit import ENV

KEY = ENV["ANTHROPIC_API_KEY"].encode()


def gate(more: str = "", kind: str = "anthropic", prefix: str = "") -> Gate:
    text = f'[providers.it]\nkind = "{kind}"\nbase_url = "http://127.0.0.1:9{prefix}"\n{more}'
    config = configuration.load(text, ENV, source="test")
    return Gate.to(config.providers[0])


def sent(request: Request, name: bytes) -> list[bytes]:
    fields = (*request.lines.headers, *request.headers)
    return [value for key, value in fields if key == name]


def test_path_prefix_and_query_are_kept() -> None:
    request, _ = gate(prefix="/proxy/llm").request(call_of(query=b"beta=true&x=%20"), "m")
    assert request.target == b"/proxy/llm/v1/messages?beta=true&x=%20"
    assert request.method == b"POST"
    assert request.connect_s == 2.0


def test_without_a_query_there_is_no_question_mark() -> None:
    request, _ = gate().request(call_of(), "m")
    assert request.target == b"/v1/messages"


@pytest.mark.parametrize(
    ("version", "field", "value"),
    [
        (b"2023-06-01", b"x-api-key", KEY),
        (b"", b"x-api-key", KEY),
        (BEARER_SINCE, b"authorization", b"Bearer " + KEY),
        (b"2027-01-01", b"authorization", b"Bearer " + KEY),
    ],
)
def test_our_key_travels_in_the_field_of_the_callers_api_version(
    version: bytes, field: bytes, value: bytes
) -> None:
    headers = [(b"anthropic-version", version), (b"x-api-key", b"callers")]
    request, _ = gate().request(call_of(headers=headers if version else []), "m")
    assert sent(request, field) == [value]
    other = b"authorization" if field == b"x-api-key" else b"x-api-key"
    assert sent(request, other) == []


def test_with_credentials_client_the_callers_fields_travel_and_ours_do_not() -> None:
    headers = [(b"authorization", b"Bearer mine"), (b"x-api-key", b"mine-too")]
    request, _ = gate('credentials = "client"').request(call_of(headers=headers), "m")
    assert sent(request, b"authorization") == [b"Bearer mine"]
    assert sent(request, b"x-api-key") == [b"mine-too"]
    assert KEY not in b"".join(value for _, value in (*request.lines.headers, *request.headers))


def test_each_of_several_accounts_has_a_gate_of_its_own_prepared_at_the_start() -> None:
    other = b"sk-ant-api03-" + b"o" * 80
    text = """[providers.it]
    kind = "anthropic"
    base_url = "http://127.0.0.1:9"
    api_keys = ["env:ANTHROPIC_API_KEY", "env:OTHER"]
    """
    config = configuration.load(text, {**ENV, "OTHER": other.decode()}, source="test")
    whole = Gate.to(config.providers[0])
    call = call_of()
    assert [each.credential for each in whole.accounts] == ["ANTHROPIC_API_KEY", "OTHER"]
    for account, key in zip(whole.accounts, (KEY, other), strict=True):
        request, _ = account.request(call, "m")
        assert sent(request, b"x-api-key") == [key]
        said = account.translated(call, SURFACES["messages"], b"{}")
        assert sent(said, b"x-api-key") == [key]
        assert (account.accounts, account.url.key) == ((), whole.url.key)
    assert sent(whole.request(call, "m")[0], b"x-api-key") == []
    assert (gate().credential, gate().accounts) == ("house", ())
    assert gate('credentials = "client"').credential == "client"


def test_an_edit_sees_what_is_sent_and_changes_only_what_it_names() -> None:
    seen: dict[str, bytes] = {}

    def edit(members: Mapping[str, Raw | bytes]) -> dict[str, bytes]:
        seen.update({name: bytes(value) for name, value in members.items()})
        return {"max_tokens": b"7"}

    call = call_of({"model": "a", "max_tokens": 5, "messages": []})
    request, _ = gate().request(call, "b", edit)
    assert b"".join(request.body) == b'{"model": "b", "max_tokens": 7, "messages": []}'
    assert seen == {"model": b'"b"', "max_tokens": b"5", "messages": b"[]"}


def test_identity_is_asked_for_and_the_id_and_missing_fields_are_added_once() -> None:
    headers = [(b"accept-encoding", b"gzip"), (b"x-request-id", b"theirs")]
    request, _ = gate().request(call_of(headers=headers), "m")
    assert sent(request, b"accept-encoding") == [b"identity"]
    assert sent(request, b"x-request-id") == [b"call-1"]
    assert sent(request, b"anthropic-version") == [b"2023-06-01"]
    assert sent(request, b"content-type") == [b"application/json"]


def test_the_callers_own_version_and_content_type_stay() -> None:
    headers = [
        (b"anthropic-version", b"2031-01-01"),
        (b"content-type", b"application/json; a=b"),
    ]
    request, _ = gate().request(call_of(headers=headers), "m")
    assert sent(request, b"anthropic-version") == [b"2031-01-01"]
    assert sent(request, b"content-type") == [b"application/json; a=b"]


def test_the_body_is_the_callers_own_when_nothing_changes() -> None:
    call = call_of({"max_tokens": 5})
    request, drop = gate().request(call, "claude-haiku-5-5")
    assert b"".join(bytes(part) for part in request.body) == call.envelope.body
    assert drop is False


NAMES = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(NAMES)
def test_another_model_name_is_written_as_json_and_read_back_the_same(model: str) -> None:
    request, _ = gate().request(call_of({"max_tokens": 5}), model)
    body = json.loads(b"".join(bytes(part) for part in request.body))
    assert body == {"model": model, "max_tokens": 5}


OPTIONS = st.dictionaries(st.text(max_size=8), st.integers() | st.text(max_size=5), max_size=3)


@given(options=OPTIONS | st.none(), asked=st.sampled_from([None, True, False]))
def test_usage_is_asked_for_on_chat_streams_and_dropped_when_only_we_asked(
    options: dict[str, object] | None, asked: bool | None
) -> None:
    given_options = {**(options or {}), **({} if asked is None else {"include_usage": asked})}
    more = {} if options is None and asked is None else {"stream_options": given_options}
    call = call_of({"model": "gpt-x", "stream": True, **more}, surface="chat")
    request, drop = gate(kind="openai", prefix="/v1").request(call, "gpt-x")
    arrived = json.loads(b"".join(bytes(part) for part in request.body))
    assert arrived["stream_options"] == {**given_options, "include_usage": True}
    wanted = given_options.get("include_usage") is True
    assert drop is not wanted
    if wanted:
        assert b"".join(bytes(part) for part in request.body) == call.envelope.body


@pytest.mark.parametrize("surface", ["messages", "responses", "embeddings"])
def test_other_surfaces_are_not_asked_for_usage(surface: str) -> None:
    kind = "anthropic" if surface == "messages" else "openai"
    call = call_of({"stream": True}, surface=surface)
    request, drop = gate(kind=kind).request(call, call.model)
    assert b"stream_options" not in b"".join(bytes(part) for part in request.body)
    assert drop is False


@pytest.mark.parametrize("wrong", [[], "x", 5, True])
def test_stream_options_of_a_wrong_type_are_the_callers_fault(wrong: object) -> None:
    call = call_of({"stream": True, "stream_options": wrong}, surface="chat")
    with pytest.raises(Fault) as caught:
        gate(kind="openai").request(call, "m")
    assert caught.value.kind is Kind.INVALID


def test_null_stream_options_are_none_at_all() -> None:
    call = call_of({"stream": True, "stream_options": None}, surface="chat")
    request, drop = gate(kind="openai").request(call, call.model)
    assert json.loads(b"".join(bytes(part) for part in request.body))["stream_options"] == {
        "include_usage": True
    }
    assert drop


def test_what_a_caller_repeats_is_rendered_once_for_each_provider_and_dialect() -> None:
    caller = Caller([(b"user-agent", b"one")])
    body = b'{"model":"m","messages":[]}'
    one, other = gate(), gate()

    def lines(through: Gate, surface: str, id: str) -> object:
        call = open_call(SURFACES[surface], body, caller, id=id)
        request, _ = through.request(call, "m")
        assert sent(request, b"x-request-id") == [id.encode()]
        return request.lines

    first = lines(one, "messages", "a")
    assert lines(one, "messages", "b") is first
    assert lines(one, "count_tokens", "c") is first
    assert lines(other, "messages", "d") is not first
