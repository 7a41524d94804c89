"""Every command finds the same ledger: the one named, the configured one, the home's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from headgate.cli import Trouble
from headgate.cli.where import explained, find_ledger
from headgate.config import ConfigError
from headgate.store.sqlite import StoreError


def test_a_ledger_named_on_the_command_line_wins(tmp_path: Path) -> None:
    config = tmp_path / "headgate.toml"
    config.write_text("this is not even TOML")
    assert find_ledger(tmp_path / "own.db", str(config)) == tmp_path / "own.db"


def test_the_configured_ledger_comes_next(tmp_path: Path) -> None:
    config = tmp_path / "headgate.toml"
    config.write_text(f'[ledger]\npath = "{tmp_path}/configured.db"\n')
    assert find_ledger(None, str(config)) == tmp_path / "configured.db"


def test_a_configured_server_comes_before_a_configured_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://ann:hush@db.example/gate")
    config = tmp_path / "headgate.toml"
    config.write_text(
        f'[store]\nurl = "env:DATABASE_URL"\n[ledger]\npath = "{tmp_path}/a.db"\n'
    )
    place = find_ledger(None, str(config))
    assert str(place) == "postgresql://ann@db.example/gate"
    assert find_ledger(tmp_path / "own.db", str(config)) == tmp_path / "own.db"


def test_no_secret_is_needed_to_find_the_ledger(tmp_path: Path) -> None:
    config = tmp_path / "headgate.toml"
    config.write_text(
        f'[server]\nadmin_token = "env:NOT_SET"\n[ledger]\npath = "{tmp_path}/a.db"\n'
        '[providers.anthropic]\napi_key = "env:NOT_SET"\n'
    )
    assert find_ledger(None, str(config)) == tmp_path / "a.db"


def test_a_mistaken_path_of_the_ledger_is_still_told(tmp_path: Path) -> None:
    config = tmp_path / "headgate.toml"
    config.write_text("[ledger]\npath = 7\n")
    with pytest.raises(ConfigError, match=r"ledger\.path"):
        find_ledger(None, str(config))


def test_without_either_it_is_the_homes() -> None:
    assert find_ledger(None, None) == Path(os.environ["HEADGATE_HOME"]) / "headgate.db"


def test_a_home_that_cannot_be_made_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("HEADGATE_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(Trouble) as caught:
        find_ledger(None, None)
    assert "HEADGATE_HOME" in caught.value.hint


def test_a_stores_error_becomes_the_command_lines() -> None:
    with pytest.raises(Trouble) as caught, explained():
        raise StoreError("it broke", "mend it")
    assert (caught.value.message, caught.value.hint) == ("it broke", "mend it")
