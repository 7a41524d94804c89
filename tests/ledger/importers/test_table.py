"""Any table of calls is read, by --map or by plain names, or refused with what to say."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.book.duck import open_duck
from headgate.ledger.importers.importer import Refused
from headgate.ledger.importers.reading.usage import HOLDS, WITHOUT
from headgate.ledger.importers.table import IMPORTER, NO_TOKENS
from tests.ledger.importers.exports import lines, opened, read, table, why

NAMES = [
    *("timestamp", "model", "input_tokens", "output_tokens", "cache_read_tokens", "cost_usd"),
    *("api_key", "latency_ms", "status_code", "user_id", "tags"),
]
ROW = [
    *("2026-05-29T13:46:19.963Z", "claude-sonnet-4-5", "1000", "50", "600", "0.00393"),
    *("ci", "1500", "200", "u-1", "nightly"),
]
ODD = ["When?", "Which", "In", "Out", "Paid"]
MAPPING = tuple(zip(("ts", "model", "input", "output", "cost"), ODD, strict=True))


def refusal(path: Path, **options: Any) -> Refused:
    with pytest.raises(Refused) as refused:
        read(IMPORTER, path, **options)
    return refused.value


def test_plain_names_need_no_map(tmp_path: Path) -> None:
    (made,), reading = read(IMPORTER, table(tmp_path / "a.csv", [NAMES, ROW]))
    assert (made.at_us, made.model) == (1_780_062_379_963_000, "claude-sonnet-4-5")
    assert (made.input_fresh, made.cache_read, made.output) == (1_000, 600, 50)
    assert (made.stated_nusd, made.key, made.took_us) == (3_930_000, "ci", 1_500_000)
    assert made.tags == "nightly,user=u-1"
    assert reading.tally.notes == {WITHOUT: 1}


def test_a_map_says_which_column_is_which(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", [ODD, ["1780062379", "gpt-4o", "10", "5", "1.5"]])
    (made,), _ = read(IMPORTER, path, mapping=MAPPING)
    assert (made.at_us, made.input_fresh, made.output) == (1_780_062_379_000_000, 10, 5)
    assert made.stated_nusd == 1_500_000_000


def test_without_a_map_odd_names_are_refused_with_the_columns_and_an_example(
    tmp_path: Path,
) -> None:
    names = ["When", "Model name used", "Prompt size", "Output size"]
    path = table(tmp_path / "a.csv", [names, ["1780062379", "gpt-4o", "10", "5"]])
    assert not IMPORTER.fits(path, path.read_bytes())
    with pytest.raises(Refused) as refused:
        next(IMPORTER.read(opened(path)))
    assert "which column is ts" in refused.value.what
    assert "When, Model name used, Prompt size, Output size" in refused.value.what
    assert refused.value.remedy == (
        "say it: --map ts=When,model=Model name used,input=Prompt size,output=Output size"
    )


def test_what_has_columns_could_be_mapped_and_other_files_could_not() -> None:
    assert IMPORTER.mapped is not None
    assert IMPORTER.mapped(b"When;Which\n1;2\n")
    assert IMPORTER.mapped(b'{"when": 1, "which": 2}')
    assert not IMPORTER.mapped(b"a text, with words and no columns")
    assert IMPORTER.mapped("When;Größe\n1;2\n".encode("utf-16"))
    assert not IMPORTER.mapped(bytes(range(256)))
    assert not IMPORTER.mapped(b"\x00\x9f,\x02;\n\x1b" * 50)


def test_a_transcript_with_such_names_further_down_is_no_table() -> None:
    message = {"model": "claude-opus-5", "usage": {"input_tokens": 5}}
    line = json.dumps({"type": "assistant", "timestamp": "2026-05-29", "message": message})
    assert not IMPORTER.fits(Path("a.jsonl"), line.encode())


def test_a_map_of_what_is_not_there_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "a.csv", [NAMES, ROW])
    assert "there is no colour" in refusal(path, mapping=(("colour", "model"),)).what
    unknown = refusal(path, mapping=(("ts", "moment"),))
    assert "there is no column moment; its columns are: timestamp" in unknown.what


@pytest.mark.parametrize(
    ("mapping", "fresh", "note"),
    [
        ((("input", "input_tokens"),), 1_000, {}),
        ((("input_total", "input_tokens"),), 400, {HOLDS: 1}),
    ],
    ids=["fresh part", "with the cached part"],
)
def test_the_map_decides_whether_the_input_holds_the_cached_part(
    tmp_path: Path, mapping: tuple[tuple[str, str], ...], fresh: int, note: dict[str, int]
) -> None:
    path = table(tmp_path / "a.csv", [NAMES, ROW])
    (made,), reading = read(IMPORTER, path, mapping=mapping)
    assert made.input_fresh == fresh
    assert reading.tally.notes == note


@pytest.mark.parametrize(
    ("names", "cells", "fresh"),
    [
        (["prompt_tokens", "cached_tokens"], ["1000", "600"], 400),
        (["input_tokens", "cached_tokens"], ["1000", "600"], 400),
        (["prompt_tokens", "cached_tokens", "total_tokens"], ["1000", "600", "1650"], 1000),
        (["prompt_tokens", "cached_tokens"], ["100", "600"], 100),
    ],
    ids=["named so", "of OpenAI's model", "the total says otherwise", "less than was cached"],
)
def test_without_a_map_the_total_or_the_vendor_decides(
    tmp_path: Path, names: list[str], cells: list[str], fresh: int
) -> None:
    header = ["timestamp", "model", "output_tokens", *names]
    path = table(tmp_path / "a.csv", [header, [ROW[0], "gpt-4o", "50", *cells]])
    (made,), _ = read(IMPORTER, path)
    assert (made.input_fresh, made.cache_read) == (fresh, 600)


def costs(path: Path, factor: float, rows: int = 40) -> Path:
    """Calls at list price, times some factor."""
    listed = (1_000 * 3 + 50 * 15) / 1_000_000
    found = [
        [f"2026-05-29T13:{number:02}:19Z", "claude-sonnet-4-5", 1_000, 50, listed * factor]
        for number in range(rows)
    ]
    return table(path, [["ts", "model", "input_tokens", "output_tokens", "cost"], *found])


def test_cents_for_dollars_are_refused_until_somebody_says_what_they_are(
    tmp_path: Path,
) -> None:
    path = costs(tmp_path / "a.csv", 100)
    refused = refusal(path)
    assert "its cost is about 100 times what these tokens cost" in refused.what
    assert "40 of 40 rows" in refused.what
    assert "--money cents" in refused.remedy
    assert read(IMPORTER, path, money="cents")[0][0].stated_nusd == 3_750_000
    assert read(IMPORTER, path, money="dollars")[0][0].stated_nusd == 375_000_000


@pytest.mark.parametrize(("factor", "said"), [(1e6, "--money microdollars"), (0.01, "dollars")])
def test_other_round_factors_are_refused_too(tmp_path: Path, factor: float, said: str) -> None:
    assert said in refusal(costs(tmp_path / "a.csv", factor)).remedy


@pytest.mark.parametrize("factor", [1.0, 0.5, 1.25, 20.0], ids=str)
def test_a_discount_or_a_surcharge_is_no_other_unit(tmp_path: Path, factor: float) -> None:
    assert len(read(IMPORTER, costs(tmp_path / "a.csv", factor))[0]) == 40
    assert len(read(IMPORTER, costs(tmp_path / "b.csv", 100, rows=5))[0]) == 5


def test_an_unknown_unit_of_money_is_refused(tmp_path: Path) -> None:
    assert "--money pounds" in refusal(costs(tmp_path / "a.csv", 1), money="pounds").what


def test_columns_of_cents_and_microdollars_say_so_themselves(tmp_path: Path) -> None:
    header = ["ts", "model", "output_tokens", "cost_cents"]
    path = table(tmp_path / "a.csv", [header, [ROW[0], "gpt-4o", "50", "12.5"]])
    assert read(IMPORTER, path)[0][0].stated_nusd == 125_000_000


def test_json_lines_hold_a_usage_as_the_vendor_wrote_it(tmp_path: Path) -> None:
    row = {
        "id": "msg_1",
        "created": 1_780_062_379,
        "model": "claude-sonnet-4-5",
        "usage": {"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 5},
        "stream": True,
    }
    (made,), _ = read(IMPORTER, lines(tmp_path / "a.jsonl", [row]))
    assert (made.id, made.stream) == ("msg_1", 1)
    assert (made.input_fresh, made.cache_read, made.output) == (10, 90, 5)


def test_parquet_is_read_in_its_order_with_its_own_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    duck = open_duck()
    rows = (
        "SELECT TIMESTAMP '2026-05-29 13:46:19' + INTERVAL (i) SECOND AS ts, 'gpt-4o' AS model,"
        " i AS prompt_tokens, 5::DECIMAL(9, 2) AS completion_tokens, 0.25 AS cost"
        " FROM range(5000) t(i) ORDER BY i"
    )
    duck.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)").fetchall()
    duck.close()
    found, _ = read(IMPORTER, path)
    assert [made.input_fresh for made in found] == list(range(5_000))
    assert found[0].at_us == 1_780_062_379_000_000
    assert (found[0].output, found[0].stated_nusd) == (5, 250_000_000)


def test_a_damaged_parquet_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(b"PAR1 and then nothing")
    assert "damaged Parquet" in refusal(tmp_path / "a.parquet").what


def test_rows_without_an_id_are_known_by_their_cells_and_place(tmp_path: Path) -> None:
    other = [*ROW[:3], "51", *ROW[4:]]
    first, _ = read(IMPORTER, table(tmp_path / "a.csv", [NAMES, ROW, ROW, other]))
    again, _ = read(IMPORTER, table(tmp_path / "b.csv", [NAMES, other, ROW, ROW]))
    assert len({made.id for made in first}) == 3
    assert {made.id for made in first} == {made.id for made in again}


def test_a_row_of_a_day_stands_for_its_calls(tmp_path: Path) -> None:
    header = ["date", "slug", "requests", "prompt tokens", "completion tokens"]
    rows = [["2026-05-29", "anthropic/claude-sonnet-4-5", "4115", "70965665", "3009973"]]
    (made,), _ = read(IMPORTER, table(tmp_path / "a.csv", [header, *rows]))
    assert (made.calls, made.span_us) == (4_115, 86_400_000_000)
    assert (made.provider, made.model) == ("anthropic", "claude-sonnet-4-5")


def test_a_table_of_another_locale_is_understood(tmp_path: Path) -> None:
    rows = [
        ["29.05.2026 13:46:19", "gpt-4o", "1.000", "50", "0,0039"],
        ["30.05.2026 9:05", "gpt-4o", "1\u202f234\u202f567", "5", "1.234,56 $"],
    ]
    header = ["timestamp", "model", "prompt_tokens", "completion_tokens", "cost"]
    path = table(tmp_path / "a.csv", [header, *rows], delimiter=";")
    found, _ = read(IMPORTER, path, timezone="Europe/Berlin", money="dollars")
    assert [made.input_fresh for made in found] == [1_000, 1_234_567]
    assert [made.stated_nusd for made in found] == [3_900_000, 1_234_560_000_000]
    assert found[0].at_us == 1_780_055_179_000_000


def test_thousands_in_a_table_that_does_not_tell_name_the_option(tmp_path: Path) -> None:
    header = ["timestamp", "model", "prompt_tokens", "completion_tokens"]
    path = table(tmp_path / "a.csv", [header, [ROW[0], "gpt-4o", "1.234", "5"]])
    found, reading = read(IMPORTER, path)
    assert found == []
    (said,) = why(reading)
    assert "say --decimal ," in said
    assert read(IMPORTER, path, decimal=",")[0][0].input_fresh == 1_234


def test_a_cost_without_tokens_is_told_and_counted(tmp_path: Path) -> None:
    rows = [["date", "model", "cost"], ["2026-08-01", "gpt-4o", "12.50"]]
    said = (("cost", "cost"),)
    (made,), reading = read(IMPORTER, table(tmp_path / "a.csv", rows), mapping=said)
    assert made.stated_nusd == 12_500_000_000
    assert reading.tally.notes == {NO_TOKENS: 1}


def test_dates_that_tell_no_month_from_a_day_are_refused(tmp_path: Path) -> None:
    header = ["timestamp", "model", "prompt_tokens", "completion_tokens"]
    rows = [["3/4/2026", "gpt-4o", "1", "1"]]
    assert "the day from the month" in refusal(table(tmp_path / "a.csv", [header, *rows])).what
    path = table(tmp_path / "b.csv", [header, *rows, ["3/29/2026 1:30 PM", "gpt-4o", "1", "1"]])
    found, _ = read(IMPORTER, path)
    assert [made.at_us // 86_400_000_000 for made in found] == [20_516, 20_541]


def test_bad_rows_are_told_and_the_others_are_read(tmp_path: Path) -> None:
    rows = [
        ROW,
        ["1969-01-01", *ROW[1:]],
        ["2027-01-01", *ROW[1:]],
        [ROW[0], "", *ROW[2:]],
        [*ROW[:2], "many", *ROW[3:]],
        ROW[:5],
        [*ROW, "more"],
        NAMES,
    ]
    found, reading = read(IMPORTER, table(tmp_path / "a.csv", [NAMES, *rows, ROW]))
    assert len(found) == 2
    assert sum(why(reading).values()) == 6
    assert sum(reading.tally.ignored.values()) == 1


PLAIN = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(max_size=400), start=st.sampled_from([b"", b"ts,model,input\n", b"[{", b"{"])
)
def test_no_file_whatsoever_ends_in_a_trace(tmp_path: Path, data: bytes, start: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(start + data)
    IMPORTER.fits(path, path.read_bytes())
    with suppress(Refused):
        for _ in IMPORTER.read(opened(path)):
            pass


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cell=PLAIN
    | st.lists(PLAIN | st.lists(PLAIN, max_size=2), max_size=3)
    | st.dictionaries(st.text(max_size=4), PLAIN | st.lists(PLAIN, max_size=2)),
    field=st.sampled_from(["ts", "model", "usage", "cost", "tags", "status", "input_tokens"]),
)
def test_no_value_whatsoever_ends_in_a_trace(tmp_path: Path, cell: object, field: str) -> None:
    row = {"ts": 1_780_062_379, "model": "gpt-4o", "input_tokens": 5, "usage": {}} | {
        field: cell
    }
    path = tmp_path / "a.jsonl"
    path.write_text(json.dumps([row]))
    with suppress(Refused):
        for _ in IMPORTER.read(opened(path)):
            pass
