"""A Tally counts everything, and shows the first examples."""

from __future__ import annotations

from pathlib import Path

from headgate.ledger.importers.importer import EXAMPLES, Refused, Tally


def test_a_tally_counts_all_wrong_lines_and_keeps_the_first_as_examples() -> None:
    tally = Tally()
    for line in range(1, 2 * EXAMPLES):
        tally.wrong(Path("a.jsonl"), line, "torn")
    assert tally.malformed["torn"] == 2 * EXAMPLES - 1
    assert tally.examples == [("a.jsonl", line, "torn") for line in range(1, EXAMPLES + 1)]


def test_tallies_of_two_files_add_up() -> None:
    one, two = Tally(lines=3), Tally(lines=4)
    one.wrong(Path("a"), 1, "torn")
    two.wrong(Path("b"), 2, "torn")
    two.ignored["user"] += 2
    two.notes["late"] += 1
    one.add(two)
    assert (one.lines, one.malformed["torn"], one.ignored["user"]) == (7, 2, 2)
    assert one.notes["late"] == 1
    assert one.examples == [("a", 1, "torn"), ("b", 2, "torn")]


def test_a_refusal_carries_its_remedy() -> None:
    assert Refused("no column", "name it").remedy == "name it"
