"""Only what a model answered to its end is handed over, and only of those who are meant."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from headgate.config.model import Recording as Allowed
from headgate.engine.flight import Record
from headgate.engine.recorder import LONG, Recorder
from headgate.engine.recording import Recording
from headgate.engine.tally import Tally
from headgate.engine.tape import Tape
from headgate.policy.router import Target
from headgate.wire import SURFACES
from headgate.wire.call import Call, Caller, Holder, open_call
from headgate.wire.model import Ending, Fault, Headers, Kind

BODY = b'{"model":"m","messages":[{"role":"user","content":"hello"}]}'
ALL = Allowed(enabled=True, models=("*",))


def call(headers: Headers | None = None, surface: str = "messages", tags: str = "") -> Call:
    caller = Caller(headers or [], Holder("k_1", tags=tags))
    return open_call(SURFACES[surface], BODY, caller, id="req_1")


def recording(folder: Path, allowed: Allowed = ALL) -> tuple[Recording, Recorder]:
    recorder = Recorder(folder, lambda why: None, lambda id: {"k_1": "ci"}.get(id, ""))
    return Recording(allowed, recorder), recorder


def ended(it: Call, tape: Tape, **more: object) -> Tally:
    tally = Tally.of(it, tape, 0.0, 1)
    tally.target, tally.status, tally.ending = Target("p", "m", 1), 200, Ending.COMPLETE
    for name, value in more.items():
        setattr(tally, name, value)
    return tally


@pytest.mark.parametrize(
    ("allowed", "is_meant"),
    [
        (ALL, True),
        (Allowed(enabled=True, keys=("ci",)), True),
        (Allowed(enabled=True, keys=("other",)), False),
        (Allowed(enabled=True, tags=("team=a",)), True),
        (Allowed(enabled=True, tags=("team=b",)), False),
        (Allowed(enabled=True, models=("gpt-*",)), False),
    ],
)
def test_those_who_are_meant_are_taped(
    tmp_path: Path, allowed: Allowed, is_meant: bool
) -> None:
    rules, _ = recording(tmp_path, allowed)
    tape = rules.begin(call(tags="team=a"), Record(time.monotonic))
    assert (tape is not None) is is_meant


def test_a_caller_that_says_no_and_a_call_without_text_are_not_taped(tmp_path: Path) -> None:
    rules, _ = recording(tmp_path)
    sink = Record(time.monotonic)
    assert rules.begin(call([(b"x-headgate-record", b"no")]), sink) is None
    assert rules.begin(call(surface="count_tokens"), sink) is None


@pytest.mark.parametrize(
    "why",
    [
        {"target": None},
        {"answered_from": "hit"},
        {"canned": True},
        {"fault": Fault(Kind.UPSTREAM, "it failed")},
        {"ending": Ending.CLIENT_GONE},
        {"ending": Ending.TRUNCATED},
        {"status": 429},
    ],
    ids=str,
)
def test_what_no_model_answered_to_its_end_is_not_handed_over(
    tmp_path: Path, why: dict[str, object]
) -> None:
    rules, recorder = recording(tmp_path)
    it = call()
    tape = rules.begin(it, Record(time.monotonic))
    assert tape is not None
    rules.end(tape, ended(it, tape, **why))
    recorder.close()
    assert (recorder.written, recorder.dropped) == (0, {})


@pytest.mark.parametrize("size", [5, 500])
async def test_a_call_that_is_longer_than_it_may_be_is_counted(
    tmp_path: Path, size: int
) -> None:
    rules, recorder = recording(tmp_path, Allowed(enabled=True, models=("*",), entry_bytes=200))
    it = call()
    tape = rules.begin(it, Record(time.monotonic))
    assert tape is not None
    await tape.whole(200, [], b"x" * size)
    rules.end(tape, ended(it, tape))
    assert recorder.dropped == ({LONG: 1} if size > 200 else {})
