"""A key's holder asks a gateway from anywhere, and reads in words why there is no answer."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import Trouble, main
from headgate.cli.remote import _fitting, ask
from headgate.store import keys
from headgate.store.sqlite import connect
from tests.kit import message, running


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["keys", "self", *words])


def make(ledger: Path) -> str:
    with contextlib.closing(connect(ledger)) as connection:
        return keys.create(connection, "alice", now_us=1)[1]


@pytest.mark.slow
@pytest.mark.e2e
async def test_a_gateway_tells_the_same_as_its_ledger() -> None:
    async with running() as field:
        secret = await asyncio.to_thread(make, field.ledger)
        field.opened.house.keys.refresh()
        await field.post("/v1/messages", message(), {"x-api-key": secret})
        await field.row()
        for url in (field.url, f"{field.url}/v1/"):
            far = await asyncio.to_thread(run, "--url", url, "--key", secret, "--json")
            words = ("--ledger", str(field.ledger), "--key", secret, "--json")
            near = await asyncio.to_thread(run, *words)
            assert json.loads(far.stdout) == json.loads(near.stdout)
            assert json.loads(far.stdout)["spend"]["today"]["calls"] == 1
        wrong = await asyncio.to_thread(run, "--url", field.url, "--key", "hg-wrong")
        assert (wrong.exit_code, wrong.stdout) == (1, "")
        assert "401: this is no key of this Headgate" in wrong.stderr


@pytest.mark.parametrize(
    "url", ["localhost:4100", "ftp://host", "", "http://", "http://[", "http://x:y"]
)
def test_what_is_no_address_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(Trouble, match="no address of a gateway"):
        ask(url, "hg-x")


def test_a_gateway_that_is_not_there_is_said_in_words() -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    result = run("--url", f"http://127.0.0.1:{port}", "--key", "hg-x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "hint: is this the address that `headgate up` shows?" in result.stderr


@pytest.mark.parametrize("key", ["hg-é…", "hg-x\r\nhost: evil"])
def test_a_key_that_could_not_be_sent_is_refused(key: str) -> None:
    with pytest.raises(Trouble, match="no key has"):
        ask("http://127.0.0.1:1", key)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"{}", b'{"error": "x"}', b"\xff"])
def test_an_answer_of_another_program_is_recognised(body: bytes) -> None:
    with pytest.raises(Trouble, match="not as a Headgate does"):
        _fitting("http://x", (200, body), {"name"})
