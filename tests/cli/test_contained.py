"""Code is contained as the file says, wherever that lies; without one, by what is built in."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.cli.contained import contained
from headgate.config import ConfigError, load_places
from headgate.sandbox.settings import Settings

SAYS = '[sandbox]\ntier = "landlock"\n'


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("HEADGATE_CONFIG", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_without_a_file_it_is_what_an_empty_file_says(here: Path) -> None:
    assert contained(None) == Settings() == load_places(None, {}).sandbox


def test_a_file_is_heard_by_name_by_the_environment_and_where_it_is_looked_for(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "own.toml").write_text(SAYS)
    assert contained("own.toml").tier == "landlock"
    monkeypatch.setenv("HEADGATE_CONFIG", str(here / "own.toml"))
    assert contained(None).tier == "landlock"
    monkeypatch.delenv("HEADGATE_CONFIG")
    (here / "home" / ".config" / "headgate").mkdir(parents=True)
    (here / "home" / ".config" / "headgate" / "headgate.toml").write_text(SAYS)
    assert contained(None).tier == "landlock"


def test_a_named_file_that_is_not_there_is_a_mistake_and_not_the_default(here: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        contained("missing.toml")
