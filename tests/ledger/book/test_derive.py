"""What the book adds to a row's fingerprint is what the fingerprint says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headgate.ledger.book.columns import ADDED
from headgate.ledger.book.derive import COLUMNS, derived
from headgate.ledger.book.duck import Duck, open_duck
from headgate.policy.chain import printed
from headgate.policy.prefix import PAIR

PAIRS = st.lists(st.tuples(st.binary(min_size=8, max_size=8), st.integers(0, 2**32 - 1)))
NAMES = st.lists(st.sampled_from(["tools", "system", "instructions"]), unique=True)


@pytest.fixture
def duck() -> Iterator[Duck]:
    duck = open_duck()
    duck.execute("CREATE TABLE one (prefix BLOB, opening VARCHAR)")
    yield duck
    duck.close()


def only(duck: Duck, prefix: bytes | None, opening: str) -> dict[str, object]:
    duck.execute("DELETE FROM one")
    duck.execute("INSERT INTO one VALUES (?, ?)", [prefix, opening])
    answer = duck.execute(derived("one"))
    names = [column[0] for column in answer.description]
    return dict(zip(names, answer.fetchall()[0], strict=True))


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(pairs=PAIRS.filter(lambda it: len(it) <= 8), names=NAMES)
@pytest.mark.slow
def test_what_is_derived_is_what_a_reader_of_the_pairs_finds(
    duck: Duck, pairs: list[tuple[bytes, int]], names: list[str]
) -> None:
    packed = b"".join(PAIR.pack(*pair) for pair in pairs)
    opening = ",".join(names[: len(pairs)])
    row = only(duck, packed, opening)
    assert row["chain"] == [int.from_bytes(h, "big") for h, _ in pairs]
    assert row["cover"] == [covered for _, covered in pairs]
    read = printed(packed, opening)
    assert row["head"] == int.from_bytes(read.opening if read else b"", "big")
    assert row["head_bytes"] == (read.opening_size if read else 0)


@pytest.mark.parametrize(("prefix", "opening"), [(None, ""), (b"", ""), (b"", "tools")])
def test_a_row_without_fingerprints_has_an_unknown_head(
    duck: Duck, prefix: bytes | None, opening: str
) -> None:
    row = only(duck, prefix, opening)
    assert (row["chain"], row["cover"], row["head"], row["head_bytes"]) == ([], [], 0, 0)


def test_the_one_hash_of_a_short_body_is_no_system_prompt(duck: Duck) -> None:
    row = only(duck, PAIR.pack(b"\1" * 8, 900), "")
    assert (row["chain"], row["head"]) == ([0x0101010101010101], 0)


def test_an_opening_that_names_more_than_was_hashed_has_an_unknown_head(duck: Duck) -> None:
    assert only(duck, PAIR.pack(b"\1" * 8, 900), "tools,system")["head"] == 0


def test_what_is_derived_has_the_types_of_the_book(duck: Duck) -> None:
    found = {row[0]: row[1] for row in duck.execute(f"DESCRIBE {derived('one')}").fetchall()}
    kinds = {it.name: it.kind for it in ADDED}
    assert {name: found[name] for name in COLUMNS} == {name: kinds[name] for name in COLUMNS}
