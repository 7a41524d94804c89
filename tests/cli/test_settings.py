"""A client's settings file gains our settings, keeps its own, and can be given back."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.cli.settings import (
    MARK,
    Change,
    Line,
    Unreadable,
    apply,
    backup_of,
    merge_json,
    merge_toml,
    read,
    remove_json,
    remove_toml,
    replace,
)

WANTED = {("env", "URL"): "http://a", ("env", "TOKEN"): "t", ("helper",): "printenv K"}
BLOCK = (
    'model_provider = "headgate"\n\n[model_providers.headgate]\nname = "Headgate"\nport = 1\n'
)

LEAVES = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
NAMES = st.sampled_from(["env", "URL", "TOKEN", "helper", "other", "é"])
DOCUMENTS = st.dictionaries(
    NAMES, LEAVES | st.dictionaries(NAMES, LEAVES, max_size=3), max_size=4
).filter(lambda document: isinstance(document.get("env", {}), dict))


@given(DOCUMENTS, st.sampled_from([None, 2]))
def test_what_json_held_stays_and_returns_to_the_byte(
    document: dict[str, object], indent: int | None
) -> None:
    text = json.dumps(document, indent=indent)
    merged = merge_json(text, WANTED)
    now = json.loads(merged)
    assert now["env"]["URL"] == "http://a"
    assert now["helper"] == "printenv K"
    for name, value in document.items():
        if name not in ("env", "helper"):
            assert now[name] == value
    assert merge_json(merged, WANTED) == merged
    assert remove_json(merged, text, WANTED) == text


@given(DOCUMENTS)
def test_what_somebody_added_since_survives_the_undo(document: dict[str, object]) -> None:
    text = json.dumps(document)
    changed = json.loads(merge_json(text, WANTED)) | {"since": 1}
    left = remove_json(json.dumps(changed), text, WANTED)
    assert left is not None
    assert json.loads(left) == document | {"since": 1}


def test_a_line_goes_below_the_lines_that_are_there_and_once() -> None:
    wanted: dict[tuple[str, ...], object] = {("env", "HEADERS"): Line("x-b: 2")}
    first = json.dumps({"env": {"HEADERS": "x-a: 1"}})
    merged = merge_json(first, wanted)
    assert json.loads(merged)["env"]["HEADERS"] == "x-a: 1\nx-b: 2"
    assert merge_json(merged, wanted) == merged
    assert remove_json(merged, first, wanted) == first
    assert json.loads(merge_json(None, wanted)) == {"env": {"HEADERS": "x-b: 2"}}


def test_a_json_file_that_was_not_there_is_gone_after_the_undo() -> None:
    assert remove_json(merge_json(None, WANTED), "", WANTED) is None


@pytest.mark.parametrize("text", ["{", "[1]", '{"env": 3}'])
def test_a_file_that_is_not_what_it_seems_is_left_alone(text: str) -> None:
    with pytest.raises(Unreadable):
        merge_json(text, WANTED)


TOML = """\
# my settings
model = "gpt-6.1-sol"
model_provider = "openai"  # mine

[model_providers.other]
name = "Other"

[[hooks]]
on = "start"
"""


@pytest.mark.parametrize(
    "text", ["", TOML, TOML.rstrip("\n"), "a = 1", "[t]\nx = 1", "\n\n# only words\n"]
)
def test_what_toml_held_stays_and_returns_to_the_byte(text: str) -> None:
    merged = merge_toml(text, BLOCK)
    now, was = tomllib.loads(merged), tomllib.loads(text)
    assert now["model_provider"] == "headgate"
    assert now["model_providers"]["headgate"] == {"name": "Headgate", "port": 1}
    assert now.get("model") == was.get("model")
    assert now.get("hooks") == was.get("hooks")
    assert merge_toml(merged, BLOCK) == merged
    assert (remove_toml(merged, text) or "") == text


def test_lines_added_since_survive_the_undo_and_the_old_value_returns() -> None:
    merged = merge_toml(TOML, BLOCK) + '\n[new]\nx = "y"\n'
    left = remove_toml(merged, TOML)
    assert left is not None
    assert MARK not in left
    assert tomllib.loads(left) == tomllib.loads(TOML) | {"new": {"x": "y"}}


@pytest.mark.parametrize(
    "text",
    ['[model_providers.headgate]\nname = "mine"\n', "not toml", 'model_provider = """\nx"""\n'],
)
def test_a_layout_that_cannot_be_edited_safely_is_left_alone(text: str) -> None:
    with pytest.raises(Unreadable):
        merge_toml(text, BLOCK)


def test_a_file_is_replaced_in_one_step_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text("{}")
    path.chmod(0o640)
    apply(Change(path, "{}", '{"a": 1}'), first="{}")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ('{"a": 1}', 0o640)
    assert backup_of(path).read_text() == "{}"
    apply(Change(path, '{"a": 1}', "{}"), first=None)
    assert sorted(tmp_path.iterdir()) == [path]


def test_a_new_file_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    apply(Change(path, None, "{}"), first="")
    assert path.stat().st_mode & 0o777 == 0o600
    apply(Change(path, "{}", None), first=None)
    assert list(path.parent.iterdir()) == []


def test_a_linked_file_stays_a_link(tmp_path: Path) -> None:
    real, link = tmp_path / "dotfiles.json", tmp_path / "settings.json"
    real.write_text("{}")
    link.symlink_to(real)
    apply(Change(link, "{}", '{"a": 1}'), first="{}")
    assert link.is_symlink()
    assert real.read_text() == '{"a": 1}'


def test_a_failed_write_leaves_the_old_file_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "settings.json"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        replace(path, "new", mode=0o600)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_file_is_none_and_a_binary_one_is_refused(tmp_path: Path) -> None:
    assert read(tmp_path / "nothing") is None
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    with pytest.raises(Unreadable):
        read(tmp_path / "binary")


def test_a_change_shows_its_difference() -> None:
    assert Change(Path("a"), None, "x\n").diff().splitlines()[-1] == "+x"
    assert not Change(Path("a"), "x", "x").is_needed
