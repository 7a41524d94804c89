"""A preset is a file: the words of a command line under a name, and where they come from."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.money import preset


def test_a_file_is_found_by_its_name_and_read_as_it_stands(tmp_path: Path) -> None:
    text = 'title = "T"\nsource = "S"\nrequests = "5/min"\nmodel = ["a", "b"]\n'
    (tmp_path / "mine.toml").write_text(text)
    assert preset.names(tmp_path) == ["mine"]
    found = preset.read("mine", tmp_path)
    assert (found.name, found.title, found.source) == ("mine", "T", "S")
    assert found.words == {"requests": "5/min", "model": ("a", "b")}


@pytest.mark.parametrize("text", ['source = "S"', 'title = "T"', "x = 5", "x = [5]"])
def test_a_file_that_lacks_something_is_refused_by_its_name(tmp_path: Path, text: str) -> None:
    whole = text if text.startswith(("s", "t")) else f'title = "T"\nsource = "S"\n{text}'
    (tmp_path / "bad.toml").write_text(whole)
    with pytest.raises(ValueError, match=r"presets/bad\.toml needs title, source"):
        preset.read("bad", tmp_path)


@pytest.mark.parametrize("name", preset.names())
def test_every_preset_tells_what_it_is_and_where_it_comes_from(name: str) -> None:
    found = preset.read(name)
    assert len(found.title) > 10
    assert len(found.source) > 10
    if name[:3].isdigit():
        assert found.source.startswith(f"article {name[:3]}: ")
