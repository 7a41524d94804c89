"""Names both vendors accept, the same every time, and the way back."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from headgate.wire.meaning import Tool
from headgate.wire.naming import LONGEST_ID, Lexicon, accepted, call_id, hidden

NAMES = st.text(min_size=1, max_size=100)
LEGAL = re.compile(r"[a-zA-Z0-9_-]+")


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(["", "clock", "files"])), unique=True),
    st.sampled_from([64, 128]),
)
def test_every_alias_is_legal_unique_and_leads_back(
    names: list[tuple[str, str]], longest: int
) -> None:
    tools = [Tool(name, namespace=space) for name, space in names]
    lexicon = Lexicon(tools, longest)
    aliases = [lexicon.alias(name, space) for name, space in names]
    assert len(set(aliases)) == len(names)
    for alias, (name, space) in zip(aliases, names, strict=True):
        assert LEGAL.fullmatch(alias)
        assert len(alias) <= longest
        spoken = lexicon.spoken(alias)
        assert (spoken.name, spoken.namespace) == (name, space)


@given(NAMES)
def test_a_call_id_is_legal_and_mapped_once(id: str) -> None:
    mapped = call_id(id)
    assert LEGAL.fullmatch(mapped)
    assert len(mapped) <= LONGEST_ID
    assert call_id(mapped) == mapped


@given(NAMES, NAMES)
def test_different_ids_stay_different(one: str, other: str) -> None:
    assert (call_id(one) == call_id(other)) == (one == other)


def test_a_legal_name_is_not_touched() -> None:
    assert accepted("exec_command", 64) == "exec_command"
    assert call_id("toolu_01A-b") == "toolu_01A-b"


def test_a_legal_name_keeps_its_own_whoever_came_first() -> None:
    lexicon = Lexicon([Tool("fs.read/file"), Tool("fs_read_file")], 64)
    assert lexicon.alias("fs_read_file") == "fs_read_file"
    assert re.fullmatch(r"fs_read_file_[0-9a-f]{8}", lexicon.alias("fs.read/file"))


def test_an_illegal_id_keeps_what_can_be_read_of_it() -> None:
    assert re.fullmatch(r"functions_Bash_0_[0-9a-f]{8}", call_id("functions.Bash:0"))
    assert accepted("fs.read/file", 128) == "fs_read_file"


def test_an_unknown_alias_is_the_tool_the_model_invented() -> None:
    assert Lexicon([], 64).spoken("never_offered").name == "never_offered"


@given(st.text())
def test_a_persons_name_is_hidden_once(name: str) -> None:
    once = hidden(name)
    assert re.fullmatch(r"[0-9a-f]{64}", once)
    assert hidden(once) == once
