"""Where code came from is said by the command, a sidecar, or the head, in that order."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from headgate.validate.origin import Origin, fingerprint, origin, read_head


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
    found = origin(Origin(model="command"), path, data)
    assert found == Origin(fingerprint("a table"), "command", "head")


def test_a_sidecar_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "a.py.headgate.json").write_text("[1]")
    assert origin(Origin(), tmp_path / "a.py", b"") == Origin()
