"""The workloads that ship: enough of each family, each with answers reckoned another way."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from headgate.bench.interpreter.checking import _LINE, differs, wrong_in
from headgate.bench.interpreter.looking import wrong_with
from headgate.bench.interpreter.reading import read_all
from headgate.bench.interpreter.workload import FAMILIES, Cell, Value, Workload
from headgate.sandbox.model import Result, Status

THEM = read_all()


def test_each_family_has_eight_workloads_at_least() -> None:
    counts = Counter(it.family for it in THEM)
    assert set(counts) == set(FAMILIES)
    assert min(counts.values()) >= 8


def test_data_is_transformed_from_ten_thousand_to_a_million_rows() -> None:
    rows = [it.rows for it in THEM if it.family == "transformation"]
    assert min(rows) == 10_000
    assert max(rows) == 1_000_000


def test_every_workload_says_where_its_answers_come_from() -> None:
    assert not [it.id for it in THEM if not (it.reckoned or it.source)]
    assert not [it.id for it in THEM if not it.tags]


def test_an_empty_program_is_right_nowhere() -> None:
    empty = Result(status=Status.OK)
    assert not [it.id for it in THEM if not wrong_in(empty, it)]


def test_a_whole_number_that_is_off_by_one_is_wrong_however_large_it_is() -> None:
    cells = [(it.id, cell) for it in THEM for table in it.tables for cell in table.cells]
    values = [(it.id, value) for it in THEM for value in it.values]
    both: list[tuple[str, Value | Cell]] = [*cells, *values]
    for name, one in both:
        whole = one.text if one.text and one.text.isdecimal() else one.number
        if whole is None or float(whole) % 1 or one.within > 1e-9:
            continue
        assert differs(str(int(whole)), one) == "", name
        assert differs(str(int(whole) + 1), one), name
        assert differs(str(int(whole) - 1), one), name


AS_IT_IS, CLEARED, NAMELESS = (
    "",
    """
for one in fig.axes:
    for it in [*one.patches, *one.lines, *one.collections, *one.images]:
        it.remove()
""",
    """
for one in fig.axes:
    one.set(title="", xlabel="", ylabel="", xticklabels=[], yticklabels=[])
""",
)
DRAW = """
import json, os, sys
for folder, code in json.load(sys.stdin):
    os.makedirs(folder)
    os.environ["OUTPUT_DIR"] = folder
    exec(code, {})
"""


@pytest.mark.slow
def test_a_chart_that_is_empty_or_has_no_labels_is_wrong(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    charts = [it for it in THEM if it.pictures]
    manners = (AS_IT_IS, CLEARED, NAMELESS)
    both = [(it, at) for it in charts for at in range(len(manners))]
    orders = [
        (
            str(tmp_path / f"{it.id}-{at}"),
            it.code.replace("fig.savefig(", f"{manners[at]}\nfig.savefig(", 1),
        )
        for it, at in both
    ]
    subprocess.run(
        [sys.executable, "-c", DRAW], input=json.dumps(orders).encode(), timeout=120, check=True
    )
    told = {
        (it.id, manners[at]): next(filter(None, _wrong(it, Path(folder))), "")
        for (it, at), (folder, _) in zip(both, orders, strict=True)
    }
    for it in charts:
        assert told[it.id, AS_IT_IS] == ""
        assert told[it.id, CLEARED], it.id
        if any(picture.labels for picture in it.pictures):
            assert "no labels" in told[it.id, NAMELESS]


def _wrong(it: Workload, folder: Path) -> Iterator[str]:
    return (wrong_with(one, (folder / one.file).read_bytes()) for one in it.pictures)


@pytest.mark.slow
@pytest.mark.parametrize("it", [it for it in THEM if it.reckoned], ids=lambda it: it.id)
def test_the_answers_follow_from_a_program_of_the_standard_library(
    it: Workload, tmp_path: Path
) -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", it.reckoned],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    said = dict(_LINE.findall(done.stdout))
    for value in it.values:
        assert differs(said[value.name], value) == "", value.name
    cells = [cell for table in it.tables for cell in table.cells]
    for cell in cells:
        name = f"row {cell.row} {cell.column}"
        assert differs(said[name], cell) == "", name
