"""`headgate bench report`, `compare`, `power` and `gate` on files of results."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from headgate.bench.results import write
from headgate.cli import main
from tests.bench.runs import drawn, run_of


def bench(*words: str | Path) -> Result:
    return CliRunner().invoke(main, ["bench", *map(str, words)])


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    before, now = tmp_path / "before.json", tmp_path / "now.json"
    write(before, run_of({"one": drawn(0.9, 40, "a"), "two": drawn(0.6, 40, "b")}))
    write(now, run_of({"one": drawn(0.5, 40, "c"), "two": drawn(0.6, 40, "b")}))
    return before, now


def test_a_report_is_shown_and_told_as_json(files: tuple[Path, Path]) -> None:
    assert "right (95 %)" in bench("report", files[0]).stdout
    told = json.loads(bench("report", files[0], "--json").stdout)
    assert [it["arm"] for it in told["arms"]] == ["one", "two"]
    assert told["warnings"] == []


def test_what_must_be_known_first_is_in_json_too(tmp_path: Path) -> None:
    write(tmp_path / "r.json", run_of({"one": [5, 5]}, is_builtin=True))
    told = json.loads(bench("report", tmp_path / "r.json", "--json").stdout)
    assert "no dataset was named" in told["warnings"][0]


def test_two_arms_of_a_file_and_one_of_two_files(files: tuple[Path, Path]) -> None:
    assert "two is worse than one" in bench("compare", files[0]).stdout
    found = bench("compare", *files, "--arm", "one")
    assert "one (now.json) is worse than one (before.json)" in found.stdout
    told = json.loads(bench("compare", *files, "--arm", "two", "--json").stdout)
    assert told["word"] == "not shown different"


def test_a_gate_fails_by_its_exit_code(files: tuple[Path, Path]) -> None:
    found = bench("gate", files[1], "--baseline", files[0])
    assert found.exit_code == 1
    assert "FAILS  one" in found.stdout
    assert "holds  two" in found.stdout
    assert bench("gate", files[0], "--baseline", files[0]).exit_code == 0


def test_power_falls_with_the_difference_that_matters() -> None:
    few = json.loads(bench("power", "--least", "0.1", "--json").stdout)
    many = json.loads(bench("power", "--least", "0.02", "--json").stdout)
    assert all(a["tasks"] < b["tasks"] for a, b in zip(few, many, strict=True))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("report", "gone.json"), "there is no gone.json"),
        (("report", "."), "cannot be read: Is a directory"),
        (("compare", "a", "b", "c"), "one file, or two"),
        (("gate", "gone.json", "--baseline", "gone.json"), "there is no gone.json"),
    ],
)
def test_misuse_is_told(words: tuple[str, ...], said: str) -> None:
    found = bench(*words)
    assert found.exit_code == 2
    assert said in found.stderr


def test_a_gate_that_holds_nothing_does_not_hold(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    other = tmp_path / "other.json"
    write(other, run_of({"three": [5, 5]}))
    found = bench("gate", other, "--baseline", files[0])
    assert found.exit_code == 2
    assert "nothing can be held" in found.stderr


def test_a_gate_tells_what_it_left_out(tmp_path: Path) -> None:
    before, now = tmp_path / "before.json", tmp_path / "now.json"
    write(before, run_of({"one": [5, 5, 5]}))
    write(now, run_of({"one": [5, 5]}))
    assert "1 tasks were not asked alike" in bench("gate", now, "--baseline", before).stderr


@pytest.mark.parametrize(("rate", "least", "most"), [(0.7, 0.9, "0.7"), (0.2, 0.81, "0.8")])
def test_a_difference_that_cannot_be_is_not_planned(
    rate: float, least: float, most: str
) -> None:
    found = bench("power", "--rate", str(rate), "--least", str(least))
    assert found.exit_code == 2
    assert f"--least is {most} at most" in found.stderr


def test_files_that_are_no_results_and_arms_that_are_not_there(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    (tmp_path / "x.json").write_text("{}")
    assert "holds no results" in bench("report", tmp_path / "x.json").stderr
    assert "there are one, two" in bench("compare", files[0], "--arm", "x").stderr
    assert "several arms" in bench("compare", *files).stderr


def test_a_page_and_json_are_given_together(tmp_path: Path, files: tuple[Path, Path]) -> None:
    found = bench("report", files[0], "--html", tmp_path / "p.html", "--json")
    assert json.loads(found.stdout)["arms"]
    assert (tmp_path / "p.html").exists()


def test_a_file_without_arms_and_a_third_arm_are_misuse(
    tmp_path: Path, files: tuple[Path, Path]
) -> None:
    write(
        tmp_path / "none.json", msgspec.structs.replace(run_of({"x": [5]}), arms=(), samples=())
    )
    found = bench("compare", tmp_path / "none.json", files[0])
    assert (found.exit_code, "no arm" in found.stderr) == (2, True)
    three = ("--arm", "one", "--arm", "two", "--arm", "one")
    assert bench("compare", *files, *three).exit_code == 2


def test_a_gate_on_too_few_tasks_says_that_it_can_show_nothing(tmp_path: Path) -> None:
    before, now = tmp_path / "before.json", tmp_path / "now.json"
    write(before, run_of({"one": [5, 5, 5]}))
    write(now, run_of({"one": [0, 0, 0]}))
    found = bench("gate", now, "--baseline", before)
    assert "no loss on 3 tasks can be shown: it takes 5" in found.stderr
    write(now, run_of({"one": [0, 0, 0], "two": [5, 5, 5]}))
    found = bench("gate", now, "--baseline", before)
    assert "two is not in the baseline" in found.stderr


@pytest.mark.parametrize("rate", ["0.7", "0.5", "0.99", "0.01"])
def test_no_plan_is_so_small_that_it_could_not_show_anything(rate: str) -> None:
    most = max(float(rate), 1 - float(rate))
    words = ("--least", str(most), "--alike", "1", "--both", "1", "--json")
    found = bench("power", "--rate", rate, *words)
    assert all(it["tasks"] >= 6 for it in json.loads(found.stdout))
