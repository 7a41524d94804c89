"""What ESLint 10.15 printed is understood."""

from __future__ import annotations

from headgate.validate.checks.eslint import CHECK
from tests.checking import asked, read

SAID = """[{"filePath":"/box/bad.js","messages":[{"ruleId":"eqeqeq","severity":2,"message":
"Expected '===' and instead saw '=='.","line":2,"column":7,"messageId":"unexpected","endLine":2,
"endColumn":9},{"ruleId":"no-var","severity":1,"message":"No var.","line":2,"column":15},
{"ruleId":null,"fatal":true,"severity":2,"message":"Parsing error","line":4,"column":1}],
"suppressedMessages":[],"errorCount":2}]"""


def test_each_message_has_its_place_level_and_rule() -> None:
    assert read(CHECK, SAID) == [
        (2, 7, "error", "eqeqeq"),
        (2, 15, "warning", "no-var"),
        (4, 1, "error", "syntax"),
    ]


def test_only_a_project_that_configures_it_names_it() -> None:
    assert CHECK.named is not None
    assert CHECK.named({"web/eslint.config.mjs": b""})
    assert not CHECK.named(asked(package__json="{}").configs)
