"""Each check says what it saw, and what to do about what is wrong."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from headgate.cli import checkup
from headgate.cli.checkup import Finding
from headgate.config import Config, Server, load
from headgate.ledger.archive.chore import note
from headgate.store.event import Noted
from headgate.store.place import Place
from headgate.store.server import read_url
from headgate.store.sql import Connection
from tests.servers import Postgres

NOW = datetime(2026, 11, 20, tzinfo=UTC)
WHOLE = "sk-ant-api03-" + "Ab1_" * 23 + "xyz"


def states(found: Iterable[Finding]) -> list[str]:
    return [each.state for each in found]


def configured(text: str, **env: str) -> Config:
    return load(text, env, source="headgate.toml")


def test_every_mistake_of_a_file_is_a_finding_with_its_remedy() -> None:
    config, found = checkup.read_config(lambda: configured("[serve]\n[retyr]"))
    assert config is None
    assert states(found) == ["fail", "fail"]
    assert found[0].what == "serve (line 1): unknown section [serve]"
    assert found[0].hint == "did you mean 'server'?"


def test_no_provider_at_all_is_a_failure_that_says_what_to_export() -> None:
    _, found = checkup.read_config(lambda: configured(""))
    assert states(found) == ["ok", "fail"]
    assert "export ANTHROPIC_API_KEY" in found[1].hint


def test_the_only_key_being_unusable_is_told_beside_the_failure() -> None:
    _, found = checkup.read_config(lambda: configured("", ANTHROPIC_API_KEY=f"'{WHOLE}'"))
    assert states(found) == ["ok", "warn", "fail"]
    assert "has quotes around it" in found[1].what


def test_what_start_up_would_say_is_said_here_too() -> None:
    env = {"ANTHROPIC_API_KEY": f'"{WHOLE}"', "OPENAI_API_KEY": "sk-short"}
    _, found = checkup.read_config(lambda: configured("", **env))
    assert states(found) == ["ok", "warn", "info"]
    assert "has quotes around it" in found[1].what
    assert found[1].hint.startswith("export ANTHROPIC_API_KEY=…")


def test_keys_are_judged_without_being_shown() -> None:
    text = """
    [providers.anthropic]
    [providers.ollama]
    [providers.theirs]
    kind = "openai"
    credentials = "client"
    [providers.short]
    kind = "anthropic"
    api_key = "env:SHORT"
    """
    config = configured(text, ANTHROPIC_API_KEY=WHOLE, SHORT="sk-ant-api03-hunter2")
    found = list(checkup.credentials(config))
    assert states(found) == ["ok", "ok", "ok", "warn"]
    assert found[0].what == "anthropic: ANTHROPIC_API_KEY, 108 characters"
    assert "SHORT looks truncated" in found[3].what
    assert not [each for each in found if "hunter2" in each.what + each.hint]


def test_each_of_several_accounts_is_judged_with_its_variable() -> None:
    text = '[providers.anthropic]\napi_keys = ["env:ONE", "env:SHORT"]'
    config = configured(text, ONE=WHOLE, SHORT="sk-ant-api03-hunter2")
    found = list(checkup.credentials(config))
    assert states(found) == ["ok", "warn"]
    assert found[0].what == "anthropic: ONE, 108 characters"
    assert "SHORT looks truncated" in found[1].what
    assert not [each for each in found if "hunter2" in each.what + each.hint]


def test_the_defaults_in_force_are_told() -> None:
    config = configured("", ANTHROPIC_API_KEY=WHOLE)
    told = "\n".join(each.what for each in checkup.defaults(config))
    assert "waits of 1, 2, 4 s between tries" in told
    assert "anthropic: connect 2 s, whole call 600 s, silence 300 s" in told


def test_a_ladder_nobody_could_fall_down_is_pointed_out() -> None:
    text = """
    [providers.anthropic]
    [providers.openai]
    [providers.vectors]
    kind = "openai"
    paths = { chat = "", responses = "" }
    [models]
    good = ["anthropic:a", "anthropic:b"]
    across = ["anthropic:a", "openai:b"]
    bad = ["anthropic:a", "vectors:b"]
    """
    config = configured(text, ANTHROPIC_API_KEY=WHOLE, OPENAI_API_KEY="sk-" + "a" * 50)
    found = {each.what.partition(":")[0]: each for each in checkup.ladders(config)}
    assert found["good"].state == "info"
    assert found["across"].state == "info", "a conversation is translated"
    assert found["bad"].state == "warn"
    assert "no two of anthropic, vectors serve one kind of call" in found["bad"].what


def test_a_target_without_a_listed_price_is_named() -> None:
    text = '[models]\na = "anthropic:claude-opus-5-5"\nb = "anthropic:claude-nobody-9"\n'
    found = list(checkup.prices(configured(text, ANTHROPIC_API_KEY=WHOLE), NOW))
    assert states(found) == ["ok", "warn"]
    assert "anthropic:claude-nobody-9 has no listed price" in found[1].what
    assert '[prices.overrides."anthropic:claude-nobody-9"]' in found[1].hint
    misnamed = '[providers.anthropic]\nprices = "antropic"'
    found = list(checkup.prices(configured(misnamed, ANTHROPIC_API_KEY=WHOLE), NOW))
    assert "the catalogue has no provider 'antropic'" in found[1].what


def test_the_disk_is_measured_and_left_as_it_was(tmp_path: Path) -> None:
    found = list(checkup.disk(tmp_path / "headgate.db"))
    assert len(found) == 2
    assert "GiB free" in found[0].what
    assert "a synced write takes" in found[1].what
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("free", "state"), [(10 * 1024**3, "ok"), (1024**3, "warn"), (1024**2, "fail")]
)
def test_too_little_space_is_told_before_the_ledger_finds_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: int, state: str
) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    assert next(checkup.disk(tmp_path / "x.db")).state == state


def test_a_folder_that_cannot_be_written_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = list(checkup.disk(tmp_path / "file" / "headgate.db"))
    assert states(found) == ["fail"]
    assert "HEADGATE_HOME" in found[0].hint


def test_a_server_is_named_with_its_version_and_what_makes_its_commits_weak(
    server_store: Place, postgres: Postgres
) -> None:
    (found,) = checkup.store(server_store)
    assert found.state == "ok"
    assert found.what.startswith(f"{server_store}: PostgreSQL ")
    postgres.run("ALTER SYSTEM SET full_page_writes = off; SELECT pg_reload_conf()")
    try:
        for _ in range(100):
            found = list(checkup.store(server_store))[-1]
            if found.state == "warn":
                break
        assert "full_page_writes off: a power cut may lose rows" in found.what
    finally:
        postgres.run("ALTER SYSTEM RESET full_page_writes; SELECT pg_reload_conf()")


def test_a_server_that_is_not_there_is_a_failure_with_its_remedy() -> None:
    nowhere = read_url("postgresql://ann:hush@127.0.0.1:1/gate")
    (found,) = checkup.store(nowhere)
    assert (found.state, "nothing listens there" in found.what) == ("fail", True)
    assert found.hint
    assert "hush" not in str(found)


def test_a_disk_with_another_clock_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "_measure", lambda _: (1.0, 90.0))
    assert "+90 s" in list(checkup.disk(tmp_path / "x.db"))[-1].what


@pytest.mark.parametrize(
    ("at", "newest", "state"),
    [
        (NOW, None, "ok"),
        (NOW, NOW, "ok"),
        (NOW, NOW + timedelta(seconds=1), "ok"),
        (NOW, NOW + timedelta(minutes=1), "fail"),
        (datetime(1970, 1, 1, tzinfo=UTC), None, "fail"),
    ],
)
def test_a_clock_that_cannot_be_right_is_a_failure(
    at: datetime, newest: datetime | None, state: str
) -> None:
    newest_us = int(newest.timestamp() * 1_000_000) if newest else None
    assert states(checkup.clock(at, newest_us)) == [state]


def test_a_taken_port_and_a_public_address_without_keys_are_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        (found,) = checkup.listening(Config(server=Server(port=port)), keys_defined=True)
    assert (found.state, "is taken" in found.what) == ("info", True)
    found = next(checkup.listening(Config(server=Server("0.0.0.0", 0)), keys_defined=False))  # noqa: S104  # the danger under test
    assert (found.state, found.hint) == ("warn", "headgate keys create --name NAME")


def test_certificates_that_cannot_be_used_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_text("not a certificate")
    cert = str(tmp_path / "a.pem")
    server = Server(port=0, tls_cert=cert, tls_key=cert)
    assert states(checkup.listening(Config(server=server), keys_defined=True)) == ["ok", "fail"]
    config = configured(
        '[providers.vllm]\nverify_tls = false\nca_file = "nothing.pem"\n[server]\nport = 0'
    )
    found = list(checkup.listening(config, keys_defined=True))
    assert states(found) == ["ok", "warn", "fail"]


def test_the_room_for_open_files_is_told() -> None:
    (found,) = checkup.open_files()
    assert "open files allowed" in found.what


def test_the_program_names_itself_and_what_it_runs_on() -> None:
    assert "on Python 3." in checkup.program().what


def test_a_credential_that_was_refused_lately_is_named_with_its_variable() -> None:
    text = """
    [providers.pool]
    kind = "anthropic"
    api_keys = ["env:ONE", "env:TWO"]
    [providers.anthropic]
    api_key = "env:ONE"
    """
    config = configured(text, ONE=WHOLE, TWO=WHOLE.replace("A", "C"))
    kind, why = "credential_quarantined", '{"why": "402 billing_error"}'
    at_us = int(NOW.timestamp() * 1e6)
    found = [*checkup.quarantined(config, [
        Noted(1, at_us - 60_000_000, kind, "pool/TWO", "1", "{}", None, None, 0, ""),
        Noted(2, at_us, kind, "pool/TWO", "2", why, None, None, 0, ""),
        Noted(3, at_us, kind, "anthropic/house", "3", why, None, None, 0, ""),
        Noted(4, at_us, kind, "pool/GONE", "4", why, None, None, 0, ""),
    ])]  # fmt: skip
    assert states(found) == ["warn", "warn"]
    assert "pool/TWO was refused by its provider at 2026-11-20 00:00 UTC: 402" in found[0].what
    assert "check TWO with the provider" in found[0].hint
    assert "check ONE" in found[1].hint


def test_sealing_that_fails_is_a_warning_until_it_works_again(
    store: Place, connection: Connection
) -> None:
    note(connection, 1, "no room; make some")
    (found,) = [each for each in checkup.store(store) if each.area == "archive"]
    assert (found.state, found.what) == (
        "warn",
        "old rows are not moved to the archive: no room; make some",
    )
    assert "headgate archive status" in found.hint
    note(connection, 2, "")
    assert [each for each in checkup.store(store) if each.area == "archive"] == []
