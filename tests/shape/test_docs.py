"""Docs cannot drift: reference pages are the code's own words, and guides are tried out."""

from __future__ import annotations

import contextlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from docs import build
from headgate import providers
from headgate.audit.rules import load as load_rules
from headgate.cli import main
from headgate.config import load
from headgate.config.setting import SECTIONS
from headgate.ledger.record import COLUMNS
from headgate.store.schema import migrate
from headgate.store.sqlite import connect
from headgate.wire.model import FAULTS, Ending
from headgate.wire.stated import KEYS as CAPABILITIES
from tests.shape.tree import ROOT, label

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
WRITTEN = [path for path in PAGES if path.parent.name != "reference"]
CONCEPTS = [path for path in PAGES if path.parent.name == "concepts"]

WHOLE = "0aZ9bY8cX7dW6eV5fU4gT3hS2iR1jQ" * 4  # no placeholder, and long enough for anybody
KEYS = {
    "ANTHROPIC_API_KEY": f"sk-ant-api03-{WHOLE}"[:108],
    "OPENAI_API_KEY": f"sk-proj-{WHOLE}"[:108],
    "DATABASE_URL": "postgresql://headgate@db.example.com/headgate",
}


def blocks(path: Path, *fences: str) -> list[str]:
    pattern = rf"^```(?:{'|'.join(fences)})\n(.*?)^```$"
    return re.findall(pattern, path.read_text(), re.MULTILINE | re.DOTALL)


TOML = [(path, text) for path in WRITTEN for text in blocks(path, "toml")]

SQL = [(path, text) for path in WRITTEN for text in blocks(path, "sql")]

TYPED = [
    (path, line.strip().removeprefix("$ "))
    for path in WRITTEN
    for block in blocks(path, "sh", "console", "bash")
    for line in block.replace("\\\n", " ").splitlines()
    if line.strip().removeprefix("$ ").startswith("headgate ")
]


def test_the_reference_pages_are_what_the_code_says() -> None:
    """In a process of its own, as whoever writes them: no other test has a part in it."""
    check = [sys.executable, "-m", "docs.build", "--check"]
    told = subprocess.run(check, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 0, told.stdout + told.stderr


@pytest.mark.parametrize(
    "page",
    [
        *("capabilities.md", "cli.md", "config.md", "faults.md"),
        *("ledger.md", "providers.md", "rules.md"),
    ],
)
def test_nothing_is_missing_from_the_reference(page: str) -> None:
    text = (build.FOLDER / page).read_text()
    wanted = {
        "capabilities.md": [f"| `{name}` |" for name in (*CAPABILITIES, *providers.read_all())],
        "cli.md": [f"## headgate {name}\n" for name in main.list_commands(click.Context(main))],
        "config.md": [
            f"| `{each.name}` |" for section in SECTIONS.values() for each in section
        ],
        "faults.md": [f"| `{each}` |" for each in (*FAULTS, *Ending)],
        "ledger.md": [f"| `{name}` |" for name in COLUMNS],
        "providers.md": [f"## {name}\n" for name in providers.read_all()],
        "rules.md": [f"| `{rule.name}` | {rule.title[0].lower()}" for rule in load_rules()],
    }[page]
    assert [each for each in wanted if each not in text] == []


def test_every_column_of_the_ledger_says_what_it_means() -> None:
    text = (build.FOLDER / "ledger.md").read_text()
    assert re.findall(r"^\| `(\w+)` \| `[^`]+` \|  \|$", text, re.MULTILINE) == []


@pytest.mark.parametrize(("path", "text"), TOML, ids=[label(path) for path, _ in TOML])
def test_every_configuration_shown_is_accepted(path: Path, text: str) -> None:
    env = {name: WHOLE + name for name in re.findall(r"env:(\w+)", text)} | KEYS
    load(text, env, source=label(path))


@pytest.mark.parametrize(("path", "text"), SQL, ids=[label(path) for path, _ in SQL])
def test_every_question_shown_can_be_asked_of_a_ledger(
    path: Path, text: str, tmp_path: Path
) -> None:
    with contextlib.closing(connect(tmp_path / "headgate.db")) as ledger:
        migrate(ledger)
        ledger.executescript(text)


@pytest.mark.parametrize(("path", "line"), TYPED, ids=[f"{p.name}: {t}" for p, t in TYPED])
def test_every_command_shown_exists_with_its_options(path: Path, line: str) -> None:
    words = shlex.split(line.split("|")[0].split(" &")[0], comments=True)
    command: click.Command = main
    context = click.Context(main, info_name="headgate")
    for word in words[1:]:
        if not isinstance(command, click.Group) or word.startswith("-"):
            break
        found = command.get_command(context, word)
        assert found is not None, f"{label(path)}: no command {word}: {line}"
        command = found
    if isinstance(command, click.Group):  # some groups have one that need not be named
        command = command.commands.get("run", command)
    known = {
        name for option in command.params for name in (*option.opts, *option.secondary_opts)
    }
    used = {word.partition("=")[0] for word in words if re.match(r"--?[a-zA-Z]", word)}
    assert used <= known | {"--help", "-h", "--version"}, f"{label(path)}: {line}"


@pytest.mark.parametrize("path", PAGES, ids=label)
def test_every_link_inside_the_repository_leads_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text())
    inside = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    lost = [link for link in inside if not (path.parent / link).exists()]
    assert not lost


def test_every_page_is_reachable_from_the_readme() -> None:
    """A page nobody links to is a page nobody reads."""
    seen: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        for link in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
            target = (path.parent / link).resolve()
            if target.suffix == ".md" and target.is_file():
                waiting.append(target)
            elif target.is_dir():
                waiting += target.glob("*.md")
    lost = [label(path) for path in PAGES if path.resolve() not in seen]
    assert not lost, f"link them from README.md or a page it links to: {lost}"


@pytest.mark.parametrize("path", WRITTEN, ids=label)
def test_every_test_that_a_page_names_as_its_proof_exists(path: Path) -> None:
    named = set(re.findall(r"`(test_\w+)`", path.read_text()))
    if not named:
        return
    found = {
        name
        for file in (ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"def (test_\w+)", file.read_text())
    }
    assert named <= found, f"no such test: {', '.join(sorted(named - found))}"


@pytest.mark.parametrize("path", CONCEPTS, ids=label)
def test_every_promise_in_a_table_of_promises_names_its_proof(path: Path) -> None:
    """Such a table's last column is called test."""
    unproven, is_promises = [], False
    for line in path.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|"):
            is_promises = False
        elif cells[-1] == "test":
            is_promises = True
        elif is_promises and not set(line) <= set("|- ") and "`test_" not in cells[-1]:
            unproven.append(line)
    assert not unproven, f"{label(path)}: name the test that holds it"
