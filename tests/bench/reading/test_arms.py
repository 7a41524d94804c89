"""Arms are read from names and files, and two that are one are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from headgate.bench.arm import SYSTEM
from headgate.bench.reading.arms import BadArms, Terms, of_models, read_arms

TWO = """
[[arm]]
name = "with the guide"
model = "claude-sonnet-5-5"
system_file = "guide.md"
[[arm]]
model = "claude-sonnet-5-5"
temperature = "model"
after = "Think first."
shots = [{ prompt = "a", answer = "b" }]
"""


def test_names_are_arms_that_are_asked_alike() -> None:
    one, two = of_models(["a", "b"], Terms(temperature=0.5))
    assert (one.name, one.temperature, one.system) == ("a", 0.5, SYSTEM)
    assert two.model == "b"


def test_a_file_names_prompts_that_lie_beside_it(tmp_path: Path) -> None:
    (tmp_path / "guide.md").write_text("Be kind.")
    (tmp_path / "arms.toml").write_text(TWO)
    one, two = read_arms(tmp_path / "arms.toml", Terms())
    assert (one.system, one.temperature) == ("Be kind.", 0.2)
    assert (two.name, two.temperature, two.shots[0].answer) == ("claude-sonnet-5-5", None, "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (TWO, "guide.md"),
        ("[[arm]]\nmodle = 'a'\n", "modle"),
        ("[[arm]]\nmodel = 'a'\n[[arm]]\nmodel = 'a'\n", "same name"),
        ("[[arm]]\nmodel = 'a'\n[[arm]]\nname = 'b'\nmodel = 'a'\n", "same model and prompt"),
        ("[[arm]]\nmodel = 'a'\ntemperature = 'hot'\n", "temperature"),
        ("arm = []", "no arm"),
        ("[[arm]]\nmodel = ' '\n", "no model"),
        ("[[arm]]\nmodel = 'a'\nname = \"b\\nx-evil: 1\"\n", "a name is a line"),
        (f"[[arm]]\nmodel = 'a'\nname = '{'b' * 301}'\n", "a name is a line"),
        ("[[arm]]\nmodel = 'a'\ntemperature = nan\n", "from 0 to 2"),
        ("[[arm]]\nmodel = 'a'\ntemperature = -0.1\n", "from 0 to 2"),
        ("[[arm]]\nmodel = 'a'\nsystem = 'b'\nsystem_file = 'arms.toml'\n", "two prompts"),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "arms.toml").write_text(text)
    with pytest.raises(BadArms, match=words):
        read_arms(tmp_path / "arms.toml", Terms())
