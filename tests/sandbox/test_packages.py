"""A package is there if code in the sandbox could import it, whatever it is called."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from headgate.sandbox import catalogue, packages, toolchains
from headgate.sandbox.model import Runtime, Tree, Unavailable

PYTHON = Runtime("python", "3", "python")
NODE = Runtime("javascript", "1", "program", program="node")


def python() -> Runtime:
    return catalogue.runtime("python")


@pytest.mark.slow
def test_python_knows_modules_and_distributions() -> None:
    names = ("sqlite3", "msgspec", "pyyaml", "yaml", "psycopg[binary]", "os.path")
    found = packages.found(python(), names)
    assert [it.partition(" ")[0] for it in found] == list(names)
    assert found[0] == "sqlite3"
    assert found[1] == f"msgspec {msgspec.__version__}"


@pytest.mark.parametrize(
    ("name", "what", "remedy"),
    [
        ("no_such_thing", "is not installed", "install what brings it"),
        ("numpy>=2", "is not the name of a package", "name it alone"),
        ("--version", "is not the name", "name it alone"),
        ("headgate", "which the sandbox does not show", "not editable"),
    ],
)
def test_what_python_lacks_is_told_with_a_remedy(name: str, what: str, remedy: str) -> None:
    bare = msgspec.structs.replace(python(), trees=(Tree("/usr/nowhere", "/usr/nowhere"),))
    with pytest.raises(Unavailable, match=what) as told:
        packages.found(bare, (name,))
    assert remedy in told.value.remedy


def test_what_is_there_and_cannot_be_imported_is_told_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = '{"names": ["torn"], "fault": "ImportError: libtorn.so is missing"}'
    monkeypatch.setattr(toolchains, "answer", lambda *argv, env=None: said)
    with pytest.raises(Unavailable, match=r"cannot be imported: ImportError: libtorn\.so"):
        packages.found(PYTHON, ("torn",))


def test_an_extra_of_ours_is_proposed_where_it_brings_the_package(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = '{"names": [], "version": "", "places": []}'
    monkeypatch.setattr(toolchains, "answer", lambda *argv, env=None: said)
    with pytest.raises(Unavailable) as told:
        packages.found(PYTHON, ("seaborn",))
    assert told.value.remedy == 'pip install "headgate[sci]"'
    assert sys.executable in told.value.what


@pytest.mark.parametrize(
    ("language", "name", "said", "what"),
    [
        ("javascript", "left-pad", '["fs"]', "comes from npm"),
        ("typescript", "left-pad", '["fs"]', "comes from npm"),
        ("go", "github.com/some/module", "/usr", "no package of Go's standard library"),
        ("rust", "serde", "", "a crate of others"),
        ("r", "nothere", "", "is not installed for R"),
        ("bash", "jq", "", "knows no packages"),
    ],
)
def test_a_language_without_a_way_to_packages_says_so(
    language: str, name: str, said: str, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchains, "answer", lambda *argv, env=None: said)
    runtime = Runtime(language, "1", "program", program="program")
    with pytest.raises(Unavailable, match=what) as told:
        packages.found(runtime, (name,))
    assert told.value.remedy


def test_what_a_language_carries_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = {"node": '["fs", "crypto"]', "go": str(tmp_path)}
    (tmp_path / "src" / "encoding" / "json").mkdir(parents=True)
    monkeypatch.setattr(toolchains, "answer", lambda *argv, env=None: said[argv[0]])
    assert packages.found(NODE, ("node:fs", "crypto")) == ("node:fs", "crypto")
    go = Runtime("go", "1", "program", program="go")
    assert packages.found(go, ("encoding/json",)) == ("encoding/json",)
    assert packages.found(Runtime("rust", "1", "program"), ("std",)) == ("std",)
