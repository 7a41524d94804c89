"""SandboxFusion's clients are answered as by theirs, or told what is not run here."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from headgate.gateway.execute.fusion import answer
from headgate.sandbox.model import Ended, Result, Status
from tests.gateway.execute.pretender import Pretender, pretending
from tests.kit import Field, Got

pytestmark = pytest.mark.asyncio(loop_scope="module")
Both = tuple[Field, list[Pretender]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both() -> AsyncIterator[Both]:
    with pytest.MonkeyPatch.context() as patch:
        async with pretending(patch) as opened:
            yield opened


async def run(both: Both, code: str, language: str = "python", **more: Any) -> Got:
    return await both[0].post("/run_code", {"code": code, "language": language, **more})


@pytest.mark.slow
async def test_a_program_is_run_as_they_ask(both: Both) -> None:
    files = {"in.txt": base64.b64encode(b"x").decode(), "gone": None}
    got = await run(both, "say hi", stdin="in", files=files, run_timeout=3, compile_timeout=9)
    assert got.status == 200
    told = got.json
    assert (told["status"], told["compile_result"], told["files"]) == ("Success", None, {})
    assert told["run_result"]["status"] == "Finished"
    assert (told["run_result"]["return_code"], told["run_result"]["stdout"]) == (0, "hi\n")
    job = both[1][0].jobs[-1]
    assert (job.stdin, job.limits.wall_s, [each.path for each in job.files]) == (
        b"in",
        3.0,
        ["in.txt"],
    )
    await run(both, "say 1", "rust", run_timeout=3, compile_timeout=9)
    assert both[1][0].jobs[-1].limits.wall_s == 12.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("code", "status", "ended", "return_code"),
    [
        ("exit 3", "Failed", "Finished", 3),
        ("end wall_limit", "Failed", "TimeLimitExceeded", None),
        ("end memory_limit", "Failed", "Finished", 1),
        ("end broken", "SandboxError", "Finished", 1),
    ],
)
async def test_failures_have_their_words(
    both: Both, code: str, status: str, ended: str, return_code: int | None
) -> None:
    told = (await run(both, code)).json
    assert told["status"] == status
    assert told["run_result"]["status"] == ended
    if return_code is None or code.startswith("exit"):
        assert told["run_result"]["return_code"] == return_code
    else:
        assert told["run_result"]["return_code"] != 0


@pytest.mark.slow
async def test_files_that_were_asked_for_come_back(both: Both) -> None:
    told = (await run(both, "make a.txt abc\nmake b.txt x", fetch_files=["a.txt"])).json
    assert told["files"] == {"a.txt": base64.b64encode(b"abc").decode()}


@pytest.mark.slow
async def test_only_a_post_runs_code(both: Both) -> None:
    got = await both[0].get("/run_code")
    assert (got.status, got.headers["allow"]) == (405, "POST")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"language": "cpp"}, "known here: python, nodejs"),
        ({"language": "python", "files": {"../x": ""}}, "leads out"),
        ({"language": "python", "files": {"x": "?"}}, "no base64"),
        ({"language": "python", "run_timeout": 1e6}, "more than the 180"),
        ({}, "language: is missing"),
    ],
)
async def test_what_is_not_run_here_is_refused_with_words(
    both: Both, more: dict[str, Any], said: str
) -> None:
    got = await both[0].post("/run_code", {"code": "say 1", **more})
    assert got.status == 400
    assert said in got.json["error"]["message"]


async def test_what_does_not_compile_was_not_run() -> None:
    steps = (Ended("build", 1, None, 5.0, "", "no such name"),)
    told = answer(Result(status=Status.BUILD, exit_code=1, steps=steps), [])
    assert told["status"] == "Failed"
    assert told["run_result"] is None
    assert told["compile_result"]["return_code"] == 1


async def test_steps_are_parted_into_compiling_and_running() -> None:
    steps = (Ended("build", 0, None, 5.0), Ended("run", 2, None, 1.0, "out", "err"))
    result = Result(status=Status.ERROR, exit_code=2, steps=steps, stdout="out")
    told = answer(result, [])
    assert (told["compile_result"]["return_code"], told["run_result"]["return_code"]) == (0, 2)
    assert told["run_result"]["stderr"] == "err"
    assert msgspec.json.encode(told)
