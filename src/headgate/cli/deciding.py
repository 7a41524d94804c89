"""The words of `headgate decide`, and the question that is made of them.

Rule 1: the workload's words are those of `headgate cost`, and are read there.
Rule 2: every mistake is told at once, with its option and its remedy.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

from headgate.cli import Misuse
from headgate.cli.workload import Asked, asked, gathered
from headgate.money import amounts
from headgate.money.decision.mistake import Measured
from headgate.money.decision.pace import Budget, Times
from headgate.money.decision.question import Question
from headgate.money.decision.room import Prompt

PARTS = ("fixed", "longest", "chunk", "chunks", "turn", "turns", "document")
PACE = {"ttft": "ttft_slow_s", "whole": "whole_slow_s", "speed": "tokens_per_s"}


class Move(NamedTuple):
    """Moving from the model in use."""

    current: str
    hours: Fraction
    hourly_nusd: int


class Asking(NamedTuple):
    """Everything that was said."""

    workload: Asked
    question: Question
    move: Move | None


def read(
    typed: Mapping[str, Any],
    observed: Mapping[str, Any] | None = None,
    times: Mapping[str, Times] | None = None,
) -> Asking:
    """The question, or a Misuse that names every mistake. `times`: those of the ledger."""
    workload = asked(gathered(typed, observed))
    words = _Words(typed)
    prompt = Prompt(
        **{name: words.whole(f"need_{name}") for name in PARTS},
        output=words.whole("need_longest_output"),
    )
    budget = Budget(
        float(words.one("need_ttft", amounts.number) or 0),
        float(words.one("need_within", amounts.number) or 0),
        background=bool(typed.get("background")),
    )
    question = Question(
        workload.pattern,
        workload.offers,
        prompt,
        budget,
        wrong_nusd=words.one("need_wrong", amounts.nusd) or 0,
        least_right=words.one("need_least_right", amounts.part),
        extras=workload.extras,
        limits=workload.limits,
        tier=str(typed.get("tier") or ""),
        times={**(times or {}), **words.many("takes", _times)},
        right=words.many("right", _right),
    )
    for each, many in (("chunk", "chunks"), ("turn", "turns")):
        if getattr(prompt, many) and not getattr(prompt, each):
            words.wrong.append(f"--{many}: say how long one is: --{each} TOKENS")
    move = _move(words, typed, workload)
    words.check(workload)
    return Asking(workload, question, move)


def _move(words: _Words, typed: Mapping[str, Any], workload: Asked) -> Move | None:
    current = str(typed.get("need_current") or "")
    hours = words.one("need_hours", amounts.number)
    hourly = words.one("need_hourly", amounts.nusd)
    if not current:
        if hours or hourly:
            words.wrong.append("--hours, --hourly: name the model in use now: --current MODEL")
        return None
    if current not in (it.model for it in workload.offers):
        words.wrong.append(
            f"--current {current}: is not among the models; name it with --model {current} too"
        )
    return Move(current, hours or Fraction(0), hourly or 0)


class _Words:
    """Reads words, and remembers what was wrong with them."""

    def __init__(self, typed: Mapping[str, Any]) -> None:
        self.typed = typed
        self.wrong: list[str] = []
        self.named: set[str] = set()

    def one(self, name: str, reader: Callable[[str], Any]) -> Any:
        text = self.typed.get(name)
        if text in (None, ""):
            return None
        try:
            return reader(str(text))
        except ValueError as error:
            self.wrong.append(f"{_option(name)}: {error}")
            return None

    def whole(self, name: str) -> int:
        return int(self.one(name, amounts.number) or 0)

    def many(self, name: str, reader: Callable[[str], Any]) -> dict[str, Any]:
        """MODEL=FACT, each model once."""
        found: dict[str, Any] = {}
        for item in self.typed.get(name) or ():
            model, equals, fact = item.partition("=")
            try:
                if not equals or not model:
                    raise ValueError(f"{item!r} names no model: write MODEL={fact or '…'}")
                found[model] = reader(fact)
            except ValueError as error:
                self.wrong.append(f"--{name}: {error}")
        self.named |= found.keys()
        return found

    def check(self, workload: Asked) -> None:
        unknown = self.named - {it.model for it in workload.offers}
        self.wrong += [
            f"{name} is not among the models; name it with --model {name} too"
            for name in sorted(unknown)
        ]
        if self.wrong:
            raise Misuse(
                "\n       ".join(self.wrong), "headgate decide --help shows an example"
            )


def _option(name: str) -> str:
    word = name.removeprefix("need_").replace("_", "-")
    return "--budget-ttft" if word == "ttft" else f"--{word}"


def _right(text: str) -> Measured:
    right, slash, tasks = text.partition("/")
    if slash:
        count, of = amounts.number(right), amounts.number(tasks)
        if not 0 <= count <= of or not of:
            raise ValueError(f"{text!r}: no more can be right than there are: 471/500")
        return Measured(count / of, int(of))
    share = amounts.share(text)
    if not 0 <= share <= 1:
        raise ValueError(f"{text!r} is no share of answers; write 0.94, 94% or 471/500")
    return Measured(share)


def _times(text: str) -> Times:
    figures: dict[str, Any] = {}
    for part in text.split(","):
        name, colon, value = part.partition(":")
        if not colon or name.strip() not in PACE:
            raise ValueError(f"{part!r}: write ttft:0.6,whole:4,speed:80")
        figures[PACE[name.strip()]] = float(amounts.number(value))
    return Times()._replace(**figures)
