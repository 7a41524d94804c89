"""`headgate cache`: real drifts through a real gateway, told by the real commands."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from headgate.cli import main
from headgate.config.model import CacheConfig
from headgate.store.replies.disk import NAME
from headgate.store.replies.open import open_replies
from headgate.store.sqlite import connect
from tests.engine.talk import Talk, street, text
from tests.store.replies.kit import asked_of, kept_of


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["cache", *words])


def home() -> Path:
    return Path(os.environ["HEADGATE_HOME"]) / "headgate.db"


async def drive() -> list[str]:
    """A conversation whose system prompt changes, then one pause too long."""
    async with street() as (field, clock):
        talk = Talk(field)
        talk.headers = {"x-session-id": "s-1"}
        ids = [(await talk.say())["id"] for _ in range(2)]
        talk.system = [text("You are a careful worker. It is 12:01."), *talk.system[1:]]
        ids.append((await talk.say())["id"])
        clock.wait(420)
        ids.append((await talk.say())["id"])
        await asyncio.to_thread(shutil.copyfile, field.ledger, home())
        for end in ("-wal", "-shm"):
            if (beside := Path(f"{field.ledger}{end}")).exists():
                await asyncio.to_thread(shutil.copyfile, beside, Path(f"{home()}{end}"))
    return ids


@pytest.mark.slow
def test_a_planted_drift_is_told_by_its_id_and_in_the_report() -> None:
    home().parent.mkdir(parents=True, exist_ok=True)
    first, second, changed, late = asyncio.run(drive())
    assert "nothing was there" in run("why", first).stdout
    assert "no miss: it read what was there" in run("why", second).stdout
    told = run("why", changed).stdout
    assert "cause    system_changed: system[0]" in told
    assert "put it into the last message" in told
    assert json.loads(run("why", changed, "--json").stdout)["compared_with"] == second
    assert "pause 7 min, kept 5 min" in run("why", late).stdout
    for group in ("model", "key", "team", "route"):
        result = run("report", "--by", group)
        assert result.exit_code == 0, result.output
        assert "system_changed" in result.stdout
        assert "share to repay" in result.stdout
    data = json.loads(run("report", "--json", "--since", "1d").stdout)
    assert {it["why"] for it in data["misses"]} == {"system_changed", "expired"}
    assert data["sums"][0]["calls"] == 4


def test_an_unknown_id_is_a_plain_error_with_a_remedy() -> None:
    home().parent.mkdir(parents=True, exist_ok=True)
    connect(home()).close()
    result = run("why", "nobody")
    assert result.exit_code == 1
    assert "no call in the ledger has the id nobody" in result.stderr
    assert "hint:" in result.stderr


def test_without_a_ledger_both_commands_say_what_makes_one() -> None:
    for words in (("why", "a"), ("report",)):
        result = run(*words)
        assert result.exit_code == 1
        assert "headgate up" in result.stderr


def test_a_ledger_without_calls_has_nothing_to_report() -> None:
    home().parent.mkdir(parents=True, exist_ok=True)
    connect(home()).close()
    result = run("report")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "nothing to report" in result.stderr


def configured(folder: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-" + "t" * 20)
    path = folder / "headgate.toml"
    path.write_text(text)
    return str(path)


def test_kept_replies_are_forgotten_when_told_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home().parent.mkdir(parents=True, exist_ok=True)
    path = configured(tmp_path, '[cache]\nstore = "disk"\n', monkeypatch)
    now_us = time.time_ns() // 1000

    async def keep() -> None:
        store = open_replies(CacheConfig(store="disk"), home().parent, "", print)
        store.put(asked_of(1), kept_of(at_us=now_us))
        await asyncio.to_thread(store.close)

    asyncio.run(keep())
    assert "1 reply is forgotten" in run("clear", "--config", path).stderr
    assert "0 replies are forgotten" in run("clear", "--config", path).stderr


def test_replies_in_memory_and_a_place_that_is_gone_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = configured(tmp_path, "", monkeypatch)
    assert "in memory only" in run("clear", "--config", path).stderr
    (home().parent / NAME).mkdir(parents=True)  # where the file should be
    disk = '[cache]\nstore = "disk"\n'
    result = run("clear", "--config", configured(tmp_path, disk, monkeypatch))
    assert result.exit_code == 1
    assert "kept replies cannot be removed" in result.stderr
    assert "hint:" in result.stderr
