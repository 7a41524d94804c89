"""The nearest configuration is found, and looking for it creates nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.store.home import find_file, state_place


def test_the_argument_wins_then_the_environment_then_the_folder_then_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    env = {"HOME": str(tmp_path / "me")}
    assert find_file(None, env) is None
    own = tmp_path / "me" / ".config" / "headgate" / "headgate.toml"
    own.parent.mkdir(parents=True)
    own.touch()
    assert find_file(None, env) == own
    Path("headgate.toml").touch()
    assert find_file(None, env) == Path("headgate.toml")
    assert find_file(None, {**env, "HEADGATE_CONFIG": "named.toml"}) == Path("named.toml")
    assert find_file(Path("typed.toml"), {"HEADGATE_CONFIG": "x"}) == Path("typed.toml")


def test_to_look_for_the_state_folder_does_not_create_it(tmp_path: Path) -> None:
    place = state_place({"HOME": str(tmp_path)})
    assert place == tmp_path / ".local" / "state" / "headgate"
    assert not (tmp_path / ".local").exists()
