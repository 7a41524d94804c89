"""What leaves this repository names no machine, no download address and no unpinned package."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from tests.shape.tree import ROOT, label, refuse, tracked

# In halves, so that this file does not name what it forbids.
PLACES = re.compile(
    "|".join(
        (
            r"(?<![\w.])/(?:wo" "rk|ro" "ot|tm" "p|ho" r"me)/[a-z]",
            r"/Us" r"ers/[a-z]",
            r"py" r"pi\.org",
            r"pythonho" r"sted\.org",
            r"npm" r"js\.org",
            r"npm" r"js\.com",
            r"proxy\.gol" r"ang\.org",
            r"static\.cra" r"tes\.io",
        )
    )
)

FRAGMENT = re.compile(r"[a-z0-9][a-z0-9-]*\.(added|changed|fixed|removed|security)\.md")

TEXT = [path for path in tracked() if path.suffix not in {".png", ".ico", ".gz", ".bin"}]

REQUIREMENTS = sorted((ROOT / "requirements").glob("*.txt"))


def places_named(path: Path) -> str:
    text = path.read_bytes().decode("utf-8", "replace")
    return ", ".join(
        f"line {text.count(chr(10), 0, match.start()) + 1}: {match[0]}"
        for match in PLACES.finditer(text)
    )


def test_no_file_names_a_machine_or_a_registry() -> None:
    refuse(TEXT, places_named)


def test_a_machine_and_a_registry_are_found(tmp_path: Path) -> None:
    bad = tmp_path / "bad.md"
    bad.write_text("see\n/wo" r"rk/main and py" "pi.org")
    assert places_named(bad) == "line 2: /wo" r"rk/m, line 2: py" "pi.org"


def test_no_lock_file_records_where_packages_came_from() -> None:
    locks = {"uv.lock", "poetry.lock", "yarn.lock", "pnpm-lock.yaml", "package-lock.json"}
    assert not [label(path) for path in tracked() if path.name in locks]


def pins(path: Path) -> dict[str, str]:
    """Package -> its lines, continuation lines joined."""
    joined = path.read_text().replace("\\\n", " ")
    lines = [line for line in joined.splitlines() if line.strip() and line[0] != "#"]
    return {re.split(r"[=<>\[ ;]", line)[0]: line for line in lines}


@pytest.mark.parametrize("path", REQUIREMENTS, ids=label)
def test_every_requirement_is_pinned_and_hashed_without_an_address(path: Path) -> None:
    for name, line in pins(path).items():
        assert re.match(rf"{re.escape(name)}(\[[\w,-]+\])?==[\w.]+", line), line
        assert "--hash=sha256:" in line, f"{name} has no hash"
    assert "://" not in path.read_text()
    assert "--index-url" not in path.read_text()
    assert "--find-links" not in path.read_text()


def declared(extra: str = "") -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {re.split(r"[=<>~;\[ ]", line)[0] for line in wanted}


def test_requirement_files_hold_what_the_project_declares() -> None:
    runtime, dev = (pins(ROOT / "requirements" / f"{name}.txt") for name in ("runtime", "dev"))
    assert declared() <= runtime.keys(), "run: make requirements"
    assert declared("dev") <= dev.keys(), "run: make requirements"
    different = [name for name in runtime if runtime[name].split()[0] != dev[name].split()[0]]
    assert not different, f"other versions in dev.txt: {different}; run: make requirements"


@pytest.mark.parametrize("name", sorted(declared()))
def test_every_runtime_dependency_has_a_written_decision(name: str) -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert any(f"`{name}`" in path.read_text() for path in decisions), (
        f"write down in docs/decisions why `{name}` is worth depending on"
    )


@pytest.mark.parametrize("path", sorted((ROOT / "docs" / "decisions").glob("*")), ids=label)
def test_every_decision_says_what_was_given_up(path: Path) -> None:
    assert re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", path.name), "name it NNNN-title.md"
    text = path.read_text()
    assert text.startswith("# "), "open with a title"
    for heading in ("Context", "Choice", "What we gave up"):
        assert re.search(rf"^#+ {heading}", text, re.MULTILINE | re.IGNORECASE), heading


def test_no_two_decisions_carry_one_number() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs" / "decisions").glob("*.md")]
    assert sorted(numbers) == sorted(set(numbers))


@pytest.mark.parametrize("path", sorted((ROOT / "changes").glob("*")), ids=label)
def test_every_change_fragment_is_well_formed(path: Path) -> None:
    assert FRAGMENT.fullmatch(path.name), "name it topic.added.md (changed, fixed, removed, …)"
    text = path.read_text().strip()
    assert text.endswith("."), "a sentence for users ends with a full stop"
    assert len(text) <= 800, "one or two sentences; the rest belongs in docs"
    assert not text.startswith(("#", "-", "*")), "the heading and the dash come at release"
