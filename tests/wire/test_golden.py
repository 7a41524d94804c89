"""The golden matrix: every case in every dialect, said in every other, as files to be read.

`pytest --golden-update` rewrites what is expected and prints the difference.
"""

from __future__ import annotations

import difflib
import json
from pathlib import Path
from typing import Any

import pytest

from headgate.conformance.grammar.verdict import Wish
from headgate.wire.model import Fault
from tests.conformance.grammar.whole import whole
from tests.wire.translated import TOOLS, Route, answered, asked, cases, streamed, told

GOLDEN = Path(__file__).parent.parent / "golden"
ASKS = cases(GOLDEN / "asks", ".json")
ANSWERS = cases(GOLDEN / "answers", ".json")
STREAMS = cases(GOLDEN / "streams", ".sse")
ENDS_IN_ERROR = {"cut", "cut_in_an_event", "error", "bare_error"}


def names(found: list[tuple[Path, str]]) -> list[str]:
    return [f"{path.parent.name}-{path.stem}-{other}" for path, other in found]


def compare(request: pytest.FixtureRequest, path: Path, other: str, now: str) -> None:
    """Hold what is said now against the file, or write the file."""
    wanted = path.with_suffix(f".{other}{path.suffix}")
    before = wanted.read_bytes().decode() if wanted.exists() else ""
    difference = "".join(
        difflib.unified_diff(
            before.splitlines(keepends=True), now.splitlines(keepends=True), str(wanted.name)
        )
    )
    if request.config.getoption("--golden-update", default=False):
        wanted.write_bytes(now.encode())
        print(difference)
        return
    assert wanted.exists(), f"no {wanted.name} yet: run make golden and read it"
    assert not difference, difference


def without_user(body: bytes) -> dict[str, Any]:
    """A request's body without the caller's end user, who is hashed each time anew."""
    members: dict[str, Any] = json.loads(body)
    members.pop("safety_identifier", None)
    members.get("metadata", {}).pop("user_id", None)
    return members


def pretty(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


@pytest.mark.parametrize(("path", "other"), ASKS, ids=names(ASKS))
def test_a_request_goes_upstream_as_its_file_says(
    path: Path, other: str, request: pytest.FixtureRequest
) -> None:
    said = told(asked(path.parent.name, other, path.read_bytes()))
    compare(request, path, other, pretty(said))


@pytest.mark.parametrize(("path", "other"), ASKS, ids=names(ASKS))
def test_what_goes_upstream_is_understood_there(path: Path, other: str) -> None:
    """The upstream's own reader accepts it, and says back the same."""
    said = asked(path.parent.name, other, path.read_bytes())
    if any(loss.grave for loss in said.losses):
        return  # nothing goes upstream
    again = asked(other, other, said.body)
    assert without_user(again.body) == without_user(said.body)


@pytest.mark.parametrize(("path", "other"), ANSWERS, ids=names(ANSWERS))
def test_an_answer_comes_back_as_its_file_says(
    path: Path, other: str, request: pytest.FixtureRequest
) -> None:
    stop = ("END",) if path.stem == "stop_sequence" else ()
    route = Route(path.parent.name, other, TOOLS, stop)
    try:
        now = pretty(json.loads(answered(route, path.read_bytes())))
    except Fault as fault:
        now = pretty({"fault": fault.kind, "message": fault.message})
    compare(request, path, other, now)


@pytest.mark.parametrize(("path", "other"), STREAMS, ids=names(STREAMS))
def test_a_stream_comes_back_as_its_file_says(
    path: Path, other: str, request: pytest.FixtureRequest
) -> None:
    stop = ("END",) if path.stem == "stop_sequence" else ()
    now = streamed(Route(path.parent.name, other, TOOLS, stop), [path.read_bytes()])
    verdict = whole(other, now, Wish(usage_chunk=True))
    assert verdict.ending == ("error" if path.stem in ENDS_IN_ERROR else "complete")
    compare(request, path, other, now.decode())
