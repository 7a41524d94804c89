"""Batches and files of both vendors, from creation to results."""

from __future__ import annotations

from typing import Any

import anthropic
import msgspec
import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.sim.batches import BatchDesk, multipart
from headgate.sim.checks import Refused
from headgate.sim.scenario import Scenario, read
from headgate.sim.turn import Received, World

HI = [{"role": "user", "content": "hi"}]
URL = "/v1/chat/completions"


class Desk:
    """A desk, its clock, and calls to it."""

    def __init__(self, text: str = "") -> None:
        self.now = 1_793_836_800.0
        scenario = read(text) if text else Scenario()
        self.desk = BatchDesk(World(3, scenario, lambda: self.now))
        self.n = 0

    def call(self, body: Any = None, key: str = "k", **headers: str) -> Received:
        self.n += 1
        data = body if isinstance(body, bytes) else msgspec.json.encode(body)
        found = [(b"x-api-key", key.encode()), (b"anthropic-version", b"2023-06-01")]
        found += [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
        return Received(self.n, "POST", "/v1/messages/batches", "", found, data, 0.0)

    def create(self, *params: Any) -> dict[str, Any]:
        requests = [{"custom_id": f"c{i}", "params": each} for i, each in enumerate(params)]
        return decoded(self.desk.create_messages(self.call({"requests": requests})).body)

    def show(self, name: str) -> dict[str, Any]:
        return decoded(self.desk.show_messages(self.call(), name).body)

    def results(self, name: str) -> dict[str, dict[str, Any]]:
        body = self.desk.messages_results(self.call(), name).body
        lines = [msgspec.json.decode(line) for line in body.splitlines()]
        return {line["custom_id"]: line["result"] for line in lines}

    def upload(self, *bodies: Any, url: str = URL) -> str:
        lines = [
            msgspec.json.encode(
                {"custom_id": f"c{i}", "method": "POST", "url": url, "body": each}
            )
            for i, each in enumerate(bodies)
        ]
        form = (
            b'--B\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n--B\r\n'
            b'Content-Disposition: form-data; name="file"; filename="a.jsonl"\r\n\r\n'
            + b"\n".join(lines)
            + b"\r\n--B--\r\n"
        )
        call = self.call(form, content_type="multipart/form-data; boundary=B")
        return str(decoded(self.desk.create_file(call).body)["id"])

    def start(self, file: str, endpoint: str = URL) -> dict[str, Any]:
        body = {"input_file_id": file, "endpoint": endpoint, "completion_window": "24h"}
        return decoded(self.desk.create_batch(self.call(body)).body)

    def look(self, name: str) -> dict[str, Any]:
        return decoded(self.desk.show_batch(self.call(), name).body)

    def lines(self, name: str) -> list[Any]:
        body = self.desk.file_content(self.call(), name).body
        return [msgspec.json.decode(line) for line in body.splitlines()]


def decoded(body: bytes) -> dict[str, Any]:
    return dict(msgspec.json.decode(body))


def params(**more: Any) -> dict[str, Any]:
    return {"model": "claude-opus-5-5", "max_tokens": 9, "messages": HI, **more}


def test_a_batch_ends_after_a_few_looks_and_each_item_has_one_result() -> None:
    desk = Desk()
    batch = desk.create(params(), {"model": "m"}, params())
    assert batch["processing_status"] == "in_progress"
    assert batch["request_counts"]["processing"] == 3
    assert batch["results_url"] is None
    states = [desk.show(batch["id"])["processing_status"] for _ in range(3)]
    assert states == ["in_progress", "in_progress", "ended"]
    ended = desk.show(batch["id"])
    assert ended["request_counts"]["succeeded"] == 2
    assert ended["request_counts"]["errored"] == 1
    results = desk.results(batch["id"])
    assert sorted(results) == ["c0", "c1", "c2"]
    assert results["c0"]["message"]["usage"]["service_tier"] == "batch"
    assert results["c1"]["error"]["error"]["type"] == "invalid_request_error"


def test_results_come_in_an_order_of_their_own_that_repeats() -> None:
    orders = []
    for _ in range(2):
        desk = Desk('always = "batch-polls=1"')
        batch = desk.create(*[params()] * 30)
        desk.show(batch["id"])
        orders.append(list(desk.results(batch["id"])))
    assert orders[0] == orders[1]
    assert orders[0] != sorted(orders[0], key=lambda name: int(name[1:]))


def test_a_scripted_time_ends_a_batch_by_the_clock() -> None:
    desk = Desk('always = "batch-after=60"')
    name = desk.create(params())["id"]
    assert [desk.show(name)["processing_status"] for _ in range(9)] == ["in_progress"] * 9
    desk.now += 60
    assert desk.show(name)["processing_status"] == "ended"


def test_a_batch_that_takes_a_day_expires_unbilled() -> None:
    desk = Desk('always = "batch-after=86400"')
    name = desk.create(params())["id"]
    desk.now += 90_000
    ended = desk.show(name)
    assert ended["request_counts"]["expired"] == 1
    assert ended["ended_at"] == ended["expires_at"]
    assert desk.results(name) == {"c0": {"type": "expired"}}


def test_a_cancelled_batch_goes_through_canceling_and_can_then_be_deleted() -> None:
    desk = Desk()
    name = desk.create(params())["id"]
    with pytest.raises(Refused, match="has ended can be deleted"):
        desk.desk.delete_messages(desk.call(), name)
    cancelled = decoded(desk.desk.cancel_messages(desk.call(), name).body)
    assert cancelled["processing_status"] == "canceling"
    assert desk.show(name)["request_counts"]["canceled"] == 1
    assert desk.results(name) == {"c0": {"type": "canceled"}}
    desk.desk.delete_messages(desk.call(), name)
    with pytest.raises(Refused) as gone:
        desk.show(name)
    assert gone.value.status == 404


def test_a_batch_is_seen_by_its_own_key_only() -> None:
    desk = Desk()
    name = desk.create(params())["id"]
    with pytest.raises(Refused):
        desk.desk.show_messages(desk.call(key="other"), name)
    assert decoded(desk.desk.list_messages(desk.call(key="other")).body)["data"] == []
    assert decoded(desk.desk.list_messages(desk.call()).body)["first_id"] == name


def test_items_of_a_batch_are_scripted_by_a_path_of_their_own() -> None:
    desk = Desk('[[step]]\npath = "*/batched"\ncalls = "1"\ndo = "500"')
    name = desk.create(params(), params())["id"]
    for _ in range(3):
        desk.show(name)
    assert desk.results(name)["c0"]["type"] == "errored"
    assert desk.results(name)["c1"]["type"] == "succeeded"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "requests: Field required"),
        ({"requests": []}, "1 to 100000"),
        ({"requests": [{"custom_id": "a b", "params": {}}]}, "custom_id: String should match"),
        ({"requests": [{"custom_id": "a", "params": {}}] * 2}, "must be unique"),
        ({"requests": [{"custom_id": "a"}]}, "params: Field required"),
        ({"requests": [3]}, "valid dictionary"),
    ],
)
def test_a_bad_batch_is_refused(body: Any, message: str) -> None:
    desk = Desk()
    with pytest.raises(Refused, match=message):
        desk.desk.create_messages(desk.call(body))


def test_an_openai_batch_writes_an_output_and_an_error_file() -> None:
    desk = Desk()
    good = {"model": "gpt-5", "messages": HI}
    batch = desk.start(desk.upload(good, {"model": "gpt-5", "messages": []}))
    assert batch["status"] == "validating"
    states = [desk.look(batch["id"])["status"] for _ in range(3)]
    assert states == ["in_progress", "in_progress", "completed"]
    done = desk.look(batch["id"])
    assert done["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
    (line,) = desk.lines(done["output_file_id"])
    assert line["custom_id"] == "c0"
    assert line["response"]["status_code"] == 200
    assert line["response"]["body"]["service_tier"] == "batch"
    (failed,) = desk.lines(done["error_file_id"])
    assert failed["response"]["status_code"] == 400


@pytest.mark.parametrize(
    ("endpoint", "body"),
    [
        ("/v1/embeddings", {"model": "text-embedding-3-small", "input": "x"}),
        ("/v1/responses", {"model": "gpt-5", "input": "x"}),
    ],
)
def test_an_openai_batch_serves_its_other_endpoints(endpoint: str, body: Any) -> None:
    desk = Desk('always = "batch-polls=1"')
    batch = desk.start(desk.upload(body, {**body, "input": []}, url=endpoint), endpoint)
    done = desk.look(batch["id"])
    assert done["request_counts"]["completed"] >= 1


def test_an_openai_batch_is_cancelled_and_expires() -> None:
    desk = Desk('always = "batch-after=86400"')
    good = {"model": "gpt-5", "messages": HI}
    one, two = desk.start(desk.upload(good)), desk.start(desk.upload(good))
    cancelled = decoded(desk.desk.cancel_batch(desk.call(), one["id"]).body)
    assert cancelled["status"] == "cancelling"
    assert desk.look(one["id"])["status"] == "cancelled"
    desk.now += 90_000
    expired = desk.look(two["id"])
    assert expired["status"] == "expired"
    assert desk.lines(expired["error_file_id"])[0]["error"]["code"] == "batch_expired"
    assert len(decoded(desk.desk.list_batches(desk.call()).body)["data"]) == 2


def test_files_are_shown_listed_fetched_and_deleted() -> None:
    desk = Desk()
    name = desk.upload({"model": "gpt-5"})
    shown = decoded(desk.desk.show_file(desk.call(), name).body)
    assert (shown["filename"], shown["purpose"]) == ("a.jsonl", "batch")
    assert decoded(desk.desk.list_files(desk.call()).body)["data"] == [shown]
    desk.desk.delete_file(desk.call(), name)
    with pytest.raises(Refused, match="No such File"):
        desk.desk.file_content(desk.call(), name)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"{", "line 1 is not valid JSON"),
        (b"3", "not a JSON object"),
        (b"{}", "custom_id is missing"),
        (b'{"custom_id":"a","url":"/v1/other"}', "url must be the batch's"),
        (b'{"custom_id":"a","url":"/v1/chat/completions"}', "body is missing"),
    ],
)
def test_a_bad_input_file_is_refused_by_line(line: bytes, message: str) -> None:
    desk = Desk()
    name = desk.upload({"model": "gpt-5"})
    desk.desk.files[name].data = line
    with pytest.raises(Refused, match=message):
        desk.start(name)


@given(st.binary(max_size=200).filter(lambda data: b"--B" not in data))
def test_uploaded_bytes_arrive_unchanged(data: bytes) -> None:
    form = b'--B\r\ncontent-disposition: form-data; name=file; filename="f"\r\n\r\n' + data
    found = multipart('multipart/form-data; boundary="B"', form + b"\r\n--B--\r\n")
    assert found["file"] == ("f", data)


def test_an_upload_without_a_boundary_is_refused() -> None:
    with pytest.raises(Refused, match="boundary"):
        multipart("application/json", b"{}")


@pytest.mark.slow
async def test_the_official_clients_run_a_batch(serve: Any) -> None:
    live = await serve()
    async with anthropic.AsyncAnthropic(api_key="k", base_url=live.url) as client:
        requests: Any = [{"custom_id": "a", "params": params()}]
        batch = await client.messages.batches.create(requests=requests)
        while batch.processing_status != "ended":
            batch = await client.messages.batches.retrieve(batch.id)
        results = [line async for line in await client.messages.batches.results(batch.id)]
        assert results[0].result.type == "succeeded"
    async with openai.AsyncOpenAI(api_key="k", base_url=f"{live.url}/v1") as client:
        line = {"custom_id": "a", "url": URL, "body": {"model": "gpt-5", "messages": HI}}
        file = await client.files.create(
            file=("in.jsonl", msgspec.json.encode(line)), purpose="batch"
        )
        started = await client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        while started.status != "completed":
            started = await client.batches.retrieve(started.id)
        assert started.output_file_id is not None
        assert b"[simulated]" in (await client.files.content(started.output_file_id)).content
