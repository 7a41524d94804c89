"""[recording]: off unless it is asked for, and never of everybody by mistake."""

from __future__ import annotations

import pytest

from headgate.config import describe, load
from headgate.config.model import Config, Recording
from headgate.config.problem import ConfigError


def read(text: str) -> Config:
    return load(text, {}, source="headgate.toml")


def test_without_a_word_nothing_is_recorded() -> None:
    assert read("").recording == Recording()
    assert not Recording().enabled


def test_recording_without_naming_whose_calls_is_refused_with_the_line_that_is_missing() -> (
    None
):
    with pytest.raises(ConfigError) as error:
        read("[recording]\nenabled = true\nshare = 0.1\n")
    assert "names no calls" in str(error.value)
    assert 'models = ["*"]' in str(error.value)


def test_that_recording_is_on_is_said_at_the_start_with_whom_it_means() -> None:
    config = read('[recording]\nenabled = true\ntags = ["bench"]\nkeys = ["ci-*"]\n')
    assert any("recording is on" in it and "bench" in it for it in config.notes)
    named = config.recording.named
    assert (named.keys, named.tags, named.models) == (("ci-*",), ("bench",), ())


@pytest.mark.parametrize("line", ["share = 0", "share = 1.1", "keep_s = 0", "disk_bytes = 5"])
def test_what_would_record_nothing_or_without_end_is_refused(line: str) -> None:
    with pytest.raises(ConfigError) as error:
        read(f'[recording]\nenabled = true\nmodels = ["*"]\n{line}\n')
    assert f"recording.{line.split(' ')[0]}" in str(error.value)


def test_what_is_in_force_is_shown() -> None:
    shown = describe(read('[recording]\nenabled = true\nmodels = ["gpt-*"]\n'))["recording"]
    assert isinstance(shown, dict)
    assert (shown["enabled"], shown["models"]) == (True, ("gpt-*",))
