"""What rustc 1.95 said, by itself and through cargo, is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.cargo_check import CHECK
from tests.checking import asked, problems, read

RUSTC = (
    '{"$message_type":"diagnostic","message":"mismatched types","code":{"code":"E0308",'
    '"explanation":null},"level":"error","spans":[{"file_name":"bad.rs","line_start":2,'
    '"line_end":2,"column_start":15,"column_end":18,"is_primary":true}],"children":[{"message":'
    '"try this","level":"help","spans":[],"children":[]}],"rendered":"x"}\n'
)
CARGO = '{"reason":"compiler-message","package_id":"x","message":' + RUSTC.strip() + "}\n"


def test_the_compilers_words_are_the_same_through_cargo() -> None:
    wanted = [(2, 15, "error", "E0308")]
    assert read(CHECK, "", RUSTC) == wanted
    assert (
        read(CHECK, CARGO + '{"reason":"build-finished","success":false}\n', "", 101) == wanted
    )
    assert problems(CHECK, "", RUSTC)[0].fix == "try this"


def test_a_failure_without_words_is_not_taken_for_a_pass() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "error: no matching package named `serde` found", 101)


def test_a_file_without_a_project_goes_to_the_compiler() -> None:
    assert CHECK.plan(asked("bad.rs", tool="bin/cargo"))[0].argv[0] == "bin/rustc"
    words = CHECK.plan(asked("bad.rs", tool="bin/cargo", Cargo__toml=""))[0].argv
    assert words[:3] == ("bin/cargo", "check", "--offline")
