from __future__ import annotations

from pathlib import Path

import pytest

from headgate.sandbox import toolchains
from headgate.sandbox.language import Missing
from headgate.sandbox.languages import rust
from headgate.sandbox.model import File, Job, Runtime
from tests.toolchains import here

RUNTIME = Runtime("rust", "1.95.0", "program", program="bin/rustc")


def test_a_single_file_is_compiled_by_rustc_with_its_checks_on() -> None:
    build, run = rust.plan(RUNTIME, Job("rust", "fn main() {}", args=("x",))).steps
    assert build.argv[0] == "bin/rustc"
    assert "-Coverflow-checks=on" in build.argv
    assert build.is_build
    assert run.argv == ("./main", "x")


def test_a_package_is_built_and_run_by_cargo_offline() -> None:
    job = Job("rust", "fn main() {}", files=(File("Cargo.toml", b""), File("src/a.rs", b"")))
    order = rust.plan(RUNTIME, job)
    assert [step.argv[:3] for step in order.steps] == [
        ("bin/cargo", "build", "--offline"),
        ("bin/cargo", "run", "--offline"),
    ]
    assert [file.path for file in order.files] == ["Cargo.toml", "src/a.rs", "src/main.rs"]


@pytest.mark.slow
def test_the_compiler_itself_is_found_and_not_rustups_link_to_it() -> None:
    found = here("rust")
    assert Path(found.program).resolve().name == "rustc"
    assert ".cargo" not in found.program
    assert rust.packages(found) == [("std", found.version)]


def test_a_link_of_rustup_is_asked_in_the_home_it_was_installed_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RUSTUP_HOME", raising=False)
    (tmp_path / ".rustup").mkdir()
    link = tmp_path / ".cargo" / "bin" / "rustc"
    assert rust._rustup(str(link)) == {"RUSTUP_HOME": str(tmp_path / ".rustup")}
    assert rust._rustup("/usr/bin/rustc") == {}


def test_rustup_without_a_toolchain_is_told_with_its_own_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(toolchains, "located", lambda name: f"bin/{name}")
    monkeypatch.setattr(toolchains, "answer", lambda *argv, env: "")
    found = rust.find()
    assert isinstance(found, Missing)
    assert found.remedy == "rustup default stable"


def test_a_missing_linker_is_told_before_any_code_fails_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        toolchains, "located", lambda name: "" if name == "cc" else f"bin/{name}"
    )
    monkeypatch.setattr(toolchains, "answer", lambda *argv, env: "rustc 1.95.0 (x)")
    assert rust.find() == rust.NO_LINKER
