"""E2B's SDK reads lines of JSON: output, results with their pictures, errors in three words."""

from __future__ import annotations

import base64
import json
from typing import Any

import msgspec
import pytest

from headgate.gateway.execute.e2bvoice import Voice, error, refusal
from headgate.gateway.execute.said import Ran, Said
from headgate.gateway.execute.trouble import wrong
from headgate.sandbox.model import Artefact, Made, Output, Result, Status

TRACE = 'Traceback (most recent call last):\n  File "main.py", line 1\n'


def result(**more: object) -> Result:
    return msgspec.structs.replace(Result(status=Status.OK), **more)


def lines(said: Said) -> list[dict[str, Any]]:
    data = said if isinstance(said, bytes) else b"".join(said)
    return [json.loads(line) for line in data.splitlines()]


def test_output_is_told_by_its_stream() -> None:
    (told,) = lines(Voice().heard(Output("stderr", "oh\n"), 0))
    assert (told["type"], told["text"]) == ("stderr", "oh\n")
    assert told["timestamp"] > 10**18


@pytest.mark.parametrize(
    ("mime", "field", "value"),
    [
        ("image/png", "png", base64.b64encode(b"<x>").decode()),
        ("image/svg+xml", "svg", "<x>"),
        ("text/html; charset=utf-8", "html", "<x>"),
        ("application/pdf", "pdf", base64.b64encode(b"<x>").decode()),
    ],
)
def test_a_figure_is_a_result_with_its_picture(mime: str, field: str, value: str) -> None:
    made = Artefact("a", 3, "s", mime, b"<x>")
    (told,) = lines(Voice().heard(Made(made), 0))
    assert (told["type"], told[field], told["is_main_result"]) == ("result", value, False)


def test_any_other_file_is_named() -> None:
    inline = lines(Voice().heard(Made(Artefact("a.csv", 1, "s", "text/csv", b"x")), 0))[0]
    assert inline["extra"]["content_base64"] == "eA=="
    kept = Artefact("a.csv", 1, "s", "text/csv", None, "art_1_x")
    by_name = lines(Voice().heard(Made(kept), 0))[0]
    assert by_name["extra"]["url"] == "/v1/artefacts/art_1_x"


def test_the_last_expression_is_the_main_result() -> None:
    told = lines(Voice().last([Ran(result(value="42"))]))
    assert told[0] == {"type": "result", "text": "42", "is_main_result": True}
    assert told[-1]["type"] == "number_of_executions"


@pytest.mark.parametrize(
    ("ended", "words"),
    [
        ({"stderr": TRACE + "ValueError: no: x\n"}, ("ValueError", "no: x")),
        ({"stderr": TRACE + "KeyboardInterrupt\n"}, ("KeyboardInterrupt", "")),
        ({"stderr": "", "exit_code": 3}, ("ExitCode", "3")),
        ({"status": Status.WALL, "hint": "work in chunks"}, ("wall_limit", "work in chunks")),
    ],
)
def test_what_went_wrong_has_a_name_and_a_value(
    ended: dict[str, object], words: tuple[str, str]
) -> None:
    told = error(result(**({"status": Status.ERROR} | ended)))
    assert (told["name"], told["value"]) == words


def test_a_refusal_is_in_their_shape() -> None:
    status, body = refusal(wrong("x", "is bad", "mend it"))
    assert status == 400
    assert json.loads(body) == {"code": 400, "message": "x: is bad; mend it"}
