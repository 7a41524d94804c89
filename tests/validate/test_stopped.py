"""One file that a tool cannot read takes no verdict from another, and lends it none."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from headgate.sandbox.model import Unavailable
from headgate.sandbox.sandbox import Sandbox
from headgate.sandbox.settings import Settings
from headgate.validate.checks import load
from headgate.validate.gather import Wanted, gather
from headgate.validate.kept import Kept
from headgate.validate.problem import Verdict
from headgate.validate.stopped import names
from headgate.validate.validator import Asking, Pending, carry, conclude, prepare

GO = 'package {}\n\nimport "fmt"\n\nfunc W() {{\n\tfmt.Printf("%d", "a")\n}}\n'
FILES = {
    "py/mypy.ini": "[mypy]\n",
    "py/bad.py": "def broken(:\n",
    "py/worse.py": "def broken(:\n",
    "py/good.py": "x: int = 1\n",
    "py/wrong.py": 'x: int = "a"\n',
    "py/uses.py": "import bad\n\nprint(bad)\n",
    "py/a/same.py": "x: int = 1\n",
    "py/b/same.py": 'x: int = "a"\n',
    "ts/bad.ts": "export const a = ;\n",
    "ts/good.ts": "export const x: number = 1;\n",
    "ts/wrong.ts": 'export const y: number = "a";\n',
    "ts/uses.ts": 'import { a } from "./bad.ts";\nexport const z: number = a;\n',
    "go/go.mod": "module ex\n\ngo 1.21\n",
    "go/a/bad.go": "package a\n\nfunc broken( {\n",
    "go/a/good.go": "package a\n\nfunc Good() {}\n",
    "go/b/wrong.go": GO.format("b"),
    "go/c/uses.go": 'package c\n\nimport "ex/a"\n\nfunc Use() { a.Good() }\n',
    "rs/Cargo.toml": '[package]\nname = "ex"\nversion = "0.1.0"\nedition = "2021"\n',
    "rs/src/lib.rs": "pub mod bad;\npub mod good;\n",
    "rs/src/bad.rs": "pub fn broken( {\n",
    "rs/src/good.rs": "pub fn good() {}\n",
}
TYPES = {"py": "mypy", "ts": "tsc", "go": "go-vet", "rs": "cargo-check"}


def _checked(paths: list[str], here: Path, check: str) -> list[Verdict]:
    projects, refused = gather(Wanted(tuple(paths), here))
    assert not refused
    asking = Asking(only=frozenset({check}))
    prepared = prepare(projects, load(), asking, Kept(None))

    async def going() -> list[tuple[Pending, list[Verdict]]]:
        async with Sandbox(Settings(spares=0)) as sandbox:
            return await carry(prepared, asking, sandbox.carry_out, lambda done, of: None)

    return conclude(prepared, asyncio.run(going()), Kept(None))


def checked(kind: str, here: Path) -> dict[str, str]:
    """The state of each file by its name, as real tools in the real sandbox give it."""
    for path, text in FILES.items():
        (here / path).parent.mkdir(parents=True, exist_ok=True)
        (here / path).write_text(text)
    paths = [it for it in FILES if it.startswith(kind) and Path(it).suffix == f".{kind}"]
    try:
        told = _checked(paths, here, TYPES[kind])
    except Unavailable as error:
        pytest.skip(f"no sandbox on this machine: {error.what}; {error.remedy}")
    missing = [it for it in told if "is not installed" in it.note]
    if missing:
        pytest.skip(f"{missing[0].note}: {missing[0].remedy}")
    return {it.path.partition("/")[2]: it.state.value for it in told}


@pytest.mark.slow
def test_mypy_checks_the_rest_for_itself_and_says_nothing_of_what_imports_it(
    tmp_path: Path,
) -> None:
    assert checked("py", tmp_path) == {
        "bad.py": "failed",
        "worse.py": "failed",
        "good.py": "passed",
        "wrong.py": "failed",
        "uses.py": "skipped",
        "a/same.py": "passed",
        "b/same.py": "failed",
    }


@pytest.mark.slow
def test_tsc_checks_types_of_the_rest_though_it_ends_with_wrong_syntax(tmp_path: Path) -> None:
    assert checked("ts", tmp_path) == {
        "bad.ts": "failed",
        "good.ts": "passed",
        "wrong.ts": "failed",
        "uses.ts": "skipped",
    }


@pytest.mark.slow
def test_go_vet_passes_no_file_of_a_package_that_does_not_compile(tmp_path: Path) -> None:
    assert checked("go", tmp_path) == {
        "a/bad.go": "failed",
        "a/good.go": "skipped",
        "b/wrong.go": "failed",
        "c/uses.go": "skipped",
    }


@pytest.mark.slow
def test_cargo_passes_no_file_of_a_crate_that_cannot_be_parsed(tmp_path: Path) -> None:
    assert checked("rs", tmp_path) == {
        "src/bad.rs": "failed",
        "src/lib.rs": "skipped",
        "src/good.rs": "skipped",
    }


def test_a_file_is_named_by_its_word_or_by_its_folders() -> None:
    assert names("pkg/bad.py", b"from pkg import bad\n")
    assert names("pkg/__init__.py", b"import pkg.other\n")
    assert names("web/index.ts", b'import x from "./web";\n')
    assert not names("pkg/bad.py", b"badly = 1\n")
