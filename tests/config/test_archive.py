"""[archive]: what it names can hold segments, or the file is refused with the remedy."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from pathlib import Path

import pytest

from headgate.config import load, load_places
from headgate.config.describe import describe
from headgate.config.model import Archive, Config
from headgate.config.problem import ConfigError

ENV: Mapping[str, str] = {"K": "sk-x"}


def read(text: str) -> Config:
    return load(f'[providers.anthropic]\napi_key = "env:K"\n[archive]\n{text}', ENV, source="x")


def refused(text: str) -> str:
    with pytest.raises(ConfigError) as error:
        read(text)
    return str(error.value)


def test_without_a_word_rows_are_sealed_after_a_week_and_kept_for_ever() -> None:
    archive = read("").archive
    assert archive == Archive()
    assert (archive.seal, archive.keep_hot_s, archive.keep_s) == ("on", 7 * 86_400.0, 0.0)


def test_what_is_written_is_in_force_and_shown() -> None:
    config = read('path = "s3://bills/years"\nendpoint = "http://127.0.0.1:1"\nkeep_s = 1e8\n')
    assert config.archive.path == "s3://bills/years"
    shown = describe(config)["archive"]
    assert isinstance(shown, dict)
    assert shown["keep_s"] == 1e8


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('path = "gs://bills"', "'gs://' is no place for segments"),
        ('path = "s3://"', "names no bucket"),
        ('path = "s3://Bills"', "names no bucket"),
        ('endpoint = "https://x"', "no bucket is named"),
        ('region = "x"', "no bucket is named"),
        ('path = "s3://bills"\nendpoint = "x.example"', "must begin with http:// or https://"),
        ("keep_s = 86400", "shorter than keep_hot_s"),
        ("hot_rows = 10", "hot_rows"),
        ("cache_bytes = 10", "cache_bytes"),
        ('seal = "yes"', "seal"),
        ("keep_hot = 5", "unknown key 'keep_hot'"),
    ],
)
def test_a_mistake_is_named(text: str, said: str) -> None:
    assert said in refused(text)


def test_a_bucket_without_its_package_is_refused_with_the_command_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert "pip install 'headgate[s3]'" in refused('path = "s3://bills"')


def test_commands_that_read_only_places_know_it_without_any_secret(tmp_path: Path) -> None:
    file = tmp_path / "headgate.toml"
    file.write_text(
        '[archive]\npath = "elsewhere"\n[providers.anthropic]\napi_key = "env:UNSET"\n'
    )
    assert load_places(file, {}).archive.path == "elsewhere"


def test_nodes_that_share_the_rest_say_it_themselves(tmp_path: Path) -> None:
    near = Config(archive=Archive(path="here"))
    assert load('[archive]\npath = "there"', ENV, source="x", near=near).archive.path == "here"
