"""What bash 5.2 said is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.bash_syntax import CHECK
from tests.checking import read


def test_the_mistake_is_told_once_although_bash_quotes_its_line() -> None:
    said = "./bad.sh: line 2: syntax error near unexpected token `fi'\n./bad.sh: line 2: `fi'\n"
    assert read(CHECK, "", said, 2) == [(2, 0, "error", "syntax")]


def test_a_failure_without_words_is_not_taken_for_a_pass() -> None:
    with pytest.raises(Unreadable):
        read(CHECK, "", "", 1)
