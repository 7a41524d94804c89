"""Every form of value: taken when right, refused with its remedy when wrong."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headgate.config.problem import Report
from headgate.config.setting import Form, Setting
from headgate.config.table import Table, variable_of


def read(
    value: object, form: Form, env: dict[str, str] | None = None, **limits: float
) -> object:
    """The value as read, or the words of the mistake."""
    report = Report("x", "")
    setting = Setting("it_s", form, "", choices=("yes", "no"), **limits)
    found = Table({"it_s": value}, "t", report, env or {}).read([setting])
    if report.problems:
        problem = report.problems[0]
        place = problem.path.removeprefix("t.it_s")
        return f"{place}{': ' if place else ''}{problem.what}; {problem.hint}"
    return found["it_s"]


@pytest.mark.parametrize(
    ("value", "form", "seen"),
    [
        ("text", "text", "text"),
        (3, "text", 'must be text, not a whole number; it_s = "…"'),
        (["a"], "texts", ["a"]),
        ([1], "texts", 'must be a list of texts, not a list; it_s = ["…"]'),
        (["a", " "], "texts",
         "holds an empty text, which names nothing; take it out, or name something"),
        (True, "flag", True),
        ("true", "flag", "must be true or false, not text; without quotes, in lower case"),
        (3, "whole", 3),
        (True, "whole", "must be a whole number, not true or false; a number of seconds"),
        (2.5, "whole", "must be a whole number, not a number; it_s = 2"),
        (2.5, "number", 2.5),
        ("30s", "number", "must be a number, not text; it_s = 30 (seconds)"),
        (float("nan"), "number", "must be a finite number; choose a large number instead"),
        ([1, 2.5], "numbers", [1, 2.5]),
        ([], "numbers", "must be a list of numbers; it_s = [1, 2, 4]"),
        ("yes", "choice", "yes"),
        ("yse", "choice", "is 'yse'; did you mean 'yes'?"),
        (7, "choice", 'is 7; choose "yes" or "no"'),
        (["no"], "choices", ["no"]),
        ("no", "choices", 'must be a list, not text; it_s = ["yes", "no"]'),
        (["yes", "on"], "choices", 'is \'on\'; choose "yes" or "no"'),
        ([[]], "choices", 'is []; choose "yes" or "no"'),
        ("2.50", "money", "2.50"),
        (2, "money", "2"),
        (1e-7, "money", "0.0000001"),
        ("dear", "money", 'is no amount of dollars; it_s = "2.50"'),
        (-1, "money", 'is no amount of dollars; it_s = "2.50"'),
        (["*"], "origins", ["*"]),
        ({"a": "b"}, "pairs", {"a": "b"}),
        ({"a": 1}, "pairs", ".a: must be text, not a whole number; "),
    ],
)  # fmt: skip
def test_a_value_is_taken_or_refused_with_its_remedy(
    value: object, form: Form, seen: object
) -> None:
    assert read(value, form) == seen


@given(st.floats(allow_nan=False), st.floats(0, 5), st.floats(5, 10))
def test_limits_hold_for_every_number(value: float, low: float, high: float) -> None:
    taken = isinstance(read(value, "number", low=low, high=high), float)
    assert taken == (low <= value <= high)


@given(st.text(min_size=1).filter(lambda text: not variable_of(text)))
def test_a_secret_in_the_file_is_refused_and_never_repeated(secret: str) -> None:
    seen = str(read(secret, "secret"))
    assert "does not belong in this file" in seen
    if len(secret) > 6 and not secret.replace("$", "").strip("{}").isupper():
        assert secret not in seen


@given(st.from_regex(r"[A-Z_][A-Z0-9_]{0,12}", fullmatch=True), st.text(min_size=1))
def test_a_secret_named_by_its_variable_is_read_from_the_environment(
    name: str, secret: str
) -> None:
    assert read(f"env:{name}", "secret", {name: secret}) == secret
    assert f"export {name}=" in str(read(f"env:{name}", "secret"))


def test_an_unknown_key_is_a_mistake_that_names_the_known_ones() -> None:
    report = Report("x", "")
    Table({"prot": 1}, "server", report, {}).read([Setting("port", "whole", "")])
    assert str(report.problems[0]) == (
        "  server.prot: unknown key 'prot'\n    hint: did you mean 'port'?"
    )
