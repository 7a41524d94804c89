from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox import catalogue
from headgate.sandbox.language import Missing
from headgate.sandbox.languages import python, rust
from headgate.sandbox.model import Refused, Unavailable


@pytest.fixture(autouse=True)
def _asked_anew() -> None:
    catalogue.forget()


@pytest.mark.parametrize(
    ("said", "meant"),
    [("python", "python"), (" PY ", "python"), ("Node", "javascript"), ("ts", "typescript"),
     ("golang", "go"), ("rs", "rust"), ("R", "r"), ("sh", "bash")],
)  # fmt: skip
def test_a_language_is_found_by_its_names(said: str, meant: str) -> None:
    assert catalogue.named(said).name == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [("pyton", "python"), ("typscript", "typescript"), ("javscript", "javascript")],
)
def test_a_wrong_name_is_answered_with_what_was_meant(said: str, meant: str) -> None:
    with pytest.raises(Refused) as refused:
        catalogue.named(said)
    assert refused.value.what == f"unknown language {said!r}"
    assert refused.value.remedy.startswith(f"did you mean {meant}? ")
    assert refused.value.kind == "invalid"


def test_a_name_that_means_nothing_is_shown_short_with_all_that_are_known() -> None:
    with pytest.raises(Refused) as refused:
        catalogue.named("fn main() { }" * 100_000)
    assert len(refused.value.what) < 80
    assert "bash, go, javascript, python, r, rust, typescript" in refused.value.remedy


@pytest.mark.parametrize(
    ("path", "code", "meant"),
    [
        ("a.py", "", "python"),
        ("b/c.MJS", "", "javascript"),
        ("x.R", "", "r"),
        ("x.r", "", "r"),
        ("run", "#!/usr/bin/env python3\n", "python"),
        ("run", "#!/bin/bash -e\n", "bash"),
        ("run", "#!/usr/bin/env -S node --x\n", "javascript"),
        ("run.txt", "#!/usr/bin/python3.11\n", "python"),
    ],
)
def test_a_file_says_its_language(path: str, code: str, meant: str) -> None:
    assert catalogue.of_file(path, code).name == meant


@pytest.mark.parametrize("path", ["a.cobol", "Makefile", "", "a\nb", "#!"])
def test_a_file_that_says_none_is_refused_with_what_would_do(path: str) -> None:
    with pytest.raises(Refused) as refused:
        catalogue.of_file(path, "#!")
    assert "--language" in refused.value.remedy


def test_no_two_languages_share_a_name_or_suffix() -> None:
    names = [name for it in catalogue.LANGUAGES for name in (it.name, *it.aliases)]
    suffixes = [suffix for it in catalogue.LANGUAGES for suffix in it.suffixes]
    assert len(names) == len(set(names))
    assert len(suffixes) == len(set(suffixes))


def test_a_machine_is_asked_once_and_again_after_forget(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[str] = []

    def find() -> Missing:
        asked.append("once")
        return Missing("it is missing", "get it")

    monkeypatch.setitem(catalogue.NAMED, "rs", rust.LANGUAGE._replace(find=find))
    assert catalogue.look("rs") == catalogue.look("rs") == Missing("it is missing", "get it")
    assert asked == ["once"]
    catalogue.forget()
    catalogue.look("rs")
    assert asked == ["once", "once"]


def test_a_missing_toolchain_is_unavailable_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Unavailable) as unavailable:
        catalogue.runtime("rust")
    assert unavailable.value.what == rust.MISSING.what
    assert "apt-get install" in unavailable.value.remedy


def test_the_python_that_runs_headgate_is_always_there() -> None:
    assert catalogue.runtime("py") == python.look()
