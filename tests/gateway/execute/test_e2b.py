"""What E2B's SDK sends is answered as it reads it: sandboxes, contexts, code and files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
import pytest_asyncio

from headgate.gateway.execute.e2b import WORK, Guard, inside, serves
from headgate.wire.model import Fault
from tests.gateway.execute.pretender import Pretender, pretending
from tests.kit import Field, Got, request, with_key

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[tuple[Field, list[Pretender], str]]:
    with pytest.MonkeyPatch.context() as patch:
        async with pretending(patch) as (field, boxes):
            yield field, boxes, await asyncio.to_thread(with_key, field.ledger)


class Sdk:
    """As much of theirs as goes over the wire."""

    def __init__(self, field: Field, key: str) -> None:
        self.field = field
        self.key = key
        self.told: dict[str, Any] = {}

    async def api(self, method: str, path: str, body: object = None) -> Got:
        port = self.field.opened.server.port
        return await request(port, method, path, body, {"x-api-key": self.key})

    async def create(self) -> Sdk:
        got = await self.api("POST", "/v2/sandboxes", {"templateID": "code-interpreter-v1"})
        assert got.status == 201, got.body
        self.told = got.json
        return self

    async def data(
        self,
        method: str,
        path: str,
        body: object = None,
        more: Mapping[str, str] | None = None,
    ) -> Got:
        fields = {
            "e2b-sandbox-id": self.told["sandboxID"],
            "x-access-token": self.told["envdAccessToken"],
            **(more or {}),
        }
        return await request(self.field.opened.server.port, method, path, body, fields)

    async def run(self, code: str, **more: object) -> list[dict[str, Any]]:
        got = await self.data("POST", "/execute", {"code": code, **more})
        assert got.status == 200, got.body
        return [json.loads(line) for line in got.body.splitlines()]


@pytest_asyncio.fixture(loop_scope="module")
async def sdk(opened: tuple[Field, list[Pretender], str]) -> AsyncIterator[Sdk]:
    field, _, key = opened
    made = await Sdk(field, key).create()
    yield made
    await made.api("DELETE", f"/sandboxes/{made.told['sandboxID']}")


async def test_a_sandbox_remembers_and_tells_line_by_line(sdk: Sdk) -> None:
    first = await sdk.run("say hi\nnote 42\nmake a.png x")
    assert [told["type"] for told in first] == ["stdout", "result", "number_of_executions"]
    assert (await sdk.run("recall"))[0]["text"] == "42"
    failed = await sdk.run("moan ValueError: no\nexit 1")
    assert [told["name"] for told in failed if told["type"] == "error"] == ["ValueError"]


async def test_contexts_have_states_of_their_own(sdk: Sdk) -> None:
    made = (await sdk.data("POST", "/contexts", {"language": "python"})).json
    assert (made["language"], made["cwd"]) == ("python", WORK)
    await sdk.run("note 1")
    await sdk.run("note 2", context_id=made["id"])
    assert (await sdk.run("recall"))[0]["text"] == "1"
    assert (await sdk.run("recall", context_id=made["id"]))[0]["text"] == "2"
    assert len((await sdk.data("GET", "/contexts")).json) == 2
    assert (await sdk.data("DELETE", f"/contexts/{made['id']}")).status == 204
    assert len((await sdk.data("GET", "/contexts")).json) == 1
    assert (await sdk.data("POST", f"/contexts/{made['id']}/restart")).status == 501


async def test_another_language_has_its_usual_context(sdk: Sdk) -> None:
    await sdk.run("note 7", language="js")
    assert (await sdk.run("recall", language="javascript"))[0]["text"] == "7"
    assert (await sdk.run("say 1", language="bash"))[0]["text"] == "1\n"
    assert len((await sdk.data("GET", "/contexts")).json) == 2


async def test_files_are_written_and_read(sdk: Sdk) -> None:
    body = b'--X\r\ncontent-disposition: form-data; name="file"; filename="d/a.csv"\r\n\r\n1,2'
    kind = {"content-type": "multipart/form-data; boundary=X"}
    put = await sdk.data("POST", "/files?path=d%2Fa.csv", body + b"\r\n--X--\r\n", kind)
    assert put.json[0]["path"] == f"{WORK}/d/a.csv"
    assert (await sdk.data("GET", f"/files?path={WORK}/d/a.csv")).body == b"1,2"
    octets = {"content-type": "application/octet-stream"}
    await sdk.data("POST", "/files?path=b", b"\x00\xff", octets)
    assert (await sdk.data("GET", "/files?path=b")).body == b"\x00\xff"
    assert (await sdk.data("GET", "/files?path=/etc/passwd")).status == 400


async def test_the_life_of_a_sandbox(opened: tuple[Field, list[Pretender], str]) -> None:
    sdk = await Sdk(opened[0], opened[2]).create()
    id = sdk.told["sandboxID"]
    await sdk.data("POST", "/contexts", {})
    assert (await sdk.data("GET", "/health")).status == 204
    assert (await sdk.api("GET", f"/sandboxes/{id}")).json["state"] == "running"
    assert [it["sandboxID"] for it in (await sdk.api("GET", "/v2/sandboxes")).json] == [id]
    connected = await sdk.api("POST", f"/v2/sandboxes/{id}/connect", {"timeout": 3})
    assert connected.json == sdk.told
    assert (await sdk.api("POST", f"/sandboxes/{id}/timeout", {"timeout": 3})).status == 204
    assert (await sdk.api("DELETE", f"/sandboxes/{id}")).status == 204
    assert opened[0].opened.house.execution is not None
    assert opened[0].opened.house.execution.here.sessions == 0
    assert (await sdk.data("GET", "/health")).status == 502
    assert (await sdk.api("DELETE", f"/sandboxes/{id}")).status == 404


async def test_a_token_opens_its_own_sandbox_alone(
    sdk: Sdk, opened: tuple[Field, list[Pretender], str]
) -> None:
    other = await Sdk(opened[0], opened[2]).create()
    stolen = {"e2b-sandbox-id": other.told["sandboxID"]}
    got = await sdk.data("POST", "/execute", {"code": "say 1"}, stolen)
    assert (got.status, got.json["code"]) == (401, 401)
    for token in ("", "e2bt.k_1.x", "e2bt"):
        refused = await sdk.data("GET", "/health", None, {"x-access-token": token})
        assert refused.status == 401
    await other.api("DELETE", f"/sandboxes/{other.told['sandboxID']}")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/execute", {"code": "x", "language": "cobol"}, 400),
        ("POST", "/execute", {"code": "x", "env_vars": {"A": "1"}}, 400),
        ("POST", "/contexts", {"language": "bash"}, 400),
        ("POST", "/contexts", {"cwd": "/elsewhere"}, 400),
        ("DELETE", "/contexts/sess_1_nonsense1", None, 404),
        ("PUT", "/execute", {}, 404),
    ],
)
async def test_what_is_not_there_is_said(
    sdk: Sdk, method: str, path: str, body: object, status: int
) -> None:
    got = await sdk.data(method, path, body)
    assert (got.status, got.json["code"]) == (status, status)
    assert got.json["message"]


async def test_variables_for_a_whole_sandbox_are_refused(sdk: Sdk) -> None:
    got = await sdk.api("POST", "/v2/sandboxes", {"envVars": {"A": "1"}})
    assert got.status == 400
    assert "os.environ" in got.json["message"]


async def test_paths_that_others_use_need_their_header() -> None:
    assert serves("/v2/sandboxes", [])
    assert not serves("/files", [])
    assert serves("/files", [(b"e2b-sandbox-id", b"x")])


async def test_their_work_folder_is_ours() -> None:
    assert inside(f"{WORK}/a/b") == inside("a/b") == "a/b"
    with pytest.raises(Fault):
        inside(f"{WORK}/../x")


async def test_a_token_is_of_one_key_one_sandbox_and_one_house() -> None:
    made = {
        Guard(None, secret).token(owner, sandbox)  # type: ignore[arg-type] # it is not asked
        for secret in (b"1", b"2")
        for owner in ("k_1", "k_2")
        for sandbox in ("s", "t")
    }
    assert len(made) == 8
