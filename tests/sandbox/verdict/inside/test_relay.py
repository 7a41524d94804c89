"""Messages go one way and back; what is no value, or comes of nobody, ends the judging."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from headgate.sandbox.verdict import programs as plans
from headgate.sandbox.verdict.inside import relay

TALK = """import os, struct, sys
out = open("hg_out", "wb", buffering=0)
def send(kind, body):
    out.write(struct.pack(">i", len(body) + 1) + kind + body)
def receive():
    size = struct.unpack(">i", sys.stdin.buffer.read(4))[0]
    body = sys.stdin.buffer.read(size)
    return body[:1], body[1:]
"""


def carried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, judge: str) -> str:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(relay.CHECKS, "r", lambda body: None)
    sides = {}
    for name, text in (("candidate", code), ("judge", judge)):
        os.mkdir(name)
        sides[name] = plans.side(name, (sys.executable, "-c", TALK + text), name)
    one, other = (relay.Side(sides[it], apart=False) for it in ("candidate", "judge"))
    try:
        found = relay._exchange(one, other, relay.CHECKS["r"], b"tests")
    finally:
        one.end()
        other.end()
    return str(found["ending"])


ASKS = 'receive(); receive(); send(b"C", b"ask"); it = receive()\n'
REPORT = 'send(b"R", b\'{"ending":"%s","seen":1,"passed":1,"failure":""}\' % it[1])\n'


@pytest.mark.parametrize(
    ("code", "ending"),
    [
        ('send(b"V", b""); receive(); send(b"V", b"passed"); receive()', "passed"),
        ('send(b"V", b""); receive(); send(b"R", b"passed"); receive()', "ended"),
        ('send(b"V", b"")', "ended"),
        ('send(b"X", b"no syntax"); receive()', "build_failed"),
        ("", "ended"),
    ],
)
def test_only_values_come_of_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, ending: str
) -> None:
    assert carried(tmp_path, monkeypatch, code, ASKS + REPORT) == ending


def test_tests_that_end_without_a_report_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = 'send(b"V", b""); receive()'
    assert carried(tmp_path, monkeypatch, code, "receive()\n") == "failed"
