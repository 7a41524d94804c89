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
    ABOUT_WORDS,
    ASKING,
    CASED,
    CASES,
    LANGUAGES,
    MEASURES,
    NEGATIONS,
    PARTICLES,
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

_PLAIN = ("code", "quotes", "references", "dates", "numbers", "symbols", "letters")
_CAUSES = {"quotes": "quote", "references": "reference", "dates": "date", "numbers": "number"}
_GENERAL = frozenset(("i", "you", "we", "one", "to"))
"""who does it makes no difference after how"""
_GREETINGS = frozenset((
    "hi", "hello", "hey", "dear", "please", "kindly", "so", "ok", "okay", "well", "and", "also",
    "thanks", "thank", "just",
))  # fmt: skip
_TELLING = ("tell", "explain", "show", "give", "let", "describe")
_WHAT = ("what", "which", "how", "why", "when", "where", "who", "whose")
_WONDERING = (
    "i want to know", "i need to know", "i wish to know",
    "i want to understand", "i want to learn", "i am wondering",
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
    ("how", "would"): ["how"],
    ("would", "like", "to"): ["want", "to"],
    ("a", "few"): ["several"],
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
    letter, name, negation, question, direction, person, relation, order or words"""


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
        language = one.language or other.language or "en"
        small = LANGUAGES[language]
        written = (word for text in self.facts for word in text.words)
        names = {_name(word, small) for word in written if _is_name(word, small)}
        self.sides = _Side(one, names, language), _Side(other, names, language)


class _Side:
    """The words of one text, sorted by what they are good for."""

    def __init__(self, facts: Facts, names: set[str], language: str) -> None:
        small = self.small = LANGUAGES[language]
        written = [(_name(word, small), word.low) for word in facts.words]
        self.names = [name for name, _ in written if name in names]
        self.asked = _asked(["\0" + name if name in names else low for name, low in written])
        self.is_german = language == "de"
        self.stem = stem if language == "en" else str
        self.is_about_words = not ABOUT_WORDS.isdisjoint(self.asked)
        self.all = {self.stem(word) for word in self.asked}
        self.content = [self.means(word) for word in self.asked if self.carries(word)]

    def carries(self, word: str) -> bool:
        """Is it a word whose meaning no other table knows."""
        if word[0] == "\0" or word in self.small or word in NEGATIONS or word in WHEN_WHERE:
            return False
        side = SIDES.get(word) or _STEMS.get(self.stem(word))
        return side is None or not side.strong

    def means(self, word: str) -> str:
        side = SIDES.get(word) or _STEMS.get(self.stem(word))
        if side is not None:
            return f"{side.axis} {side.sign}"
        if self.is_about_words:
            return word
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
            if word == "how" and measure in MEASURES:
                found.append(f"how {measure}")
        return found

    def polar(self) -> str:
        """By which verb a question begins that is answered with yes or no; empty: none."""
        return POLAR.get(self.asked[0], "") if self.asked else ""

    def cases(self) -> list[str]:
        return [word for word in self.asked if word in CASES] if self.is_german else []

    def axes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for at, word in enumerate(self.asked):
            side = SIDES.get(word) or _STEMS.get(self.stem(word))
            if side is None:
                continue
            sign = side.sign
            if side.axis == "only":
                sign += " ".join(self.asked[at + 1 : at + 2])
            if side.strong or sign not in found.get(side.axis, ()):
                found.setdefault(side.axis, []).append(sign)
        return found

    def persons(self) -> list[str]:
        """Who is spoken of, in order, each once."""
        found: dict[str, None] = {}
        for at, word in enumerate(self.asked):
            general = word in _GENERAL and "how" in self.asked[max(0, at - 2) : at]
            if word in PERSONS and not general:
                found[PERSONS[word]] = None
        return [*found]

    def relations(self) -> dict[str, set[str]]:
        """Before which words what stands."""
        found: dict[str, set[str]] = {}
        for at, word in enumerate(self.asked):
            if word in RELATIONS and (to := self.after(at)):
                found.setdefault(to, set()).add(RELATIONS[word])
            before = self.asked[at - 1] if at else ""
            if word in PARTICLES and before and self.carries(before):
                found.setdefault(f"{self.means(before)} …", set()).add(word)
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
    same = one.kinds() == other.kinds() and one.polar() == other.polar()
    return "" if same else "question"


def _direction(pair: _Pair) -> str:
    one, other = (side.axes() for side in pair.sides)
    for axis in one.keys() | other.keys():
        mine, theirs = one.get(axis, []), other.get(axis, [])
        if mine != theirs and (_STRONG[axis] or (mine and theirs)):
            return "direction"
    return ""


def _person(pair: _Pair) -> str:
    one, other = (side.persons() for side in pair.sides)
    return "person" if one and other and one != other else ""


def _relation(pair: _Pair) -> str:
    one, other = (side.relations() for side in pair.sides)
    apart = any(one[word].isdisjoint(other[word]) for word in one.keys() & other.keys())
    turned = pair.sides[0].cases() != pair.sides[1].cases()
    return "relation" if apart or turned else ""


def _wording(pair: _Pair) -> str:
    one, other = pair.sides
    mine, theirs = Counter(one.content), Counter(other.content)
    if mine == theirs:
        turned = "and" not in one.axes() and _is_turned_round(one.content, other.content)
        return "" if turned or one.content == other.content else "order"
    least = min(mine.total(), theirs.total())
    shared = (mine & theirs).total()
    anew = least >= FEW_WORDS and shared * 2 < least and one.frame() != other.frame()
    return "" if anew else "words"


def _is_turned_round(one: list[str], other: list[str]) -> bool:
    """Was the end put first, and nothing else: in x sort a list."""
    if len(one) < FEW_WORDS or len(set(one)) < len(one):
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


def _is_name(word: Word, small: frozenset[str]) -> bool:
    if word.is_shouted:
        return True
    return word.is_capital and not word.begins and word.low not in small


def _name(word: Word, small: frozenset[str]) -> str:
    """A name as it is compared: a capital counts where it alone makes the name."""
    keeps = word.low in CASED and word.is_capital and not word.begins
    return word.low.upper() if keeps or (word.is_shouted and word.low in small) else word.low


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
    return _untold(words)


def _untold(words: list[str]) -> list[str]:
    """Without `tell me` before what shall be told."""
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _TELLING and second in _WHAT:
        return words[1:]
    if first in ("tell", "help") and second in ("me", "us"):
        return words[2:]
    return [first, *words[2:]] if first in _TELLING and second in ("me", "us") else words


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
