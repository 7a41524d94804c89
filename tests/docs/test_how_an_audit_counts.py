"""The page on how an audit counts: its worked example is computed by the code that audits."""

from __future__ import annotations

import pytest

from headgate.policy import lattice
from tests.shape.tree import ROOT

PAGE = ROOT / "docs" / "concepts" / "how-an-audit-counts.md"
CHANGES = ("cache", "cheaper model", "batch")
WAYS = ((), ("cache",), ("cheaper model",), ("batch",), CHANGES[:2], CHANGES[1:])
"""what the columns of the first table stand for"""


def table(first: str) -> dict[str, list[str]]:
    """The rows of the table whose first heading is that, by their names."""
    _, _, text = PAGE.read_text().partition(f"\n| {first} |")
    rows = [line.strip("|").split("|") for line in text.partition("\n\n")[0].splitlines()[2:]]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in rows}


def groups() -> list[dict[frozenset[str], float]]:
    return [
        {frozenset(way): float(cell) for way, cell in zip(WAYS, cells, strict=True) if cell}
        for cells in table("feature").values()
    ]


def test_the_tables_are_what_the_code_computes() -> None:
    saved = lattice.savings(groups(), CHANGES)
    shares = lattice.shapley(saved, CHANGES)
    forth = lattice.waterfall(saved, CHANGES)
    back = list(reversed(lattice.waterfall(saved, CHANGES[::-1])))
    found = {
        change: [saved[frozenset((change,))], shares[change], forth[at], back[at]]
        for at, change in enumerate(CHANGES)
    }
    found["together"] = [sum(cells) for cells in zip(*found.values(), strict=True)]
    shown = {name: [float(it) for it in cells] for name, cells in table("change").items()}
    assert shown.keys() == found.keys()
    for name, cells in shown.items():
        assert cells == pytest.approx(found[name], abs=0.011), name


def test_the_bill_and_what_is_saved_of_it_are_as_said() -> None:
    text = " ".join(PAGE.read_text().split())
    whole = lattice.savings(groups(), CHANGES)
    bill = sum(it[frozenset()] for it in groups())
    assert f"a bill of ${bill:,.2f}" in text
    alone = sum(whole[frozenset((it,))] for it in CHANGES)
    assert f"the three save {100 * alone / bill:.1f} % of the bill" in text
    assert f"Together they save {100 * whole[frozenset(CHANGES)] / bill:.1f} %" in text
