"""What is compared unasked is a list with a date and a source, at the prices of the day."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from headgate.money.catalog import Catalog, PriceRules
from headgate.money.offered import offered

CATALOG = Catalog.load(PriceRules(ceiling=False))
DAY = datetime(2026, 11, 21, tzinfo=UTC)


def test_every_model_of_the_list_has_a_listed_price() -> None:
    found = offered(CATALOG, DAY)
    assert len(found) > 20
    assert {it.rates.priced_by for it in found} == {"catalog"}
    assert len({it.model for it in found}) == len(found)


def test_the_prices_are_those_of_the_day() -> None:
    before, after = (
        next(
            it.rates.lines()[1].usd
            for it in offered(CATALOG, day)
            if it.model == "claude-sonnet-5-5"
        )
        for day in (datetime(2026, 10, 1, tzinfo=UTC), DAY)
    )
    assert after < before


def test_a_model_without_a_price_is_left_out(tmp_path: Path) -> None:
    row = '[[maker]]\nprovider = "anthropic"\nmodels = ["nobody-knows-it"]\n'
    (tmp_path / "c.toml").write_text(f'{row}checked = 2026-11-21\nsource = "S"\n')
    assert offered(CATALOG, DAY, tmp_path / "c.toml") == ()


def test_a_row_without_a_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "c.toml").write_text('[[maker]]\nprovider = "x"\nmodels = []\n')
    with pytest.raises(ValueError, match="a maker needs"):
        offered(CATALOG, DAY, tmp_path / "c.toml")
