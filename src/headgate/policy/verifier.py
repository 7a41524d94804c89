"""Decides whether two questions are the same although their words differ.

Rule 1: when in doubt they are not: a wrong answer costs more than a call.
Rule 2: what decides must be equal, and in the same order: an exchange of two names or numbers
is another question.
Rule 3: where most words are the same and one is not, that one decides; only texts that are
worded anew may differ in their words.
Rule 4: the order of the two texts makes no difference, and a text is the same as itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from headgate.policy.facts import Facts, Word, read
from headgate.policy.lexicon import (
    ASKING,
    CASED,
    FUNCTION,
    NEGATIONS,
    PERSONS,
    POLAR,
    RELATIONS,
    SIDES,
    SYNONYMS,
    UN,
    WHEN_WHERE,
)

FEW_WORDS = 3
"""a text of fewer words that carry meaning is not worded anew when one of them changes"""

_PLAIN = ("code", "quotes", "references", "dates", "numbers", "symbols")
_CAUSES = {"quotes": "quote", "references": "reference", "dates": "date", "numbers": "number"}
_GENERAL = frozenset(("i", "you", "we", "one", "to"))
"""who does it makes no difference after how"""
_GREETINGS = frozenset((
    "hi", "hello", "hey", "dear", "please", "kindly", "so", "ok", "okay", "well", "and", "also",
    "thanks", "thank", "just",
))  # fmt: skip
_WONDERING = (
    "i want to know", "i would like to know", "i need to know", "i wish to know",
    "i want to understand", "i would like to understand", "i want to learn", "i am wondering",
    "i was wondering", "i wonder", "do you know", "does anyone know", "does anybody know",
    "do you have any idea", "any idea", "i am curious", "quick question",
    "i have a question about", "i would like you to", "i want you to", "i need you to",
)  # fmt: skip
_SAID_ELSEWISE = {
    ("how", "come"): ["why"],
    ("for", "what", "reason"): ["why"],
    ("at", "what", "time"): ["when"],
    ("what", "time"): ["when"],
    ("in", "what", "year"): ["when"],
    ("in", "which", "year"): ["when"],
    ("what", "year"): ["when"],
    ("on", "what", "date"): ["when"],
    ("what", "is", "the", "best", "way"): ["how"],
    ("what", "is", "the", "right", "way"): ["how"],
    ("what", "is", "the", "way"): ["how"],
    ("best", "way"): ["way"],
    ("as", "well", "as"): ["and"],
    ("prior", "to"): ["before"],
    ("going", "to"): ["will"],
    ("por", "qué"): ["why"],
    ("wie", "viel"): ["wieviel"],
    ("wie", "viele"): ["wieviel"],
}


class Verdict(NamedTuple):
    """Are two texts the same question."""

    same: bool
    why: str = ""
    """what differs first: language, script, code, quote, reference, date, number, symbol,
    name, negation, question, direction, person, relation, order or words"""


SAME = Verdict(True)


def verify(one: str, other: str) -> Verdict:
    """Is it the same question."""
    mine, theirs = facts(one), facts(other)
    return _first(mine, theirs, (*_FACTS, *_WORDING))


def agree(one: str, other: str) -> Verdict:
    """Do two texts state the same facts, whatever words surround them."""
    mine, theirs = facts(one), facts(other)
    return _first(mine, theirs, (*_FACTS, _negations))


@lru_cache(maxsize=64)
def facts(text: str) -> Facts:
    """As read() finds them; a question is compared with several candidates."""
    return read(text)


Check = Callable[["_Pair"], str]


def _first(one: Facts, other: Facts, checks: tuple[Check, ...]) -> Verdict:
    pair = _Pair(one, other)
    for check in checks:
        why = check(pair)
        if why:
            return Verdict(False, why)
    return SAME


class _Pair:
    """Two texts, read with each other in mind: a name of the one is a name in the other."""

    def __init__(self, one: Facts, other: Facts) -> None:
        self.facts = one, other
        names = {_name(word) for text in self.facts for word in text.words if _is_name(word)}
        self.sides = _Side(one, names), _Side(other, names)


class _Side:
    """The words of one text, sorted by what they are good for."""

    def __init__(self, facts: Facts, names: set[str]) -> None:
        words = facts.words
        self.names = [name for word in words if (name := _name(word)) in names]
        plain = ["\0" + _name(word) if _name(word) in names else word.low for word in words]
        self.asked = _asked(plain)
        self.stem = stem if facts.language in ("", "en") else str
        self.all = {self.stem(word) for word in self.asked}
        self.content = [self.means(word) for word in self.asked if self.carries(word)]

    def carries(self, word: str) -> bool:
        """Is it a word whose meaning no other table knows."""
        known = word in FUNCTION or word in NEGATIONS or word in SIDES or word in WHEN_WHERE
        return not known and self.stem(word) not in _STEMS and word[0] != "\0"

    def means(self, word: str) -> str:
        single = word.removesuffix("s")
        found = SYNONYMS.get(word) or SYNONYMS.get(single) or SYNONYMS.get(self.stem(word))
        return self.stem(found or word)

    def after(self, at: int) -> str:
        """The next word that carries meaning, or the next name."""
        for word in self.asked[at + 1 :]:
            if word[0] == "\0":
                return word
            if self.carries(word):
                return self.means(word)
        return ""

    def negated(self) -> list[str]:
        return [self.after(at) for at, word in enumerate(self.asked) if word in NEGATIONS]

    def kinds(self) -> list[str]:
        """What is asked for: a time, a place, a reason, a person, a measure."""
        found = [WHEN_WHERE[word] for word in self.asked if word in WHEN_WHERE]
        for at, word in enumerate(self.asked[:-1]):
            measure = self.asked[at + 1]
            if word == "how" and (measure in ("many", "much") or self.carries(measure)):
                found.append(f"how {measure}")
        return found

    def is_polar(self) -> bool:
        return bool(self.asked) and self.asked[0] in POLAR

    def axes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for word in self.asked:
            side = SIDES.get(word) or _STEMS.get(self.stem(word))
            if side is not None:
                found.setdefault(side.axis, []).append(side.sign)
        return found

    def persons(self) -> set[str]:
        found: set[str] = set()
        for at, word in enumerate(self.asked):
            general = word in _GENERAL and "how" in self.asked[max(0, at - 2) : at]
            if word in PERSONS and not general:
                found.add(PERSONS[word])
        return found

    def relations(self) -> dict[str, set[str]]:
        """Before which words what stands."""
        found: dict[str, set[str]] = {}
        for at, word in enumerate(self.asked):
            if word in RELATIONS and (to := self.after(at)):
                found.setdefault(to, set()).add(RELATIONS[word])
        return found

    def frame(self) -> list[str]:
        """The sentence with a gap for every word that carries meaning."""
        return ["_" if self.carries(word) else word for word in self.asked]


# ---- what may differ, in the order of asking


def _language(pair: _Pair) -> str:
    one, other = pair.facts
    told = one.language and other.language and one.language != other.language
    return "language" if told else ""


def _script(pair: _Pair) -> str:
    one, other = pair.facts
    return "script" if one.scripts != other.scripts else ""


def _plain(name: str) -> Check:
    def check(pair: _Pair) -> str:
        one, other = pair.facts
        same = getattr(one, name) == getattr(other, name)
        return "" if same else _CAUSES.get(name, name.rstrip("s"))

    return check


def _names(pair: _Pair) -> str:
    one, other = pair.sides
    return "name" if one.names != other.names else ""


def _negations(pair: _Pair) -> str:
    one, other = pair.sides
    mine, theirs = one.negated(), other.negated()
    if len(mine) != len(theirs):
        return "negation"
    for here, there, side in ((mine, theirs, other), (theirs, mine, one)):
        moved = set(here) - set(there)
        if moved & {*side.content, *(f"\0{name}" for name in side.names)}:
            return "negation"
    turned = _turned(one.all, other.all) or _turned(other.all, one.all)
    return "negation" if turned else ""


def _turned(here: set[str], there: set[str]) -> bool:
    """Does the one say unsafe where the other says safe."""
    for word in here - there:
        for turn in UN:
            rest = word.removeprefix(turn)
            if rest != word and len(rest) > 2 and rest in there:
                return True
    return False


def _question(pair: _Pair) -> str:
    one, other = pair.sides
    same = one.kinds() == other.kinds() and one.is_polar() == other.is_polar()
    return "" if same else "question"


def _direction(pair: _Pair) -> str:
    one, other = (side.axes() for side in pair.sides)
    for axis in one.keys() | other.keys():
        mine, theirs = one.get(axis, []), other.get(axis, [])
        if mine != theirs and (_STRONG[axis] or (mine and theirs and set(mine) != set(theirs))):
            return "direction"
    return ""


def _person(pair: _Pair) -> str:
    one, other = (side.persons() for side in pair.sides)
    return "person" if one and other and one.isdisjoint(other) else ""


def _relation(pair: _Pair) -> str:
    one, other = (side.relations() for side in pair.sides)
    apart = any(one[word].isdisjoint(other[word]) for word in one.keys() & other.keys())
    return "relation" if apart else ""


def _wording(pair: _Pair) -> str:
    one, other = pair.sides
    mine, theirs = Counter(one.content), Counter(other.content)
    if mine == theirs:
        return "" if _is_turned_round(one.content, other.content) else "order"
    least = min(mine.total(), theirs.total())
    shared = (mine & theirs).total()
    anew = least >= FEW_WORDS and shared * 2 < least and one.frame() != other.frame()
    return "" if anew else "words"


def _is_turned_round(one: list[str], other: list[str]) -> bool:
    """Is it the same order, or one whose end was put first: in x sort a list."""
    if one == other:
        return True
    if len(one) < FEW_WORDS:
        return False
    return any(one[at:] + one[:at] == other for at in range(1, len(one)))


_FACTS: tuple[Check, ...] = (
    _language,
    _script,
    *(_plain(name) for name in _PLAIN),
    _names,
)
_WORDING: tuple[Check, ...] = (
    _negations,
    _question,
    _direction,
    _person,
    _relation,
    _wording,
)


# ---- words


def stem(word: str) -> str:
    """What is left of an English word without its ending."""
    if len(word) <= 3 or word in _WHOLE or word.startswith("\0"):
        return word
    for ending, instead in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) > 2:
            left = word[: -len(ending)]
            if not any(letter in "aeiouy" for letter in left):
                return word
            if (
                ending in ("ing", "ings", "ed")
                and left[-1] == left[-2]
                and left[-1] not in "lsz"
            ):
                left = left[:-1]
            return (left + instead).removesuffix("e")
    return word.removesuffix("e")


_WHOLE = frozenset(("news", "always", "series", "species", "process"))
_ENDINGS = (
    ("ings", ""), ("ing", ""), ("ies", "y"), ("ied", "y"), ("sses", "ss"), ("xes", "x"),
    ("ches", "ch"), ("shes", "sh"), ("ss", "ss"), ("us", "us"), ("is", "is"), ("s", ""),
    ("ed", ""), ("ly", ""),
)  # fmt: skip
_STEMS = {stem(word): side for word, side in SIDES.items()}
_STRONG = {side.axis: side.strong for side in SIDES.values()}


def _is_name(word: Word) -> bool:
    if word.is_shouted:
        return True
    return word.is_capital and not word.begins and word.low not in FUNCTION


def _name(word: Word) -> str:
    """A name as it is compared: a capital counts where it alone makes the name."""
    keeps = word.low in CASED and word.is_capital and not word.begins
    return word.low.upper() if keeps or (word.is_shouted and word.low in FUNCTION) else word.low


def _asked(words: list[str]) -> list[str]:
    """The question without what is only polite around it."""
    words = _said_plainly(words)
    while words:
        shorter = _less_polite(words)
        if shorter == words:
            break
        words = shorter
    return [word for word in words if word not in ("please", "kindly", "thanks", "thank")]


def _less_polite(words: list[str]) -> list[str]:
    if words[0] in _GREETINGS and len(words) > 1:
        return words[1:]
    text = " ".join(words[:6]) + " "
    for opening in _WONDERING:
        if text.startswith(opening + " ") and len(words) > opening.count(" ") + 1:
            return words[opening.count(" ") + 1 :]
    if words[0] in ("can", "could", "would", "will") and words[1:2] == ["you"]:
        rest = [word for word in words[2:5] if word not in ("please", "kindly")]
        if rest and rest[0] in ASKING:
            return words[2:]
    if words[0] in ("tell", "explain", "show", "give", "let") and words[1:2] in (
        ["me"],
        ["us"],
    ):
        return words[2:] or words
    if words[0] == "help" and words[1:2] == ["me"]:
        return words[2:] or words
    return words


def _said_plainly(words: list[str]) -> list[str]:
    return list(_plainer(words))


def _plainer(words: list[str]) -> Iterator[str]:
    at = 0
    while at < len(words):
        for size in (5, 4, 3, 2):
            instead = _SAID_ELSEWISE.get(tuple(words[at : at + size]))
            if instead is not None:
                yield from instead
                at += size
                break
        else:
            yield words[at]
            at += 1
