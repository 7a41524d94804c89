"""Where code came from is said by the command, a sidecar, or the head, in that order."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from headgate.validate.origin import Origin, called, fingerprint, joined, read_head, ways


@given(st.text())
def test_a_fingerprint_of_a_fingerprint_is_itself(text: str) -> None:
    one = fingerprint(text)
    assert len(one) == 16 or text.strip() == one
    assert fingerprint(one) == one
    assert fingerprint(f"  {text}\n") == one


def test_the_head_is_read_in_any_comment() -> None:
    assert read_head(b"# headgate: model=m1 prompt=abcdefabcdef call=01X\n") == Origin(
        "abcdefabcdef", "m1", "01X"
    )
    assert read_head(b"/* headgate: model=m2 */\n").model == "m2"
    assert read_head(b"\n" * 30 + b"# headgate: model=late\n") == Origin()


def test_the_command_counts_before_the_sidecar_and_the_sidecar_before_the_head(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.py"
    data = b"# headgate: model=head prompt=parse call=head\n"
    (tmp_path / "a.py.headgate.json").write_text('{"model": "sidecar", "prompt": "a table"}')
    found = joined(ways(Origin(model="command"), path, data), Origin())
    assert found == Origin(fingerprint("a table"), "command", "head")


def test_a_sidecar_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py.headgate.json").write_text("[1]")
    assert joined(ways(Origin(), tmp_path / "a.py", b""), Origin()) == Origin()


def test_what_the_ledger_knows_counts_before_the_head_and_after_the_sidecar(
    tmp_path: Path,
) -> None:
    (tmp_path / "a.py.headgate.json").write_text('{"call": "01X"}')
    said = ways(Origin(), tmp_path / "a.py", b"# headgate: model=head prompt=abcdefabcdef\n")
    assert called(said) == "01X"
    ledger = Origin("fedcbafedcba", "ledger")
    assert joined(said, ledger) == Origin("fedcbafedcba", "ledger", "01X")
    (tmp_path / "a.py.headgate.json").write_text('{"call": "01X", "model": "sidecar"}')
    said = ways(Origin(), tmp_path / "a.py", b"")
    assert joined(said, ledger) == Origin("fedcbafedcba", "sidecar", "01X")
