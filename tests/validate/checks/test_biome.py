"""What Biome 2.6.8 printed is understood."""

from __future__ import annotations

import pytest

from headgate.validate.check import Unreadable
from headgate.validate.checks.biome import CHECK
from tests.checking import problems, read

SAID = """{"summary":{},"diagnostics":[{"severity":"error","message":"Using == may be unsafe.",
"category":"lint/suspicious/noDoubleEquals","location":{"path":"bad.js","start":{"line":2,
"column":7},"end":{"line":2,"column":9}},"advices":[]},{"severity":"warning","message":
"Use const.",
"category":"lint/style/useConst","location":{"path":"bad.js","start":{"line":3,"column":1},"end":
{"line":3,"column":4}},"advices":[{"text":"Safe fix: Use const instead."}]},{"severity":"error",
"message":"Formatter would have printed the following content:","category":"format","location":
{"path":"bad.js","start":{"line":0,"column":0},"end":{"line":0,"column":0}},"advices":[]}]}"""


def test_lints_are_told_and_the_format_is_left_to_its_own_check() -> None:
    assert read(CHECK, SAID) == [
        (2, 7, "error", "lint/suspicious/noDoubleEquals"),
        (3, 1, "warning", "lint/style/useConst"),
    ]
    assert problems(CHECK, SAID)[1].fix == "Safe fix: Use const instead."


def test_files_that_the_configuration_leaves_out_have_no_problems() -> None:
    assert read(CHECK, "", "No files were processed in the specified paths.") == []


def test_a_mistake_of_the_configuration_says_nothing_of_the_code() -> None:
    said = '{"diagnostics":[{"severity":"fatal","message":"Biome exited","category":null}]}'
    with pytest.raises(Unreadable, match="Biome exited"):
        read(CHECK, said)
