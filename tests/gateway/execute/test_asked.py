"""A request is read field by field: what is not known, missing or wrong is named."""

from __future__ import annotations

import base64
import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.execute import asked
from headgate.sandbox.model import Limits
from headgate.wire.model import Fault


def read(at: str = "", /, **body: Any) -> asked.Asked:
    """`at`: the session that the path names."""
    return asked.read(json.dumps(body).encode(), "key:k", at)


def refused(**body: Any) -> str:
    with pytest.raises(Fault) as fault:
        read(**body)
    return fault.value.message


def test_what_is_left_out_has_its_default() -> None:
    (job,) = read(code="1").jobs
    assert (job.language, job.limits, job.tenant, job.cached) == (
        "python",
        Limits(),
        "key:k",
        True,
    )


def test_a_snippets_own_word_counts() -> None:
    told = read(
        snippets=[{"code": "1", "stdin": "own"}, {"code": "2"}],
        stdin="all",
        limits={"wall_s": 3},
        language="go",
        files=[{"path": "a", "content": "x"}],
    )
    assert told.several
    assert [job.stdin for job in told.jobs] == [b"own", b"all"]
    assert {(job.language, job.limits.wall_s, len(job.files)) for job in told.jobs} == {
        ("go", 3, 1)
    }


def test_a_session_has_its_own_language() -> None:
    assert read(code="1", session="s").jobs[0].language == ""
    assert read("s", code="1").session == "s"
    with pytest.raises(Fault, match="another than the one of the path"):
        read("s", code="1", session="t")


@pytest.mark.parametrize("name", ["args", "env", "stdin", "packages"])
def test_a_session_takes_nothing_that_only_a_beginning_has(name: str) -> None:
    value: Any = {"env": {"A": "1"}, "stdin": "x"}.get(name, ["x"])
    assert f"{name}: is for a place of its own" in refused(
        code="1", session="s", **{name: value}
    )


@given(st.binary(max_size=100))
def test_bytes_come_through_as_they_are(data: bytes) -> None:
    coded = base64.b64encode(data).decode()
    told = read(code="1", files=[{"path": "a", "content_base64": coded}], stdin_base64=coded)
    assert (told.jobs[0].files[0].data, told.jobs[0].stdin) == (data, data)


@given(st.binary(max_size=200))
def test_whatever_comes_is_read_or_refused_with_words(data: bytes) -> None:
    with contextlib.suppress(Fault):  # any other error is a bug
        asked.read(data, "key:k")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"code": "1", "files": [{"path": "a", "content": "x", "mode": 1}]}, "files[0].mode"),
        ({"snippets": []}, "snippets: must hold 1 to 64"),
        ({"snippets": [{"language": "go"}]}, "snippets[0].code: is missing"),
        ({"code": "1", "env": {"A B": "x"}}, "env: 'A B' is no variable"),
        ({"code": "1", "stdin": "x", "stdin_base64": "eA=="}, "cannot stand beside"),
        ({"code": "1", "limits": {"wall_s": "x"}}, "limits.wall_s"),
        (
            {"code": "1", "files": [{"path": "a", "content": "x"}] * 2},
            "files[1].path: 'a' is there twice",
        ),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], said: str) -> None:
    assert said in refused(**body)


def test_what_is_no_json_is_told_in_words_that_are_spelled_right() -> None:
    with pytest.raises(Fault, match="no JSON: JSON is malformed"):
        asked.decode(b'{"code": NaN}', asked.Body)
    with pytest.raises(Fault, match="no JSON: input data was truncated"):
        asked.decode(b'{"code":', asked.Body)


def test_files_beyond_the_disk_are_refused_with_the_limit() -> None:
    files = [{"path": f"f{at}", "content": "x" * 700_000} for at in range(2)]
    limits = {"disk_mb": 1}
    assert "limits.disk_mb = 1 MB" in refused(code="1", files=files, limits=limits)
    assert "limits.file_mb = 0 MB" in refused(code="1", files=files, limits={"file_mb": 0})
