"""A call that stays in its dialect arrives as it was sent: whole requests of the real clients.

Each client first talks to the simulator itself, which records what it sends; then the same
requests go through the gateway, as they were and changed in ways that a careless parser shows.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.sim.turn import Received
from tests.e2e.street import Street, claude_code, codex, run_client, sdk_python, tool_calls
from tests.e2e.test_codex import as_provider
from tests.kit import Field, running

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CLIENTS = ("claude_code", "codex", "anthropic", "openai")
SCRIPTS = Path(__file__).parent / "clients"
CONFIG = """
[models]
"claude-opus-5-5" = "anthropic:claude-fable-5-2"
"gpt-5.6-terra" = "openai:gpt-6.1-sol"
"own-model" = "openai:gpt-6-luna"
"""
RENAMED = {
    b"claude-opus-5-5": b"claude-fable-5-2",
    b"gpt-5.6-terra": b"gpt-6.1-sol",
    b"own-model": b"gpt-6-luna",
}
NAMES = b"|".join(map(re.escape, RENAMED))
MODEL = re.compile(rb'("model"[ \t\r\n]*:[ \t\r\n]*")(' + NAMES + rb')"')
USAGE = b'"stream_options":{"include_usage":true}'
LEFT_OUT = (b"host", b"connection", b"content-length", b"accept-encoding", b"x-headgate-sim")
"""fields of one connection, and the script by which the simulator played the fault"""


@dataclass
class Lane:
    """A gateway and a simulator on a loop of their own, and what each client said."""

    place: Field
    loop: asyncio.AbstractEventLoop
    heard: dict[str, list[Received]] = field(default_factory=dict)

    def send(self, call: Received, body: bytes) -> tuple[int, Received | None]:
        """The call again, through the gateway; what the provider got of it."""
        before = self.place.sim.total_calls
        link = http.client.HTTPConnection("127.0.0.1", self.place.opened.server.port)
        try:
            path = f"{call.path}?{call.query}" if call.query else call.path
            told = {
                name.decode(): value.decode()
                for name, value in call.headers
                if name not in LEFT_OUT
            }
            link.request("POST", path, body, told)
            reply = link.getresponse()
            reply.read()
        finally:
            link.close()
        found = [each for each in list(self.place.sim.calls) if each.n > before]
        return reply.status, found[-1] if found else None


@pytest.fixture(scope="module")
def lane() -> Iterator[Lane]:
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stack = AsyncExitStack()

    def run(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(30)

    try:
        yield Lane(run(stack.enter_async_context(running(CONFIG))), loop)
        run(stack.aclose())
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def listen(lane: Lane, client: str, home: Path) -> list[Received]:
    """What the client says to the vendor itself, recorded once."""
    if client not in lane.heard:
        before = lane.place.sim.total_calls
        url = lane.place.sim_server.url
        SAID[client](Street(url, url, "sk-" + "k" * 40, home), home)
        lane.heard[client] = [
            call
            for call in list(lane.place.sim.calls)
            if call.n > before and call.method == "POST" and not call.path.startswith("/sim")
        ]
    return lane.heard[client]


def _claude_code(street: Street, home: Path) -> None:
    street.direct(tool_calls(("Bash", {"command": "echo 'ä \" 🌍'", "description": "say"})))
    ran = claude_code(street, home, "hi", "--allowedTools", "Bash")
    assert ran.json["num_turns"] == 2, ran.out
    street.direct("")
    claude_code(street, home, "/context")


def _codex(street: Street, home: Path) -> None:
    street.direct(tool_calls(("exec_command", {"cmd": "echo 'ä \" 🌍'"}), extra="think=9;"))
    free = ("-s", "danger-full-access")
    for model in ("own-model", "gpt-5.6-terra"):  # the second is known to Codex
        ran = codex(street, home, *as_provider(street), "-m", model, *free, "hi")
        assert ran.code == 0, ran.out + ran.err
    street.direct("")


def _sdk(script: str, tail: str, upstream: str, model: str) -> Callable[[Street, Path], None]:
    def say(street: Street, home: Path) -> None:
        names = json.dumps({upstream: {"model": model, "thinker": model, "calm": True}})
        command = [sdk_python(""), str(SCRIPTS / script), street.url + tail, street.key, names]
        ran = run_client(command, {}, home)
        assert ran.code == 0, ran.err[-2000:]

    return say


SAID: dict[str, Callable[[Street, Path], None]] = {
    "claude_code": _claude_code,
    "codex": _codex,
    "anthropic": _sdk("anthropic_across.py", "", "messages", "claude-opus-5-5"),
    "openai": _sdk("openai_across.py", "/v1", "responses", "gpt-5.6-terra"),
}


def renamed(body: bytes) -> bytes:
    """The body with the name the model has upstream, and nothing else."""
    return MODEL.sub(lambda found: found[1] + RENAMED[found[2]] + b'"', body, count=1)


def without_ours(arrived: bytes, sent: bytes) -> bytes:
    """The arrived body without the wish for usage that we add for those who had none."""
    if USAGE in sent:
        return arrived
    return arrived.replace(b"," + USAGE, b"", 1)


def is_whole(call: Received) -> bool:
    return isinstance(json.loads(call.body).get("model"), str)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_client_says_arrives_byte_for_byte(
    lane: Lane, fresh_home: Path, client: str
) -> None:
    """But for the model's name, the wish for usage in a stream of Chat, and the credentials."""
    heard = [call for call in listen(lane, client, fresh_home) if is_whole(call)]
    assert len(heard) >= 2
    for call in heard:
        _, arrived = lane.send(call, call.body)
        assert arrived is not None, call.path
        assert without_ours(arrived.body, call.body) == renamed(call.body)
        assert arrived.body != call.body, "the alias was put in"
        assert (arrived.path, arrived.query) == (call.path, call.query)


@pytest.mark.parametrize("client", CLIENTS)
def test_what_a_clients_header_fields_say_arrives_too(
    lane: Lane, fresh_home: Path, client: str
) -> None:
    """Versions and betas are the vendor's business; only credentials are changed for ours."""
    call = next(call for call in listen(lane, client, fresh_home) if is_whole(call))
    _, arrived = lane.send(call, call.body)
    assert arrived is not None
    got = dict(arrived.headers)
    kept = [
        (name, value)
        for name, value in call.headers
        if name.startswith((b"anthropic-", b"openai-", b"x-stainless-"))
        or name == b"user-agent"
    ]
    assert kept
    assert {name: got.get(name) for name, _ in kept} == dict(kept)
    credentials = {got.get(b"x-api-key"), got.get(b"authorization")}
    assert not any(value and b"kkkk" in value for value in credentials)
    assert any(value and b"tttt" in value for value in credentials), "the house's key"


KEYS = st.text(min_size=1, max_size=12).filter(lambda key: key not in ("model", "stream"))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)


@dataclass(frozen=True)
class Style:
    """How a body is written down: nothing of it changes what the body means."""

    strange: dict[str, Any]
    """members nobody knows"""
    comma: str
    colon: str
    ascii: bool
    """every letter beyond ASCII as an escape"""
    around: str
    twice: bool
    """a key that occurs twice, deep inside"""

    def write(self, body: bytes) -> bytes:
        value = {f"strange {key}": each for key, each in self.strange.items()}
        value |= json.loads(body)
        value["stranger"] = {"deep": self.strange}
        text = json.dumps(value, ensure_ascii=self.ascii, separators=(self.comma, self.colon))
        if self.twice:
            text = text[:-1] + self.comma + '"seen":{"a":1,"a" : 2,"\\u0061":[1 , 2.50,1e5]}}'
        return (self.around + text + self.around).encode()


BLANKS = st.text(" \t\r\n", max_size=3)
STYLES = st.builds(
    Style,
    strange=st.dictionaries(KEYS, VALUES, max_size=4),
    comma=st.builds("{},{}".format, BLANKS, BLANKS),
    colon=st.builds("{}:{}".format, BLANKS, BLANKS),
    ascii=st.booleans(),
    around=BLANKS,
    twice=st.booleans(),
)
OFTEN = settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@OFTEN
@pytest.mark.parametrize("client", CLIENTS)
@given(which=st.integers(0, 10**6), style=STYLES)
def test_no_way_of_writing_a_body_is_tidied_up(
    lane: Lane, fresh_home: Path, client: str, which: int, style: Style
) -> None:
    """Unknown members, odd blanks, escapes, numbers' spelling, keys that occur twice inside."""
    heard = [call for call in listen(lane, client, fresh_home) if is_whole(call)]
    call = heard[which % len(heard)]
    sent = style.write(call.body)
    _, arrived = lane.send(call, sent)
    assert arrived is not None
    assert without_ours(arrived.body, sent) == renamed(sent)


@pytest.mark.parametrize("client", CLIENTS)
def test_a_member_said_twice_arrives_once_as_it_was_understood(
    lane: Lane, fresh_home: Path, client: str
) -> None:
    """Two models in one body: what we route by, and price, is what the provider serves."""
    call = next(call for call in listen(lane, client, fresh_home) if is_whole(call))
    sent = b'{"model":"never-heard-of",' + call.body.lstrip()[1:]
    _, arrived = lane.send(call, sent)
    assert arrived is not None
    assert arrived.body.count(b"never-heard-of") == 0
    assert json.loads(arrived.body) | {"stream_options": 0} == json.loads(
        renamed(call.body)
    ) | {"stream_options": 0}
