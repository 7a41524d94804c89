"""A pack is data with a contract; its cases agree with what keeps the contract."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from headgate.validate.gather import Refusal
from headgate.validate.pack import Case, checks_for, listed, load, spread


def parse_csv(text: str) -> list[dict[str, str]]:
    text = text.removeprefix("\ufeff")
    rows = [it for it in csv.reader(io.StringIO(text, newline=""), strict=True) if it]
    if not rows:
        return []
    head, *rest = rows
    if len(set(head)) < len(head) or any(len(it) > len(head) for it in rest):
        raise ValueError(text)
    return [dict(zip(head, [*it, *[""] * (len(head) - len(it))], strict=True)) for it in rest]


def parse_json(text: str) -> Any:
    def refuse(word: str) -> None:
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)


def parse_date(text: str) -> str:
    if not text.isascii():
        raise ValueError(text)
    text = text.strip()
    for shape, form in (
        (r"\d{4}-\d\d-\d\d", "%Y-%m-%d"),
        (r"\d{8}", "%Y%m%d"),
        (r"\d{1,2} [A-Za-z]{3} \d{4}", "%d %b %Y"),
        (r"\d{1,2} [A-Za-z]+ \d{4}", "%d %B %Y"),
        (r"[A-Za-z]{3} \d{1,2}, \d{4}", "%b %d, %Y"),
        (r"[A-Za-z]+ \d{1,2}, \d{4}", "%B %d, %Y"),
    ):
        if re.fullmatch(shape, text):
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
            return day.isoformat()
    raise ValueError(text)


def retry_wait(status: int, headers: dict[str, str], attempt: int) -> float | None:
    if status not in (408, 425, 429, 500, 502, 503, 504) or attempt >= 5:
        return None
    told = next((it for name, it in headers.items() if name.lower() == "retry-after"), "")
    if re.fullmatch(r"[0-9]+", told):
        return int(told) if int(told) <= 60 else None
    return float(min(8, 0.5 * 2 ** (attempt - 1)))


SOLUTIONS: dict[str, Callable[..., Any]] = {
    "csv-parser": parse_csv,
    "json-parser": parse_json,
    "date-parser": parse_date,
    "http-retry": retry_wait,
}
NAIVE: dict[str, Callable[..., Any]] = {
    "csv-parser": lambda text: [
        dict(zip(text.split("\n")[0].split(","), it.split(","), strict=False))
        for it in text.split("\n")[1:]
    ],
    "json-parser": json.loads,
    "date-parser": lambda text: datetime.fromisoformat(text).date().isoformat(),
    "http-retry": lambda status, headers, attempt: 1.0 if status >= 500 else None,
}


def keeps(solution: Callable[..., Any], case: Case) -> bool:
    try:
        return bool(solution(*case.args) == case.returns) and not case.raises
    except Exception:  # noqa: BLE001 - whatever it refuses with
        return case.raises


@pytest.mark.parametrize("name", listed())
def test_what_keeps_the_contract_passes_every_case_and_what_is_naive_does_not(
    name: str,
) -> None:
    pack = load(name, Path())
    assert [it.name for it in pack.cases if not keeps(SOLUTIONS[name], it)] == []
    assert [it.name for it in pack.cases if not keeps(NAIVE[name], it)] != []
    assert len({it.name for it in pack.cases}) == len(pack.cases) >= 20


@pytest.mark.parametrize("name", listed())
@pytest.mark.parametrize("language", ["python", "javascript", "typescript"])
def test_every_pack_has_checks_for_each_language(name: str, language: str) -> None:
    made = checks_for(load(name, Path()), language)
    assert made is not None
    entry, file = made
    assert entry
    assert b"check" in file.data
    if language == "python":
        told: dict[str, Any] = {}
        exec(file.data, told)  # noqa: S102 - our own words
        told["check"](SOLUTIONS[name])
        with pytest.raises(AssertionError):
            told["check"](lambda *args: object())


def test_something_long_is_written_out() -> None:
    text = {"$repeat": "ab", "times": 2, "before": "<", "after": ">"}
    assert spread({"a": [text]}) == {"a": ["<abab>"]}
    assert spread({"$repeat": {"x": 1}, "times": 2}) == [{"x": 1}, {"x": 1}]
    with pytest.raises(ValueError, match="repeat of"):
        spread({"$repeat": "a", "times": 10**9})


def test_a_folder_of_ones_own_is_a_pack(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "pack.toml").write_text('contract = "adds"\n')
    (tmp_path / "mine" / "test_add.py").write_text("def test_it():\n    assert True\n")
    pack = load("mine", tmp_path)
    assert [it.path for it in pack.tests] == ["test_add.py"]


@pytest.mark.parametrize("text", ["", "contract = 1\n[entry", 'contract = "x"\n'])
def test_a_pack_that_cannot_be_read_is_refused_with_words(tmp_path: Path, text: str) -> None:
    (tmp_path / "pack.toml").write_text(text)
    with pytest.raises(Refusal, match="cannot be read"):
        load(".", tmp_path)


def test_an_unknown_pack_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        load("csv", tmp_path)
    assert "csv-parser" in refused.value.remedy
