"""POST /v1/execute and sessions over HTTP: what is answered, streamed, kept and refused."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from headgate.sandbox.model import Unavailable
from headgate.store import keys
from headgate.store.sqlite import connect
from headgate.store.traits import Changes
from tests.gateway.execute.pretender import ON, Pretender, pretending
from tests.kit import Field, Got, request, send

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def both() -> AsyncIterator[tuple[Field, list[Pretender]]]:
    with pytest.MonkeyPatch.context() as patch:
        async with pretending(patch, ON + "session_idle_s = 600\n") as opened:
            yield opened


@pytest.fixture
def field(both: tuple[Field, list[Pretender]]) -> Field:
    return both[0]


@pytest.fixture
def box(both: tuple[Field, list[Pretender]]) -> Pretender:
    return both[1][-1]


async def run(field: Field, code: str, **more: object) -> Got:
    return await field.post("/v1/execute", {"code": code, **more})


def named_events(got: Got) -> list[tuple[str, Any]]:
    blocks = [block.split("\n") for block in got.body.decode().split("\n\n") if block]
    return [(head.removeprefix("event: "), json.loads(data[6:])) for head, data in blocks]


def error(got: Got) -> dict[str, Any]:
    found: dict[str, Any] = got.json["error"]
    assert got.json["request_id"] == got.headers["x-request-id"]
    return found


async def ask(field: Field, method: str, path: str, body: object = None) -> Got:
    return await request(field.opened.server.port, method, path, body)


async def session(field: Field, **more: object) -> str:
    got = await field.post("/v1/sessions", {"language": "python", **more})
    assert got.status == 201, got.json
    id: str = got.json["id"]
    return id


async def test_what_a_program_did_is_told_whole(field: Field) -> None:
    got = await run(field, "say hi\nmoan oh\nmake a.txt abc\nexit 3")
    assert got.status == 200
    told = got.json
    assert (told["status"], told["exit_code"], told["signal"]) == ("error", 3, None)
    assert (told["stdout"], told["stderr"]) == ("hi\n", "oh\n")
    assert told["id"] == got.headers["x-request-id"]
    assert (told["tier"], told["language"], told["version"]) == ("namespaces", "python", "1.0")
    assert told["isolation"]["gaps"] == ["a gap"]
    assert (told["cost"], told["cached"], told["execution_ms"]) == ("0", False, 4.0)
    (made,) = told["artefacts"]
    assert base64.b64decode(made["content_base64"]) == b"abc"
    assert (made["path"], made["size"], made["mime"]) == ("a.txt", 3, "text/plain")
    for name in ("lost_bytes", "value", "steps", "hint", "queue_ms", "total_ms"):
        assert name in told


async def test_snippets_run_in_order_and_say_what_the_call_leaves_out(
    field: Field, box: Pretender
) -> None:
    snippets = [{"code": "say 1"}, {"code": "say 2", "language": "js", "limits": {"wall_s": 2}}]
    got = await field.post(
        "/v1/execute", {"snippets": snippets, "language": "python", "args": ["x"]}
    )
    results = got.json["results"]
    assert [each["stdout"] for each in results] == ["1\n", "2\n"]
    assert [each["language"] for each in results] == ["python", "javascript"]
    first, second = box.jobs[-2:]
    assert (first.args, second.args) == (("x",), ("x",))
    assert (first.limits.wall_s, second.limits.wall_s) == (30.0, 2.0)


async def test_a_snippet_that_is_refused_is_a_result_among_the_others(field: Field) -> None:
    id = await session(field)
    body = {"snippets": [{"code": "say 1"}, {"code": "gone"}], "session": id}
    got = await field.post("/v1/execute", body)
    assert got.status == 200
    first, second = got.json["results"]
    assert first["stdout"] == "1\n"
    assert second["error"]["code"] == "session_not_found"


async def test_files_args_and_input_reach_the_program(field: Field, box: Pretender) -> None:
    coded = base64.b64encode(b"\x00\xff").decode()
    files = [{"path": "a/b.csv", "content": "x,y"}, {"path": "c", "content_base64": coded}]
    got = await run(field, "say x", files=files, stdin="in", env={"A": "1"}, cache=False)
    assert got.status == 200
    job = box.jobs[-1]
    assert [(each.path, each.data) for each in job.files] == [
        ("a/b.csv", b"x,y"),
        ("c", b"\x00\xff"),
    ]
    assert (job.stdin, job.env, job.cached) == (b"in", (("A", "1"),), False)


async def test_a_stream_tells_output_and_artefacts_as_they_appear_and_the_result_last(
    field: Field,
) -> None:
    got = await run(field, "say 1\nwait 0.05\nmake a.png x\nsay 2", stream=True)
    assert got.headers["content-type"].startswith("text/event-stream")
    assert got.whole
    events = named_events(got)
    assert [name for name, _ in events] == ["output", "artefact", "output", "result"]
    assert events[0][1]["text"] == "1\n"
    assert events[1][1]["artefact"]["content_base64"] == base64.b64encode(b"x").decode()
    last = events[-1][1]
    assert (last["status"], last["stdout"]) == ("ok", "1\n2\n")
    assert "content_base64" not in last["artefacts"][0]


async def test_a_stream_of_several_tells_each_when_it_ended(field: Field) -> None:
    body = {"snippets": [{"code": "say 1"}, {"code": "say 2"}], "stream": True}
    events = named_events(await field.post("/v1/execute", body))
    assert [name for name, _ in events] == ["output", "snippet", "output", "snippet", "result"]
    assert [told["index"] for name, told in events if name == "snippet"] == [0, 1]


async def test_a_fault_after_a_stream_began_is_its_last_event(field: Field) -> None:
    ((name, told),) = named_events(await run(field, "busy", stream=True))
    assert (name, told["error"]["code"]) == ("error", "sandbox_busy")


async def test_a_client_that_leaves_stops_its_run(field: Field, box: Pretender) -> None:
    for stream in (True, False):
        before = box.stopped
        body = {"code": "say 1\nwait 20", "stream": stream}
        reader, writer = await send(
            field.opened.server.port,
            "POST",
            "/v1/execute",
            body,
            {"x-request-id": f"l{stream}"},
        )
        if stream:
            await reader.readuntil(b'"1\\n"')
        while not box.going:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        writer.close()
        while box.stopped == before:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.01)
        row = await field.row_of(f"l{stream}")
        assert row["ending"] == "client_gone"


async def test_a_busy_sandbox_says_when_to_come_back(field: Field) -> None:
    got = await run(field, "busy")
    assert (got.status, got.headers["retry-after"]) == (503, "1")
    assert error(got)["code"] == "sandbox_busy"


BAD = [
    ({}, "code", "missing"),
    ({"code": "x", "snippets": []}, "code", "beside snippets"),
    ({"code": "x", "langage": "go"}, "langage", "did you mean 'language'"),
    ({"code": 3}, "code", "expected `str"),
    ({"code": "x", "limits": {"wal_s": 3}}, "limits.wal_s", "did you mean 'wall_s'"),
    ({"code": "x", "limits": {"wall_s": 9999}}, None, "wall_s = 9999 is more than the 180"),
    ({"code": "x", "language": "pyhton"}, "language", "did you mean python"),
    ({"code": "x", "files": [{"path": "../x", "content": ""}]}, "files[0].path", "leads out"),
    ({"code": "x", "files": [{"path": "a\nb", "content": ""}]}, "files[0].path", "line break"),
    (
        {"code": "x", "files": [{"path": "a\u202eb", "content": ""}]},
        "files[0].path",
        "direction",
    ),
    ({"code": "x", "files": [{"path": "a"}]}, "files[0].content", "is missing"),
    ({"code": "x", "files": [{"path": "a", "content_base64": "?"}]}, None, "no base64"),
    ({"code": "x", "args": ["a\0b"]}, "args[0]", "zero byte"),
    ({"code": "\ud800"}, None, "no JSON"),
    ({"code": "x", "checkpoint": {"items": 3}, "session": "s"}, "checkpoint", "one program"),
    ({"code": "x", "session": "nonsense"}, None, "no session 'nonsense' is open"),
]


@pytest.mark.parametrize(("body", "param", "said"), BAD)
async def test_what_is_wrong_is_named_with_its_field(
    field: Field, body: dict[str, object], param: str | None, said: str
) -> None:
    got = await field.post("/v1/execute", body)
    assert got.status in (400, 404), got.body
    assert said in error(got)["message"]
    if param is not None:
        assert error(got)["param"] == param


@pytest.mark.parametrize(
    ("body", "said"),
    [(b"\x00\xff\xfe", "no JSON"), (b"[1]", "expected `object`"), (b'{"code": "x', "no JSON")],
)
async def test_binary_garbage_is_refused_with_words(
    field: Field, body: bytes, said: str
) -> None:
    got = await field.post("/v1/execute", body)
    assert got.status == 400
    assert said in error(got)["message"]


async def test_a_file_of_ten_gigabytes_is_refused_before_it_is_read(field: Field) -> None:
    got = await request(
        field.opened.server.port,
        "POST",
        "/v1/execute",
        b"",
        {"content-length": str(10 * 1024**3), "expect": "100-continue"},
    )
    assert got.status == 413
    assert "larger than 32 MB" in error(got)["message"]


async def test_a_session_remembers_and_shows_what_it_is(field: Field) -> None:
    id = await session(field)
    path = f"/v1/sessions/{id}"
    assert (await field.post(f"{path}/execute", {"code": "note 42"})).json["session"] == id
    got = await field.post("/v1/execute", {"code": "recall", "session": id})
    assert got.json["value"] == "42"
    shown = (await field.get(path)).json
    assert (shown["language"], shown["runs"], shown["object"]) == ("python", 2, "session")
    assert shown["expires_at"] > shown["created_at"]
    assert id in [each["id"] for each in (await field.get("/v1/sessions")).json["data"]]
    assert (await ask(field, "DELETE", path)).json["deleted"] is True
    assert (await field.get(path)).status == 404
    assert (await ask(field, "DELETE", path)).status == 404


async def test_a_session_is_asked_in_its_own_language(field: Field) -> None:
    path = f"/v1/sessions/{await session(field)}/execute"
    got = await field.post(path, {"code": "say 1", "language": "py"})
    assert got.status == 200
    assert (await field.row_of(got.json["id"]))["model_asked"] == "python"
    wrong = await field.post(path, {"code": "say 1", "language": "js"})
    assert "which is python" in error(wrong)["message"]


async def test_a_session_that_ended_by_itself_is_not_there(
    field: Field, box: Pretender
) -> None:
    id = await session(field)
    box.forget()
    got = await field.post(f"/v1/sessions/{id}/execute", {"code": "say 1"})
    assert (got.status, error(got)["code"]) == (404, "session_not_found")
    assert id not in [each["id"] for each in (await field.get("/v1/sessions")).json["data"]]


async def test_files_go_into_a_session_and_come_out(field: Field) -> None:
    path = f"/v1/sessions/{await session(field)}"
    data = bytes(range(256))
    put = await ask(field, "PUT", f"{path}/files/in/a%20b.bin", data)
    assert (put.status, put.json) == (201, {"path": "in/a b.bin", "size": 256})
    got = await field.get(f"{path}/files/in/a%20b.bin")
    assert got.body == data
    assert got.headers["content-disposition"].startswith("attachment")
    assert (await field.get(f"{path}/files/other")).status == 404
    tar = await field.get(f"{path}/snapshot")
    assert tar.headers["content-type"] == "application/x-tar"
    coded = base64.b64encode(tar.body).decode()
    copy = f"/v1/sessions/{await session(field, snapshot_base64=coded)}"
    assert (await field.get(f"{copy}/files/in/a%20b.bin")).body == data


@pytest.mark.parametrize("name", ["..%2Fx", "a%0Ab", "%E2%80%AEx", "-rf", "a//b"])
async def test_names_in_a_path_are_checked_like_others(field: Field, name: str) -> None:
    path = f"/v1/sessions/{await session(field)}/files/{name}"
    for method in ("PUT", "GET"):
        got = await ask(field, method, path, b"x" if method == "PUT" else None)
        assert got.status == 400, got.body
        assert "no name for a file" in error(got)["message"]


async def test_a_large_artefact_is_fetched_by_its_address(field: Field) -> None:
    (made,) = (await run(field, "keep a.png abc")).json["artefacts"]
    assert "content_base64" not in made
    got = await field.get(made["url"])
    assert (got.body, got.headers["content-type"]) == (b"abc", "image/png")
    assert got.headers["x-content-type-options"] == "nosniff"
    gone = await field.get("/v1/artefacts/art_1_0123456789abcdef")
    assert (gone.status, error(gone)["code"]) == (404, "artefact_not_found")


async def test_a_job_in_slices_is_one_answer(field: Field, box: Pretender) -> None:
    before = len(box.jobs)
    got = await run(field, "say part", checkpoint={"items": 4, "rows": 2})
    assert (got.status, got.json["stdout"]) == (200, "part\npart\n"), got.json
    assert len(box.jobs) - before == 2
    assert got.json["checkpoint"] == {"slices": 2, "rows": 2, "total": 4}


async def test_a_job_in_slices_costs_what_all_of_them_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with pretending(monkeypatch, ON + 'second_usd = "1"\n') as (field, _):
        body = {"code": "say part", "checkpoint": {"items": 4, "rows": 1}}
        got = await field.post("/v1/execute", body)
        assert got.json["cost"] == "0.016"
        assert (await field.row())["cost_nusd"] == 16_000_000


async def test_a_key_that_says_run_once_is_told_that_it_holds_for_no_code(
    field: Field,
) -> None:
    got = await field.post("/v1/execute", {"code": "say x"}, {"idempotency-key": "abc"})
    assert "would run its code again" in got.headers["x-headgate-warning"]


async def test_languages_are_listed(field: Field) -> None:
    found = {each["name"] for each in (await field.get("/v1/execute/languages")).json["data"]}
    assert {"python", "javascript", "typescript", "go", "rust", "r", "bash"} <= found


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/execute", 405),
        ("POST", "/v1/sessions/x/y", 404),
        ("PUT", "/v1/sessions/x/files", 404),
        ("HEAD", "/v1/execute", 200),
    ],
)
async def test_what_is_not_served_is_said(
    field: Field, method: str, path: str, status: int
) -> None:
    assert (await ask(field, method, path)).status == status


async def test_runs_are_counted_by_language_and_ending(field: Field) -> None:
    await run(field, "end memory_limit")
    page = (await field.get("/metrics")).body.decode()
    assert 'headgate_execute_runs_total{language="python",status="memory_limit"}' in page
    assert "headgate_execute_spares 3" in page


async def test_where_it_is_off_the_setting_is_named() -> None:
    with pytest.MonkeyPatch.context() as patch:
        async with pretending(patch, "") as (field, boxes):
            got = await run(field, "say 1")
            assert (got.status, error(got)["code"]) == (403, "execution_off")
            assert "enabled = true under [sandbox]" in error(got)["message"]
            assert not boxes


class Unable(Pretender):
    async def __aenter__(self) -> Pretender:
        raise Unavailable("no user namespaces", "sysctl -w x=0")


async def test_a_sandbox_that_cannot_be_had_is_503_with_the_remedy() -> None:
    with pytest.MonkeyPatch.context() as patch:
        async with pretending(patch, ON, Unable) as (field, _):
            got = await run(field, "say 1")
            assert (got.status, error(got)["code"]) == (503, "sandbox_unavailable")
            assert error(got)["remedy"] == "sysctl -w x=0"
            assert got.headers["x-should-retry"] == "false"
            assert (await field.get("/healthz")).status == 200
            assert any(line["event"] == "sandbox_unavailable" for line in field.logged())


def two_keys(field: Field) -> list[dict[str, str]]:
    """Header fields of two keys, the second of which may not run code."""
    with contextlib.closing(connect(field.ledger)) as connection:
        whole = Changes()
        narrow = Changes(surfaces=("chat",))
        found = [
            keys.create(connection, name, changes=changes, now_us=1)[1]
            for name, changes in (("a", whole), ("b", whole), ("c", narrow))
        ]
    return [{"authorization": f"Bearer {secret}"} for secret in found]


async def test_sessions_and_artefacts_are_there_for_their_key_alone() -> None:
    with pytest.MonkeyPatch.context() as patch:
        async with pretending(patch) as (field, boxes):
            mine, others, narrow = await asyncio.to_thread(two_keys, field)
            got = await field.post("/v1/sessions", {}, mine)
            path = f"/v1/sessions/{got.json['id']}"
            ran = await field.post(f"{path}/execute", {"code": "keep a x"}, mine)
            made = ran.json["artefacts"][0]["url"]
            for one in (path, made):
                assert (await field.get(one, mine)).status == 200
                assert (await field.get(one, others)).status == 404
            stolen = await field.post(f"{path}/execute", {"code": "say 1"}, others)
            assert stolen.status == 404
            assert (await field.get("/v1/sessions", others)).json["data"] == []
            assert {job.tenant[:6] for job in boxes[0].jobs} == {"key:k_"}
            refused = await field.post("/v1/execute", {"code": "say 1"}, narrow)
            assert (refused.status, error(refused)["code"]) == (403, "execution_denied")
            assert (await field.post("/v1/execute", {"code": "say 1"})).status == 401
