from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from headgate.sandbox import toolchains
from headgate.sandbox.languages import r
from headgate.sandbox.model import Job, Runtime
from tests.toolchains import here

RUNTIME = Runtime("r", "4.2", "program", program="R")


def test_a_script_is_parsed_whole_before_its_first_line_runs() -> None:
    build, run = r.plan(RUNTIME, Job("r", "1", args=("x",))).steps
    assert build.is_build
    assert build.argv[-2:] == ("--args", "main.R")
    assert run.argv[-2:] == ("--args", "x")


def test_a_mark_of_byte_order_is_taken_off() -> None:
    assert r.plan(RUNTIME, Job("r", "\ufeff1")).files[0].data == b"1"


def test_without_r_it_is_missing_and_no_index_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(toolchains, "located", lambda name: "")
    found = r.find()
    assert found == r.MISSING
    assert not r.MISSING.package


def output(code: str, folder: Path) -> str:
    found = here("r")
    order = r.plan(found, Job("r", code))
    (folder / "main.R").write_bytes(order.files[0].data)
    env = {**dict(found.env), "OUTPUT_DIR": str(folder)}
    done = subprocess.run(order.steps[1].argv, cwd=folder, env=env, capture_output=True,
                          text=True, timeout=30, check=False)  # fmt: skip
    return done.stdout + done.stderr


@pytest.mark.slow
def test_r_is_found_behind_its_shell_script_with_its_packages() -> None:
    found = here("r")
    assert found.program.endswith("/exec/R")
    assert dict(r.packages(found))["stats"] == found.version


@pytest.mark.slow
def test_a_plot_is_kept_and_values_are_shown_as_at_its_prompt(tmp_path: Path) -> None:
    assert output("plot(1:3)\nx <- 4\nx\ninvisible(5)", tmp_path) == "[1] 4\n"
    assert (tmp_path / "plot001.png").read_bytes()[1:4] == b"PNG"


@pytest.mark.slow
def test_a_caught_error_is_not_told_and_a_script_knows_that_it_is_the_outermost(
    tmp_path: Path,
) -> None:
    code = 'tryCatch(stop("a"), error = function(e) cat("b"))\nif (sys.nframe() == 0) cat("c")'
    assert output(code, tmp_path) == "bc"


@pytest.mark.slow
def test_a_package_that_is_not_there_is_said_with_the_line(tmp_path: Path) -> None:
    said = output("x <- 1\nlibrary(nowhere)", tmp_path)
    assert "main.R:2: Error" in said
    assert "nowhere" in said
