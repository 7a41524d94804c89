"""One JSON shape for every result; money is exact, and large content is told once."""

from __future__ import annotations

import base64
import json
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.execute import said, trouble
from headgate.gateway.execute.said import LARGE, PIECE, Ours, Ran
from headgate.sandbox.model import Artefact, Made, Output, Result, Status


def result(**more: object) -> Result:
    return msgspec.structs.replace(Result(status=Status.OK, language="python"), **more)


@given(st.integers(0, 10**18))
def test_dollars_are_exact(nusd: int) -> None:
    assert Decimal(said.dollars(nusd)) * 10**9 == nusd


@pytest.mark.parametrize("status", list(Status))
def test_every_ending_is_told_by_its_name(status: Status) -> None:
    told = said.run(Ran(result(status=status)), "hg_1")
    assert told["status"] == status.value


def test_what_is_too_large_is_named_by_an_address() -> None:
    inline = said.artefact(Artefact("a", 1, "s", "m", b"x"))
    by_name = said.artefact(Artefact("a", 1, "s", "m", None, "art_1_x"))
    assert said.encode(inline["content_base64"]) == b'"eA=="'
    assert by_name["url"] == "/v1/artefacts/art_1_x"
    assert "content_base64" not in by_name


def joined(it: said.Said) -> bytes:
    return it if isinstance(it, bytes) else b"".join(it)


@pytest.mark.parametrize(
    "size", [0, 1, PIECE - 1, PIECE, PIECE + 1, LARGE - 1, LARGE, LARGE + 2]
)
def test_content_is_the_same_however_many_pieces_it_is_coded_in(size: int) -> None:
    data = (b"abcdefghijk" * (size // 11 + 1))[:size]
    answer = said.encode({"x": said.Content(data), "y": 1, "z": [said.Content(b"!")]})
    assert isinstance(answer, bytes) == (size + 1 < LARGE)
    told = json.loads(joined(answer))
    assert base64.b64decode(told["x"], validate=True) == data
    assert (told["y"], told["z"]) == (1, ["IQ=="])


def test_a_stream_does_not_code_again_what_was_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(said, "Content", None)
    ran = Ran(result(artefacts=(Artefact("a", 1, "s", "m", b"x"),)))
    voice = said.Ours("hg_1", several=True, stream=True)
    assert b"content_base64" not in joined(voice.ran(ran, 0))
    assert b"content_base64" not in joined(
        said.Ours("hg_1", several=False, stream=True).last([ran])
    )


def test_the_sum_of_several_is_told_beside_them() -> None:
    runs = [Ran(result(cost_nusd=1, total_ms=2.0)), Ran(result(cost_nusd=2, total_ms=3.0))]
    told = said.whole("hg_1", runs, several=True)
    assert (told["cost"], told["total_ms"], len(told["results"])) == ("0.000000003", 5.0, 2)


def test_a_refused_snippet_is_an_error_among_results() -> None:
    told = said.run(Ran(None, "", trouble.wrong("x", "y")), "hg_1")
    assert told["error"]["param"] == "x"


def test_a_stream_tells_content_once() -> None:
    made = Artefact("a", 1, "s", "m", b"x")
    voice = Ours("hg_1", several=False, stream=True)
    assert b"eA==" in joined(voice.heard(Made(made), 0))
    assert b"eA==" not in joined(voice.last([Ran(result(artefacts=(made,)))]))
    output = joined(voice.heard(Output("stdout", "hi"), 0))
    assert output.startswith(b"event: output\ndata: {")
    whole = Ours("hg_1", several=False, stream=False)
    assert b"eA==" in joined(whole.last([Ran(result(artefacts=(made,)))]))
