"""Of what Biome says this check takes the format alone."""

from __future__ import annotations

from headgate.validate.checks.biome_format import CHECK
from tests.checking import problems
from tests.validate.checks.test_biome import SAID


def test_the_format_is_told_with_the_command_that_mends_it() -> None:
    (found,) = problems(CHECK, SAID)
    assert (found.rule, found.fix) == ("format", "biome format --write {files}")
