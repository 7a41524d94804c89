"""A pack is data with a contract; its cases agree with what keeps the contract."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headgate.validate.gather import Refusal
from headgate.validate.pack import Case, listed, load, spread

ROOT = Path(__file__).parent / "solutions"


def solutions(name: str) -> Any:
    place = ROOT / f"{name.replace('-', '_')}.py"
    spec = importlib.util.spec_from_file_location(place.stem, place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def keeps(solution: Callable[..., Any], case: Case) -> bool:
    try:
        made = solution(*case.args)
        if case.calls is None:
            return bool(made == case.returns) and not case.raises
        said = [getattr(made, it.method)(*it.args) == it.returns for it in case.calls]
    except Exception:  # noqa: BLE001 - whatever it refuses with
        return case.raises
    return all(said) and not case.raises


@pytest.mark.parametrize("name", listed())
def test_what_keeps_the_contract_passes_every_case_and_what_breaks_it_does_not(
    name: str,
) -> None:
    pack, told = load(name, Path()), solutions(name)
    assert [it.name for it in pack.cases if not keeps(told.right, it)] == []
    for wrong in told.WRONG:
        assert any(not keeps(wrong, it) for it in pack.cases), wrong
    assert len(told.WRONG) >= 3
    assert len({it.name for it in pack.cases}) == len(pack.cases) >= 20
    assert {"python", "javascript", "typescript"} <= pack.entries.keys()
    assert pack.entries.keys() == pack.signatures.keys()
    for language, entry in pack.entries.items():
        assert entry in pack.signatures[language]


def test_something_long_is_written_out() -> None:
    text = {"$repeat": "ab", "times": 2, "before": "<", "after": ">"}
    assert spread({"a": [text]}) == {"a": ["<abab>"]}
    assert spread({"$repeat": {"x": 1}, "times": 2}) == [{"x": 1}, {"x": 1}]
    assert spread({"$each": "{n};", "times": 3, "before": ">"}) == ">0;1;2;"
    assert spread({"$each": ["k{n}", "{n}"], "times": 2}) == [["k0", 0], ["k1", 1]]
    assert spread({"$each": {"{n}": 1}, "times": 2}) == [{0: 1}, {1: 1}]
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


def test_whoever_calls_it_otherwise_says_so(tmp_path: Path) -> None:
    assert load("csv-parser=load_rows", tmp_path).entries["python"] == "load_rows"
    cache = load("lru-cache=Cache, put=store,get=fetch", tmp_path)
    assert cache.entries["typescript"] == "Cache"
    assert cache.methods == {"put": "store", "get": "fetch"}


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ("csv-parser=load-rows", "load-rows is no name"),
        ("csv-parser=", "is no name"),
        ("csv-parser=f,put=store", "calls no method put"),
        ("lru-cache=Cache,put=2", "2 is no name"),
        ("csv=load_rows", "no pack csv"),
    ],
)
def test_a_name_that_is_none_is_refused(tmp_path: Path, said: str, what: str) -> None:
    with pytest.raises(Refusal, match=what):
        load(said, tmp_path)


def test_a_folder_may_have_such_a_name_itself(tmp_path: Path) -> None:
    (tmp_path / "a=b").mkdir()
    (tmp_path / "a=b" / "pack.toml").write_text('contract = "adds"\n')
    (tmp_path / "a=b" / "test_add.py").write_text("def test_it():\n    assert True\n")
    assert load("a=b", tmp_path).name == "a=b"
    with pytest.raises(Refusal, match="asks for no function"):
        load("a=b=f", tmp_path)
