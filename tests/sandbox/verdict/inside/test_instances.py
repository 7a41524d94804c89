"""The instances of generic code are read from what the compiler of the tests left."""

from __future__ import annotations

from pathlib import Path

from headgate.sandbox.verdict.inside import instances


def test_instances_of_go_are_written_with_their_imports(tmp_path: Path) -> None:
    names = [
        "judged..dict.Map[int,string]", "judged..dict.Map[judged.P,time.Duration]",
        "judged..dict.Map[judged.L.1,int]", "slices..dict.Map[int,int]",
        "judged..dict.Box[map[string]encoding/json.Number]",
    ]  # fmt: skip
    binary, more = tmp_path / "made", tmp_path / "more.go"
    binary.write_bytes(b"\0".join(it.encode() for it in names) + b"\0")
    instances.write(
        {"language": "go", "binary": str(binary), "path": str(more), "own": ["judged"],
         "generic": {"Map": [["Map", "Map[@]"]], "Box": [["Box.Get", "(*Box[@]).Get"]]}}
    )  # fmt: skip
    text = more.read_text()
    assert 'hgAdd(hgKey("Map", hgOf[int](), hgOf[string]()), Map[int, string])' in text
    assert "Map[P, time.Duration]" in text
    assert "(*Box[map[string]json.Number]).Get" in text
    assert 'import "encoding/json"' in text
    assert "L.1" not in text
    assert text.count("hgAdd(") == 3


def test_a_number_that_rust_is_told_as_a_type_stands_as_a_size() -> None:
    late = {"keys": ["turn"], "known": ["i32"]}
    text = instances.rust(b"\0judge::hg_inst::turn<(i32, [(); 3])>\0", late)
    assert "hg_at_turn::<i32, 3>(from, out)" in text


def test_commas_in_brackets_split_nothing() -> None:
    assert instances.split("a, map[b, c]d, (e, f), G<h, i>") == [
        "a", "map[b, c]d", "(e, f)", "G<h, i>"
    ]  # fmt: skip
