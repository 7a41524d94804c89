"""Who may call: virtual keys by every field, and none of them ever seen by a provider."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.gateway.keys import authenticate, is_known, recognise, secrets_in
from headgate.store import keys as store
from headgate.store.sqlite import connect
from headgate.store.traits import Changes
from headgate.wire.model import Fault, Headers, Kind
from tests.kit import Field, Got, chat, message, running

CLIENT = """
[providers.anthropic]
base_url = "{sim}"
credentials = "client"
[providers.openai]
base_url = "{sim}/v1"
credentials = "client"
"""
HEADGATE = Path(sys.executable).with_name("headgate")
CALLERS_OWN = "sk-ant-api03-" + "c" * 80


@pytest.fixture
def keys(tmp_path: Path) -> Iterator[store.Keys]:
    path = tmp_path / "headgate.db"
    with contextlib.closing(store.Keys(path)) as opened:
        yield opened


def make(keys_file: Path, name: str, expires_us: int | None = None) -> str:
    now_us = time.time_ns() // 1000
    with contextlib.closing(connect(keys_file)) as connection:
        given = Changes(expires_us=expires_us)
        return store.create(connection, name, changes=given, now_us=now_us)[1]


def close(keys_file: Path, name: str) -> None:
    with contextlib.closing(connect(keys_file)) as connection:
        store.revoke(connection, name, now_us=time.time_ns() // 1000)


def test_every_field_that_carries_keys_is_looked_at_and_our_own_one_first() -> None:
    headers: Headers = [
        (b"x-api-key", b"one"),
        (b"authorization", b"bearer  two "),
        (b"api-key", b"three"),
        (b"authorization", b"Basic x"),
        (b"x-headgate-key", b"four"),
    ]
    secrets = [secret for _, secret in secrets_in(headers)]
    assert secrets == [b"four", b"one", b"two", b"three"]


def test_with_no_key_defined_everybody_may_and_nothing_is_taken_away(keys: store.Keys) -> None:
    headers: Headers = [(b"x-api-key", b"sk-whatever"), (b"accept", b"*/*")]
    assert authenticate(keys, headers) == (None, headers)
    assert is_known(keys, headers) is None


@given(
    more=st.lists(
        st.sampled_from([b"x-api-key", b"authorization", b"api-key", b"x-headgate-key"]),
        min_size=1,
        max_size=4,
    )
)
def test_no_field_with_a_virtual_key_is_left_whichever_fields_carried_it(
    more: list[bytes],
) -> None:
    living, other = b"hg-living", b"hg-another"

    class Known:
        defined = True

        def find(self, secret: bytes) -> object:
            return type("K", (), {"id": "k_1"}) if secret in (living, other) else None

    headers: Headers = [(b"accept", b"*/*")]
    for number, name in enumerate(more):
        secret = living if number % 2 == 0 else other
        headers.append((name, b"Bearer " + secret if name == b"authorization" else secret))
    key, left = authenticate(Known(), headers)  # type: ignore[arg-type]  # find() is all it asks
    assert key is not None
    assert key.id == "k_1"
    assert left == [(b"accept", b"*/*")]


def test_a_credential_of_the_callers_own_is_left_in_place(
    keys: store.Keys, tmp_path: Path
) -> None:
    secret = make(tmp_path / "headgate.db", "laptop").encode()
    keys.refresh()
    headers: Headers = [(b"x-headgate-key", secret), (b"x-api-key", b"sk-ant-own")]
    assert authenticate(keys, headers)[1] == [(b"x-api-key", b"sk-ant-own")]


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ([], "no key was given"),
        ([(b"x-api-key", b"sk-ant-foreign")], "begins with hg-"),
        ([(b"x-api-key", b"hg-" + b"x" * 43)], "no key of this Headgate"),
        ([(b"authorization", b"Basic aGk6aGk=")], "no key was given"),
        ([(b"x-api-key", b"hg-" + b"x" * 10_000)], "no key of this Headgate"),
        ([(b"x-api-key", b"\xff\xfe")], "begins with hg-"),
    ],
)
def test_what_is_no_key_is_refused_with_the_remedy(
    keys: store.Keys, tmp_path: Path, headers: Headers, said: str
) -> None:
    make(tmp_path / "headgate.db", "laptop")
    keys.refresh()
    with pytest.raises(Fault) as caught:
        authenticate(keys, headers)
    assert caught.value.kind is Kind.AUTH
    assert said in caught.value.message


def test_who_repeats_its_fields_is_known_without_a_search_until_its_key_is_revoked(
    keys: store.Keys, tmp_path: Path
) -> None:
    secret = make(tmp_path / "headgate.db", "laptop").encode()
    keys.refresh()
    fields: Headers = [(b"x-api-key", secret), (b"accept", b"*/*")]
    known = recognise(keys, fields, None)
    assert (known.caller.headers, known.caller.holder.key_id[:2]) == (
        [(b"accept", b"*/*")],
        "k_",
    )
    assert recognise(keys, fields, known) is known
    assert recognise(keys, list(fields), known) is not known
    close(tmp_path / "headgate.db", "laptop")
    assert keys.refresh()
    with pytest.raises(Fault, match="revoked"):
        recognise(keys, fields, known)


def test_who_repeats_its_fields_is_refused_from_the_moment_its_key_expires(
    tmp_path: Path,
) -> None:
    now_us = time.time_ns() // 1000
    with contextlib.closing(store.Keys(tmp_path / "h.db", now_us=lambda: now_us)) as keys:
        secret = make(tmp_path / "h.db", "laptop", expires_us=now_us + 60_000_000).encode()
        keys.refresh()
        fields: Headers = [(b"x-api-key", secret)]
        known = recognise(keys, fields, None)
        assert recognise(keys, fields, known) is known
        now_us += 60_000_000
        with pytest.raises(Fault, match="expired"):
            recognise(keys, fields, known)


def test_who_was_let_in_without_a_key_needs_one_once_the_first_is_made(
    keys: store.Keys, tmp_path: Path
) -> None:
    fields: Headers = [(b"accept", b"*/*")]
    known = recognise(keys, fields, None)
    assert recognise(keys, fields, known) is known
    make(tmp_path / "headgate.db", "laptop")
    keys.refresh()
    with pytest.raises(Fault, match="no key was given"):
        recognise(keys, fields, known)


# ---- through the whole gateway


@contextlib.asynccontextmanager
async def keyed(toml: str = "") -> AsyncIterator[tuple[Field, str]]:
    """A gateway with one key, and the key's secret."""
    async with running(toml) as field:
        secret = await asyncio.to_thread(make, field.ledger, "laptop")
        field.opened.house.keys.refresh()
        yield field, secret


def seen_upstream(field: Field) -> bytes:
    """Everything of the last call that the provider saw."""
    call = field.sim.calls[-1]
    head = b"\n".join(name + b": " + value for name, value in call.headers)
    return head + call.body + call.query.encode()


@pytest.mark.slow
async def test_each_way_to_send_a_key_opens_and_no_key_travels_upstream() -> None:
    async with keyed() as (field, secret):
        for headers in (
            {"x-api-key": secret},
            {"authorization": f"Bearer {secret}"},
            {"x-api-key": secret, "authorization": f"Bearer {secret}"},
            {"x-headgate-key": secret, "x-api-key": "sk-ant-own"},
            {"x-api-key": "dummy", "authorization": f"Bearer {secret}"},
            {"api-key": secret, "cookie": f"k={secret}"},
        ):
            got = await field.post("/v1/messages", message(), headers)
            assert got.status == 200, got.body
            assert secret.encode() not in seen_upstream(field)
            assert b"sk-ant-own" not in seen_upstream(field)
            assert b"sk-ant-api03-ttt" in seen_upstream(field)
            row = (await field.rows(field.sim.total_calls))[-1]
            assert row["key_id"].startswith("k_")
            assert secret not in str(dict(row))


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
async def test_wrong_revoked_and_expired_keys_are_told_apart_in_both_dialects(
    path: str,
) -> None:
    async with keyed() as (field, secret):
        expires = time.time_ns() // 1000 + 100_000
        old = await asyncio.to_thread(make, field.ledger, "old", expires_us=expires)
        await asyncio.to_thread(close, field.ledger, "laptop")
        field.opened.house.keys.refresh()
        await asyncio.sleep(0.15)
        body = message() if path == "/v1/messages" else chat()

        async def ask(key: str) -> Got:
            return await field.post(path, body, {"x-api-key": key})

        for key, said in ((secret, "revoked"), (old, "expired"), ("hg-wrong", "no key of")):
            got = await ask(key)
            assert got.status == 401
            assert said in got.json["error"]["message"]
            assert got.headers["x-should-retry"] == "false"
            assert key not in got.body.decode()
            if path == "/v1/messages":
                assert got.json["type"] == "error"
                assert got.json["error"]["type"] == "authentication_error"
            else:
                assert got.json["error"]["code"] == "invalid_api_key"
        assert (await field.post(path, body)).status == 401
        assert (await field.get("/v1/models", {"x-api-key": secret})).status == 401
        assert field.sim.total_calls == 0


@pytest.mark.slow
@pytest.mark.e2e
async def test_a_key_made_or_revoked_by_another_process_counts_within_a_second() -> None:
    async def headgate(*words: str, ledger: Path) -> bytes:
        process = await asyncio.create_subprocess_exec(
            *(str(HEADGATE), "keys", *words, "--json", "--ledger", str(ledger)),
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0
        return out

    async with running() as field:
        assert field.opened.keyless
        assert (await field.post("/v1/messages", message())).status == 200
        made = json.loads(await headgate("create", "--name", "new", ledger=field.ledger))
        wanted = {"x-api-key": made["secret"]}
        await asyncio.sleep(0.9)
        assert (await field.post("/v1/messages", message())).status == 401
        assert (await field.post("/v1/messages", message(), wanted)).status == 200
        await headgate("revoke", "new", ledger=field.ledger)
        await asyncio.sleep(0.9)
        assert (await field.post("/v1/messages", message(), wanted)).status == 401


@pytest.mark.slow
async def test_with_the_callers_own_credentials_the_virtual_key_stays_here() -> None:
    async with keyed(CLIENT) as (field, secret):
        headers = {
            "x-headgate-key": secret,
            "x-api-key": CALLERS_OWN,
            "authorization": f"Bearer {secret}",
        }
        got = await field.post("/v1/messages", message(), headers)
        assert got.status == 200
        assert secret.encode() not in seen_upstream(field)
        assert field.sim.calls[-1].header("x-api-key") == CALLERS_OWN
        assert b"ttttt" not in seen_upstream(field)
        assert (await field.row())["credential"] == "client"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/messages", "/v1/chat/completions"])
async def test_the_401_of_the_callers_own_credential_is_the_callers_own(path: str) -> None:
    async with running(CLIENT) as field:
        body = message() if path == "/v1/messages" else chat()
        headers = {"authorization": f"Bearer {CALLERS_OWN}", "x-headgate-sim": "401"}
        got = await field.post(path, body, headers)
        assert got.status == 401
        assert got.headers["x-headgate-simulated"] == "true"
        assert field.sim.calls[-1].header("authorization") == f"Bearer {CALLERS_OWN}"
        row = await field.row()
        assert (row["status"], row["fault"], row["tries"]) == (401, "auth", 1)


@pytest.mark.slow
async def test_with_the_callers_own_credentials_headroom_and_organisation_pass() -> None:
    async with running(CLIENT) as field:
        got = await field.post("/v1/messages", message(), {"x-api-key": CALLERS_OWN})
        assert "anthropic-organization-id" in got.headers
        assert any(name.startswith("anthropic-ratelimit-") for name in got.headers)
