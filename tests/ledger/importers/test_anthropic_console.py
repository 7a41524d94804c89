"""Usage CSVs of Anthropic's console, of every year, become rows that stand for days."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.ledger.importers.anthropic_console import EMPTY, IMPORTER
from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.reading.values import DAY_US
from tests.ledger.importers.exports import opened, read, why

OLDEST = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count\n"
    "2025-03-22,claude-3-7-sonnet-20250219,ci,Default,standard,1000,200,300,50,2\n"
)
OLD = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,"
    "usage_input_tokens_cache_read,usage_output_tokens,web_search_count\n"
    "2025-11-22,claude-sonnet-4-20250514,ci,Default,batch,1000,200,100,300,50,0\n"
)
HEADER = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
    "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,"
    "usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,usage_output_tokens,"
    "web_search_count,inference_geo,speed"
)
ROWS = (
    "2026-08-05,claude-opus-5,Closer,Default,standard,≤ 200k,46981,15969,0,7,16932,1,global,",
    "2026-08-05,claude-opus-5,Closer,Default,standard,> 200k,900000,0,0,0,10,0,us,fast",
    '2026-08-06,claude-opus-5,"key, quoted",Default,standard,≤ 200k,0,0,0,0,0,0,not_available,',
)
NEW = "\n".join((HEADER, *ROWS)) + "\n"


def written(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_text(text, encoding=encoding, newline="")
    return path


def test_a_row_stands_for_a_day_whose_calls_nobody_counted(tmp_path: Path) -> None:
    (first, long), reading = read(IMPORTER, written(tmp_path / "a.csv", NEW))
    assert (first.span_us, first.calls, first.at_us % DAY_US) == (DAY_US, 0, 0)
    assert (first.input_fresh, first.cache_write_5m) == (46_981, 15_969)
    assert (first.cache_read, first.output, first.web_searches) == (7, 16_932, 1)
    assert (first.model, first.provider) == ("claude-opus-5", "anthropic")
    assert (first.key, first.team) == ("Closer", "Default")
    assert (first.tier, first.geo, first.speed, first.each_input) == ("", "", "", 0)
    assert (long.geo, long.speed, long.each_input) == ("us", "fast", 200_001)
    assert reading.tally.ignored == {EMPTY: 1}


def test_files_of_2025_have_fewer_columns(tmp_path: Path) -> None:
    (oldest,), _ = read(IMPORTER, written(tmp_path / "a.csv", OLDEST))
    (old,), _ = read(IMPORTER, written(tmp_path / "b.csv", OLD))
    assert (oldest.cache_write_5m, oldest.cache_read, oldest.web_searches) == (200, 300, 2)
    assert (old.cache_write_5m, old.cache_write_1h, old.tier) == (200, 100, "batch")


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_any_encoding_of_a_spreadsheet_is_read(tmp_path: Path, encoding: str) -> None:
    text = NEW.replace("≤", "<=") if encoding == "cp1252" else NEW
    text = text.replace("Closer", "Größe")
    found, _ = read(IMPORTER, written(tmp_path / "a.csv", text, encoding))
    assert [made.output for made in found] == [16_932, 10]
    assert found[0].key == "Größe"


def test_a_table_with_semicolons_and_dates_of_elsewhere_says_the_same(tmp_path: Path) -> None:
    text = NEW.replace(",", ";").replace("key; quoted", "key").replace("900000", "900.000")
    text = text.replace("2026-08-05", "05.08.2026").replace("2026-08-06", "06.08.2026")
    found, _ = read(IMPORTER, written(tmp_path / "a.csv", text))
    plain, _ = read(IMPORTER, written(tmp_path / "b.csv", NEW))
    assert [it._replace(id="") for it in found] == [it._replace(id="") for it in plain]


def test_exports_that_overlap_agree_in_their_ids_and_the_fuller_row_wins(
    tmp_path: Path,
) -> None:
    early, _ = read(IMPORTER, written(tmp_path / "a.csv", NEW))
    late, _ = read(IMPORTER, written(tmp_path / "b.csv", NEW.replace("16932", "99999")))
    assert [made.id for made in early] == [made.id for made in late]
    assert early[0].rank < late[0].rank
    assert len({made.id for made in early}) == 2


def test_an_old_and_a_new_export_of_one_day_agree_in_their_ids(tmp_path: Path) -> None:
    row = "2026-08-05,claude-opus-5,Closer,Default,standard,46981,15969,0,7,16932,1"
    old = OLD.partition("\n")[0] + f"\n{row}\n"
    (before,), _ = read(IMPORTER, written(tmp_path / "a.csv", old))
    after, _ = read(IMPORTER, written(tmp_path / "b.csv", NEW))
    assert before.id == after[0].id
    assert before._replace(key="") == after[0]._replace(key="")


def test_two_keys_of_one_name_are_two_rows_of_an_export_and_of_one_that_overlaps(
    tmp_path: Path,
) -> None:
    twin = ROWS[0].replace("46981", "1")
    text = "\n".join((HEADER, ROWS[0], twin)) + "\n"
    found, _ = read(IMPORTER, written(tmp_path / "a.csv", text))
    joined, _ = read(IMPORTER, written(tmp_path / "b.csv", text + text))
    assert [made.input_fresh for made in found] == [46_981, 1]
    assert len({made.id for made in found}) == len({made.id for made in joined}) == 2


def test_files_of_two_years_can_be_joined(tmp_path: Path) -> None:
    found, reading = read(IMPORTER, written(tmp_path / "a.csv", NEW + OLD + OLDEST))
    assert [made.cache_write_1h for made in found] == [0, 0, 100, 0]
    assert not why(reading)


def test_numbers_in_a_column_that_nobody_knows_are_told(tmp_path: Path) -> None:
    text = OLD.replace("web_search_count", "usage_hologram_tokens").replace(",50,0", ",50,8")
    _, reading = read(IMPORTER, written(tmp_path / "a.csv", text))
    assert reading.tally.notes == {
        "it has numbers in a column that is not known: usage_hologram_tokens": 1
    }


def test_bad_rows_are_told_and_counted(tmp_path: Path) -> None:
    bad = [ROWS[0].replace("2026-08-05", "5th"), ROWS[0].replace("46981", "1.5"), ROWS[0][:60]]
    text = "\n".join((HEADER, ROWS[0], *bad))
    found, reading = read(IMPORTER, written(tmp_path / "a.csv", text))
    assert len(found) == 1
    assert sum(why(reading).values()) == 3


def test_a_missing_column_is_named_and_a_header_alone_is_no_mistake(tmp_path: Path) -> None:
    cut = written(tmp_path / "a.csv", NEW.replace("usage_output_tokens", "other"))
    with pytest.raises(Refused, match="no column usage_output_tokens"):
        next(IMPORTER.read(opened(cut)))
    assert read(IMPORTER, written(tmp_path / "b.csv", HEADER + "\n"))[0] == []


def test_the_same_rows_are_a_report_to_compare_with(tmp_path: Path) -> None:
    assert IMPORTER.reported is not None
    reading = opened(written(tmp_path / "a.csv", OLD))
    (line,) = IMPORTER.reported(reading)
    assert (line.provider, line.account, line.model) == (
        "anthropic",
        "Default",
        "claude-sonnet-4-20250514",
    )
    assert (line.day, line.tier, line.line, line.output) == (20_414, "batch", "", 50)
    assert (line.requests, line.cost_nusd) == (None, None)


def test_a_cost_csv_is_another_format() -> None:
    head = b"usage_date_utc,model,workspace,api_key,usage_type,token_type,cost_usd\n"
    assert not IMPORTER.fits(Path("a.csv"), head)
