"""What vendors take a minute is data with a date and a source, found by a model's name."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.money.tiers import Limit, read, tiers_of

USD = 10**9
TABLES = read()

ROW = """
[[tier]]
name = "Only"
models = ["m*"]
rpm = 10
checked = 2026-11-20
source = "a page"
"""


def test_a_model_has_the_limits_of_its_own_kind_on_each_tier_lowest_first() -> None:
    sonnet = tiers_of("claude-sonnet-5-5", TABLES)
    assert [it.tier for it in sonnet] == ["Start", "Build", "Scale"]
    assert [it.rpm for it in sonnet] == [1_000, 5_000, 10_000]
    assert [it.itpm for it in sonnet] == [2_000_000, 5_000_000, 10_000_000]
    assert [it.spend_nusd for it in sonnet] == [500 * USD, 1_000 * USD, 200_000 * USD]
    fable = tiers_of("anthropic/claude-fable-5-2", TABLES)
    assert [it.itpm for it in fable] == [500_000, 1_500_000, 4_000_000]


def test_reads_from_a_cache_count_only_where_the_vendor_says_so() -> None:
    assert not any(it.reads_count for it in tiers_of("claude-sonnet-5-5", TABLES))
    assert all(it.reads_count for it in tiers_of("claude-3-5-haiku-20241022", TABLES))


def test_what_no_row_tells_is_unknown() -> None:
    assert tiers_of("grok-4.7", TABLES) == ()
    (lowest, *_) = tiers_of("gpt-6.1-terra", TABLES)
    assert lowest.spend_nusd == 100 * USD
    assert not lowest.is_known
    assert Limit("x", tpm=1).is_known


def test_every_row_says_as_of_when_and_by_which_source() -> None:
    rows = [row for vendor in TABLES.values() for row in vendor]
    assert len(rows) > 10
    assert all(row["checked"] and row["source"] for row in rows)


@pytest.mark.parametrize(
    ("was", "now"),
    [("source", "sauce"), ("rpm = 10", 'rpm = "10"'), ('["m*"]', '"m*"')],
)
def test_a_row_that_lacks_something_is_refused_with_its_file(
    tmp_path: Path, was: str, now: str
) -> None:
    (tmp_path / "v.toml").write_text(ROW)
    assert read(tmp_path)["v"][0]["rpm"] == 10
    (tmp_path / "v.toml").write_text(ROW.replace(was, now))
    with pytest.raises(ValueError, match=r"v\.toml: a tier needs"):
        read(tmp_path)
